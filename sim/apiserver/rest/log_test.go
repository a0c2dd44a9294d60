package rest_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"minisim/sim/engine"
)

const pods = "/api/v1/namespaces/default/pods"

// eventually waits until the log at a path has a text.
func (w *town) eventually(path, text string) {
	w.Helper()
	var body string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, body, _ = w.ask("GET", path, "secret", ""); strings.Contains(body, text) {
			return
		}
	}
	w.Fatalf("%s never has %q but %s", path, text, body)
}

// TestLog reads the logs of pods in all ways that there are.
func TestLog(t *testing.T) {
	w := build(t, config(), 10)
	for _, body := range []string{
		`{"metadata":{"name":"two"},"spec":{"containers":[{"name":"a","image":"nginx"},{"name":"b","image":"redis"}]}}`,
		`{"metadata":{"name":"held"},"spec":{"schedulingGates":[{"name":"x.io/hold"}],"containers":[{"name":"a","image":"nginx"}]}}`,
		`{"metadata":{"name":"astray"},"spec":{"nodeName":"nowhere","containers":[{"name":"a","image":"nginx"}]}}`,
		`{"metadata":{"name":"task"},"spec":{"restartPolicy":"Never","initContainers":[{"name":"first","image":"busybox","command":["echo","ready","steady"]}],
			"containers":[{"name":"a","image":"busybox","command":["sh","-c","echo one; sleep 5; echo two; sleep 5; echo three; exit 4"]}]}}`,
	} {
		if code, answer, _ := w.ask("POST", pods, "secret", body); code != http.StatusCreated {
			t.Fatal(code, answer)
		}
	}
	w.eventually(pods+"/task/log", "has ended with exit code 4")
	w.eventually(pods+"/two/log?container=a", "minisim: answers")
	w.pause()
	const all = "minisim: runs busybox\nminisim: its command is simulated: sh -c 'echo one; sleep 5; echo two; sleep 5; echo three; exit 4'\n" +
		"one\ntwo\nthree\nminisim: has ended with exit code 4\n"
	var epoch time.Time
	w.visit(func(e *engine.Engine) { epoch = e.Clock().Add(-e.Now()) })
	_, stamped, _ := w.ask("GET", pods+"/task/log?timestamps=true&tailLines=1", "secret", "")
	stamp, _, _ := strings.Cut(stamped, " ")
	ended, err := time.Parse("2006-01-02T15:04:05.000000000Z", stamp)
	if err != nil || ended.Sub(epoch) < 15*time.Second || ended.Sub(epoch) > time.Hour {
		t.Errorf("the time of a line is %q after %s: %v", stamp, epoch, err)
	}
	since := func(ago time.Duration) string { return "?sinceTime=" + ended.Add(-ago).Format(time.RFC3339Nano) }
	for query, want := range map[string]struct {
		code int
		says string
	}{
		"/task/log":                                         {200, all},
		"/task/log?follow=true":                             {200, all},
		"/task/log?container=first":                         {200, "minisim: runs busybox\nminisim: its command is simulated: echo ready steady\nready steady\nminisim: has ended (exit code 0)\n"},
		"/task/log?tailLines=2":                             {200, "three\nminisim: has ended with exit code 4\n"},
		"/task/log?tailLines=0":                             {200, ""},
		"/task/log?tailLines=99":                            {200, all},
		"/task/log?limitBytes=30":                           {200, all[:30]},
		"/task/log" + since(6*time.Second):                  {200, "two\nthree\nminisim: has ended with exit code 4\n"},
		"/task/log" + since(6*time.Second) + "&tailLines=2": {200, "three\nminisim: has ended with exit code 4\n"},
		"/task/log" + since(-time.Second):                   {200, ""},
		"/task/log?sinceSeconds=999999999999":               {200, all},
		"/task/log?previous=true":                           {400, `previous terminated container \"a\" in pod \"task\" not found`},
		"/task/log?sinceTime=noon":                          {400, `cannot parse \"noon\"`},
		"/task/log?sinceSeconds=0":                          {422, "sinceSeconds: Invalid value: 0: must be greater than 0"},
		"/task/log?limitBytes=0":                            {422, "limitBytes: Invalid value: 0: must be greater than 0"},
		"/task/log?sinceSeconds=5&sinceTime=" + stamp:       {422, "at most one of `sinceTime` or `sinceSeconds` may be specified"},
		"/task/log?tailLines=x":                             {400, `strconv.ParseInt: parsing \"x\": invalid syntax`},
		"/two/log":                                          {400, "a container name must be specified for pod two, choose one of: [a b]"},
		"/two/log?container=b":                              {200, "minisim: runs redis\nminisim: answers\n"},
		"/two/log?container=c":                              {400, "container c is not valid for pod two"},
		"/held/log":                                         {204, ""},
		"/held/log?follow=true":                             {204, ""},
		"/astray/log":                                       {404, `nodes \"nowhere\" not found`},
		"/none/log":                                         {404, `pods \"none\" not found`},
	} {
		code, body, head := w.ask("GET", pods+query, "secret", "")
		if code != want.code || code == 200 && body != want.says || !strings.Contains(body, want.says) {
			t.Errorf("%s: %d %s", query, code, body)
		}
		if form := head.Get("Content-Type"); code == 200 && form != "text/plain" {
			t.Errorf("%s: a log is %s", query, form)
		}
	}
	if code, body, _ := w.ask("GET", pods+"/task/log", "weak", ""); code != 403 || !strings.Contains(body, `cannot get resource \"pods/log\"`) {
		t.Errorf("of somebody without rights: %d %s", code, body)
	}
}

// TestLogOfADeadNode asks for logs that nobody can give, and for one that ends because of that.
func TestLogOfADeadNode(t *testing.T) {
	w := build(t, config(), 10)
	pod := `{"metadata":{"name":"web"},"spec":{"nodeName":"worker-2","containers":[{"name":"c","image":"nginx"}]}}`
	if code, answer, _ := w.ask("POST", pods, "secret", pod); code != http.StatusCreated {
		t.Fatal(code, answer)
	}
	w.eventually(pods+"/web/log", "minisim: answers")
	lines, ended := w.follow(pods + "/web/log?follow=true&tailLines=1")
	if line := <-lines; line != "minisim: answers" {
		t.Errorf("the last line is %q", line)
	}
	w.visit(func(*engine.Engine) {
		if err := w.cluster.Kill("worker-2"); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the log of a machine without power goes on")
	}
	code, body, _ := w.ask("GET", pods+"/web/log?container=c&tailLines=5", "secret", "")
	if want := `"message":"Get \"https://10.0.0.11:10250/containerLogs/default/web/c?tailLines=5\": dial tcp 10.0.0.11:10250: connect: no route to host","code":500}`; code != 500 || !strings.Contains(body, want) {
		t.Errorf("%d %s", code, body)
	}
}

// follow reads the lines of a log as they come; ended is closed when no more will.
func (w *town) follow(path string) (lines <-chan string, ended <-chan struct{}) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), "GET", "https://"+w.server.Address()+path, nil)
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer secret")
	client := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	answer, err := client.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		w.Fatal(err, answer)
	}
	out, done := make(chan string, 1000), make(chan struct{})
	go func() {
		defer close(done)
		defer client.CloseIdleConnections()
		defer answer.Body.Close()
		for text := bufio.NewScanner(answer.Body); text.Scan(); {
			out <- text.Text()
		}
	}()
	return out, done
}

// TestFollowedLogs follows a log from its beginning to its end, while time stands
// still and goes on, and one that the end of the server cuts off.
func TestFollowedLogs(t *testing.T) {
	w := build(t, config(), 10)
	script := "until nslookup late; do echo waiting; sleep 2; done; echo up; sleep 3; exit 0"
	for name, image := range map[string]string{"task": "busybox", "web": "nginx"} {
		command := ""
		if name == "task" {
			command = `,"command":["sh","-c","` + script + `"]`
		}
		body := fmt.Sprintf(`{"metadata":{"name":%q},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":%q%s}]}}`, name, image, command)
		if code, answer, _ := w.ask("POST", pods, "secret", body); code != http.StatusCreated {
			t.Fatal(code, answer)
		}
	}
	w.eventually(pods+"/task/log", "waiting")
	w.eventually(pods+"/web/log", "answers")
	lines, ended := w.follow(pods + "/task/log?follow=true")
	_, cut := w.follow(pods + "/web/log?follow=true")
	w.pause()
	var before, after uint64
	w.visit(func(e *engine.Engine) { before = e.Steps() })
	time.Sleep(3 * 100 * time.Millisecond) // some looks
	w.visit(func(e *engine.Engine) { after = e.Steps() })
	if before != after {
		t.Errorf("who reads has the simulation do %d steps", after-before)
	}
	w.served.Resume()
	if code, answer, _ := w.ask("POST", "/api/v1/namespaces/default/services", "secret", `{"metadata":{"name":"late"},"spec":{"ports":[{"port":80}]}}`); code != http.StatusCreated {
		t.Fatal(code, answer)
	}
	var got []string
	for open := true; open; {
		select {
		case line := <-lines:
			got = append(got, line)
		case <-ended:
			open = false
		case <-time.After(20 * time.Second):
			t.Fatalf("it does not end after %q", got)
		}
	}
	for len(lines) > 0 {
		got = append(got, <-lines)
	}
	if last := strings.Join(got[max(len(got)-3, 0):], "\n"); !strings.HasPrefix(last, "minisim: late resolves now, to 10.") || !strings.HasSuffix(last, "\nup\nminisim: has ended (exit code 0)") {
		t.Errorf("the end is %q", got)
	}
	_, whole, _ := w.ask("GET", pods+"/task/log", "secret", "")
	if strings.Join(got, "\n")+"\n" != whole {
		t.Errorf("followed:\n%s\nread:\n%s", strings.Join(got, "\n"), whole)
	}
	select {
	case <-cut:
		t.Error("a log ends while its container runs")
	default:
	}
	w.end()
	select {
	case <-cut:
	case <-time.After(10 * time.Second):
		t.Error("a log goes on after the end of the server")
	}
}
