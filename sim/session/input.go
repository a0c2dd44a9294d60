package session

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"time"

	"minisim/internal/source"
	"minisim/sim/cluster"
	"minisim/sim/scenario"
)

// Input is all that a run depends on, but for what comes from outside while it runs.
type Input struct {
	Name     string            // the scenario's name: the file's without its ending
	Path     string            // the file as the user named it; it stands in every place that is told
	File     []byte            // the compose file, whole
	Dir      string            // the project's folder, for env_file and bind mounts; "" when there is none
	Env      map[string]string // for ${VARIABLES} of the compose file
	Seed     *uint64           // nil: the file's own
	Profiles []string          // the compose file's active profiles
	NoBuild  bool              // images of `build:` are not built

	Scheduler []byte    // a KubeSchedulerConfiguration in place of the file's own; nil: none
	RootCA    string    // the certificate, PEM, of the authority behind the API server's; "": nobody serves it
	Epoch     time.Time // the date at which virtual time begins; zero: engine.Epoch
	Served    bool      // others may come from outside: the run goes on after its end, and Step never says that it is over
}

func (in Input) clone() Input {
	in.File, in.Env, in.Profiles = bytes.Clone(in.File), maps.Clone(in.Env), slices.Clone(in.Profiles)
	in.Scheduler = bytes.Clone(in.Scheduler)
	if in.Seed != nil {
		in.Seed = new(*in.Seed)
	}
	return in
}

// Parse reads the file, and gives the options with which a scenario is made of it.
func (in Input) Parse() (*source.File, scenario.Options, error) {
	path := in.Path
	if path == "" {
		path = in.Name + ".yaml"
	}
	f, err := source.Parse(path, in.File)
	return f, scenario.Options{Env: in.Env, Dir: in.Dir, Profiles: in.Profiles, NoBuild: in.NoBuild}, err
}

// Load reads the scenario, and settles what its cluster depends on. Each play
// needs its own: one that has been played has its cluster in its conditions.
// Errors in the file are source.Diagnostics.
func (in Input) Load() (*scenario.Scenario, error) {
	f, opts, err := in.Parse()
	if err != nil {
		return nil, err
	}
	sc, err := scenario.Load(in.Name, f, opts)
	if err != nil {
		return nil, err
	}
	if in.Seed != nil {
		sc.Seed = *in.Seed
	}
	if in.Scheduler != nil {
		options, faults := cluster.ParseScheduler(in.Scheduler)
		if err := errors.Join(faults...); err != nil {
			return nil, err
		}
		sc.Cluster.Scheduler = options
	}
	sc.Cluster.Seed, sc.Cluster.Epoch, sc.Cluster.Input = sc.Seed, in.Epoch, append(sc.Input(), in.Scheduler...)
	sc.Cluster.RootCA = in.RootCA
	return sc, nil
}

// errProjectChanged says that the same file does not mean the same any more.
var errProjectChanged = errors.New("the files of the project's folder (env_file, configs, secrets, bind mounts) are not what they were when the run began")

// again loads the scenario once more, for a replay. It must mean what it meant before.
func (in Input) again(resolved string) (*scenario.Scenario, error) {
	sc, err := in.Load()
	if err != nil {
		return nil, errors.Join(errProjectChanged, err)
	}
	if digest(sc) != resolved {
		return nil, errProjectChanged
	}
	return sc, nil
}

// digest stands for what a run is asked to do.
func digest(sc *scenario.Scenario) string {
	sum := sha256.Sum256(sc.Cluster.Input)
	return hex.EncodeToString(sum[:])
}
