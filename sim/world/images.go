package world

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/fnv"
	"strings"
	"time"

	"github.com/distribution/reference"
)

// Image is what the registry has under a name.
type Image struct {
	Name    string // as it is asked for; as Lookup gives it: with registry and tag
	Digest  string // "sha256:…" of its contents; Lookup fills it
	Bytes   int64  // compressed size, what a pull moves; 0: a plausible one is found
	Missing bool   // the registry does not have it
	Program Program
}

// Program is what a container of an image does, as far as the simulation goes:
// no process runs. The zero Program starts at once, is ready at once, runs for
// ever and ends promptly when it is asked to.
type Program struct {
	Start    time.Duration // from container start until it answers (probes succeed)
	Exits    bool          // it ends by itself …
	After    time.Duration // … this long after its start …
	ExitCode int32         // … with this code

	Stop  time.Duration // from SIGTERM until it has ended; 0: at once, a fraction of a second
	Stuck bool          // it does not listen to SIGTERM, only SIGKILL ends it

	CPU    int64 `json:",omitempty"` // what it uses all the time, in thousandths of a core; 0: a tenth of what its container requests
	Memory int64 `json:",omitempty"` // bytes; 0: half of what its container requests
}

// Shell says that the image's own command is a shell: with no terminal and no
// command of its own, a container of it ends at once.
func (p Program) Shell() bool { return p == shell }

var shell = Program{Exits: true}

// Registry is the image registry of the simulated world: every public image can
// be pulled, and what Set has put there.
type Registry struct {
	images   map[string]Image  // by normal name
	names    map[string]string // normal names of what was asked for
	private  []string          // prefixes of normal names under which only Set makes images
	programs map[string]Program
	apps     map[appImage]Program
	logs     map[appImage][]Line
}

// appImage is an image as one app uses it.
type appImage struct{ app, image string }

func newRegistry() *Registry {
	return &Registry{images: map[string]Image{}, names: map[string]string{}, programs: map[string]Program{}, apps: map[appImage]Program{}, logs: map[appImage][]Line{}}
}

// Normal is the full name of an image: with registry, folder and tag, as a
// container runtime knows it ("docker.io/library/redis:3.2-alpine"). A digest
// takes the place of a tag. It fails on what is no image name.
func Normal(image string) (string, error) {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return "", err
	}
	return reference.TagNameOnly(named).String(), nil
}

func (r *Registry) normal(image string) (string, error) {
	if n, ok := r.names[image]; ok {
		return n, nil
	}
	n, err := Normal(image)
	if err == nil {
		r.names[image] = n
	}
	return n, err
}

// Set puts an image into the registry or replaces it; with Missing it takes it
// out, so that a pull fails. A name that is none changes nothing.
func (r *Registry) Set(i Image) {
	if name, err := r.normal(i.Name); err == nil {
		r.images[name] = i
	}
}

// SetProgram says what containers of an image do, whatever else is known of it.
func (r *Registry) SetProgram(image string, p Program) {
	if name, err := r.normal(image); err == nil {
		r.programs[name] = p
	}
}

// SetProgramFor says what containers of an image do in the pods of one app (by
// their label app): two apps may share an image and use it in different ways.
func (r *Registry) SetProgramFor(app, image string, p Program) {
	if name, err := r.normal(image); err == nil {
		r.apps[appImage{app, name}] = p
	}
}

// Private makes a registry or a folder of one ("registry.example.com", "docker.io/shop")
// private: an image below it exists only if Set has put it there.
func (r *Registry) Private(prefix string) {
	r.private = append(r.private, strings.TrimSuffix(prefix, "/")+"/")
}

// Lookup is the image under a name, with its full name, digest, size and
// program; Missing when the registry does not have it. A name that cannot be
// one is missing too, and keeps its form.
func (r *Registry) Lookup(image string) Image {
	name, err := r.normal(image)
	if err != nil {
		return Image{Name: image, Missing: true}
	}
	i, set := r.images[name]
	if !set {
		i.Missing = r.isPrivate(name)
	}
	known := wellKnown(name)
	if !set {
		i.Program = known.program
	}
	if p, ok := r.programs[name]; ok {
		i.Program = p
	}
	if i.Bytes == 0 {
		i.Bytes = known.bytes
	}
	i.Name, i.Digest = name, digest(name)
	return i
}

// LookupFor is Lookup for a pod of an app.
func (r *Registry) LookupFor(app, image string) Image {
	i := r.Lookup(image)
	if p, ok := r.apps[appImage{app, i.Name}]; ok {
		i.Program = p
	}
	return i
}

func (r *Registry) isPrivate(name string) bool {
	host, _, _ := strings.Cut(name, "/")
	host, _, _ = strings.Cut(host, ":")
	if host == "localhost" || strings.HasSuffix(host, ".local") {
		return true
	}
	for _, p := range r.private {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// digest stands for the image's contents: the one that the name asks for, or one made from the name.
func digest(name string) string {
	if _, d, ok := strings.Cut(name, "@"); ok {
		return d
	}
	sum := sha256.Sum256([]byte(name))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// hashBytes is a size between 30 and 300 MB that depends on nothing but the name.
func hashBytes(name string) int64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return 30*megabyte + int64(h.Sum64()%(270*megabyte))
}
