package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/internal/served"
	"minisim/sim/cluster"
)

// known are the recorded commands whose output differs, and why. A command that
// does not differ any more must go from here.
var known = map[string]string{
	"006-api-versions":  "groups without a kind here: admissionregistration, apiregistration, certificates, events, flowcontrol, resource",
	"078-describe-pod":  "containers have IDs even when they run at once",
	"088-describe-node": "simulated machines have facts of their own",
}

// newer is what kubectl prints otherwise since v1.32, the client of the
// recording, whatever the server says.
var newer = []struct {
	commands string
	from, to string // in both outputs
	warns    string // before the rest of standard error
}{
	{commands: "002-version", from: "WARNING:", to: "Warning:"},
	{commands: "076-describe-deployment", from: "Port:  6379/TCP\n", to: "Port:  6379/TCP (redis)\n"},
	{commands: "076-describe-deployment", from: "Host Port:  0/TCP\n", to: "Host Port:  0/TCP (redis)\n"},
	{commands: "104-rollout-undo 106-rollout-undo-bad-revision 112-rollout-undo-paused", warns: "Warning: resource deployments/app was previously managed with 'kubectl apply'. " +
		"Rolling back will not update the kubectl.kubernetes.io/last-applied-configuration annotation, which may cause unexpected behavior on future 'kubectl apply' operations. " +
		"Consider using 'kubectl apply' with your previous configuration file instead.\n"},
	{commands: "162-create-deployment-dry-run", from: "      creationTimestamp: null\n"},
	{commands: "162-create-deployment-dry-run", from: "  creationTimestamp: null\n"},
	{commands: "178-delete-quota 264-delete-pod 266-delete-orphan 274-delete-foreground", from: " deleted\n", to: " deleted from shop namespace\n"},
	{commands: "204-autoscale", warns: "Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).\n"},
	{commands: "078-describe-pod 236-unschedulable", from: "ConfigMapOptional:  <nil>\n", to: "Optional:  false\n"},
	{commands: "252-exec-pending", from: "Error from server (BadRequest):", to: "error: unable to upgrade connection:"},
}

// today is what the recorded command prints with the client of these tests.
func (r record) today(name string) record {
	for _, n := range newer {
		if !slices.Contains(strings.Fields(n.commands), name) {
			continue
		}
		r.stderr = n.warns + r.stderr
		if n.from != "" {
			r.stdout, r.stderr = strings.ReplaceAll(r.stdout, n.from, n.to), strings.ReplaceAll(r.stderr, n.from, n.to)
		}
	}
	return r
}

// recorded is the folder of the session.
const recorded = "testdata/kubectl"

// recordedCluster has three workers whose pods run at once, as in the recorded session.
func recordedCluster() cluster.Config {
	c := cluster.Config{Seed: 1, Instant: true, Latency: &cluster.Latency{}}
	for i := range 3 {
		c.Workers = append(c.Workers, cluster.Worker{
			Name: fmt.Sprintf("worker-%d", i+1), CPU: resource.MustParse("4"), Memory: resource.MustParse("8Gi"),
		})
	}
	return c
}

// TestRecordedSession goes with kubectl through a session that was recorded on a
// real cluster (Kubernetes v1.36.3 with fake nodes), and compares exit codes and
// all that is printed.
func TestRecordedSession(t *testing.T) {
	w := serve(t, served.Config{Cluster: recordedCluster(), Speed: 20})
	w.kubectl("kubectl delete storageclass --all") // the recorded cluster had none
	files, err := filepath.Glob(recorded + "/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no session was recorded: ", err)
	}
	same := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := parseRecord(string(data)).today(name)
		for _, c := range want.before {
			w.kubectl(c)
		}
		got := w.kubectl(want.command)
		diff := difference(want.normal(), got.normal())
		why, differs := known[name]
		switch {
		case diff == "":
			same++
			if differs {
				t.Errorf("%s does not differ any more", name)
			}
		case differs:
			t.Logf("%s differs: %s", name, why)
		default:
			t.Errorf("%s\n$ %s\n%s", name, want.command, diff)
		}
	}
	t.Logf("%d of %d commands print the same as on the recorded cluster", same, len(files))
}

var sleeping = regexp.MustCompile(`^sleep (\d+)$`)

// kubectl runs a line of the session; a second of its sleep is a tenth here, as the cluster lives faster.
func (w *town) kubectl(line string) record {
	if m := sleeping.FindStringSubmatch(line); m != nil {
		line = "sleep 0." + m[1]
	}
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", "exec "+line)
	c.Dir = recorded
	c.Env = append(os.Environ(), w.variables()...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	c.Run() // its exit code is compared
	return record{command: line, code: fmt.Sprint(c.ProcessState.ExitCode()), stdout: stdout.String(), stderr: stderr.String()}
}
