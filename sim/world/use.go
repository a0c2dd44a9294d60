package world

// Use is what a container or a machine uses, or may use.
type Use struct {
	CPU    int64 // in thousandths of a core
	Memory int64 // in bytes
}

// What is used where nothing is said about it.
const (
	idleShare  = 10       // an idle container uses this part of the CPU that it requests …
	keptShare  = 2        // … and this part of the memory,
	idleCPU    = 1        // or, without a request, one thousandth of a core
	idleMemory = 16 << 20 // and 16 MiB
)

// Idle is what a machine's own programs use: its operating system, its kubelet, its container runtime.
var Idle = Use{CPU: 50, Memory: 400 << 20}

// Consumer is a container that runs, as far as what it uses goes.
type Consumer struct {
	App, Image     string
	Works          bool // it takes its share of the app's load: it is its pod's first container, answers and is not about to end
	Request, Limit Use  // 0: none
}

// Load is the work that comes in for each app, in thousandths of a core. All
// containers of the app that work share it evenly, as behind a Service.
type Load struct{ byApp map[string]int64 }

// Set changes how much work comes in for an app from now on.
func (l *Load) Set(app string, cpu int64) { l.byApp[app] = cpu }

// Uses is what the consumers on each of the cluster's machines use at present,
// in their order. cpu is what each machine has; where more is wanted, all on
// it get by with less.
func (w *World) Uses(machines [][]Consumer, cpu []int64) [][]Use {
	working := map[string]int64{}
	for _, consumers := range machines {
		for _, c := range consumers {
			if c.Works {
				working[c.App]++
			}
		}
	}
	out := make([][]Use, len(machines))
	for i, consumers := range machines {
		left, sum := max(cpu[i]-Idle.CPU, 0), int64(0)
		out[i] = make([]Use, len(consumers))
		for j, c := range consumers {
			out[i][j] = w.use(c, working[c.App])
			sum += out[i][j].CPU
		}
		for j := range out[i] {
			if sum > left {
				out[i][j].CPU = out[i][j].CPU * left / sum
			}
		}
	}
	return out
}

// use is what a container wants when so many work for its app.
func (w *World) use(c Consumer, working int64) Use {
	p := w.Images.LookupFor(c.App, c.Image).Program
	u := Use{CPU: p.CPU, Memory: p.Memory}
	if u.CPU == 0 {
		u.CPU = max(c.Request.CPU/idleShare, idleCPU)
	}
	if u.Memory == 0 {
		u.Memory = c.Request.Memory / keptShare
	}
	if u.Memory == 0 {
		u.Memory = idleMemory
	}
	if c.Works {
		u.CPU += w.Load.byApp[c.App] / working
	}
	if c.Limit.CPU > 0 {
		u.CPU = min(u.CPU, c.Limit.CPU)
	}
	if c.Limit.Memory > 0 {
		u.Memory = min(u.Memory, c.Limit.Memory)
	}
	return u
}
