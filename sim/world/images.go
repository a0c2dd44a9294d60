package world

import "time"

// Image is what the registry has under a name.
type Image struct {
	Name    string // as it is asked for
	Bytes   int64  // compressed size, what a pull moves
	Missing bool   // the registry does not have it
	Program Program
}

// Program is what a container of an image does, as far as the simulation goes:
// no process runs. The zero Program starts at once, is ready at once and runs for ever.
type Program struct {
	Start    time.Duration // from container start until it answers (probes succeed)
	Exits    bool          // it ends by itself …
	After    time.Duration // … this long after its start …
	ExitCode int32         // … with this code
}

// Registry is the image registry of the simulated world.
type Registry struct {
	images map[string]Image
}

func newRegistry() *Registry { return &Registry{images: map[string]Image{}} }

// Set puts an image into the registry or replaces it.
func (r *Registry) Set(i Image) { r.images[i.Name] = i }
