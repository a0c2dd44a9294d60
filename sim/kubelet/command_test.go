package kubelet

import (
	"reflect"
	"testing"
	"time"
)

func TestParseCommand(t *testing.T) {
	sleep := func(d time.Duration) instruction { return instruction{kind: doSleep, d: d} }
	after := func(j junction, in instruction) instruction { in.after = j; return in }
	await := func(d time.Duration, name string) instruction { return instruction{kind: doResolve, d: d, name: name} }
	loop := func(in instruction, says ...string) instruction { in.says = says; return in }
	echo := func(says ...string) instruction { return instruction{says: says} }
	s := time.Second
	for _, c := range []struct {
		argv []string
		want []instruction // nil: not simulated
	}{
		{[]string{"sleep", "5"}, []instruction{sleep(5 * s)}},
		{[]string{"/bin/sleep", "1m", "0.5"}, []instruction{sleep(time.Minute + 500*time.Millisecond)}},
		{[]string{"sleep", "infinity"}, []instruction{sleep(-1)}},
		{[]string{"sleep"}, nil},
		{[]string{"sleep", "$TIME"}, nil},
		{[]string{"true"}, []instruction{{}}},
		{[]string{"false"}, []instruction{{kind: doFail}}},
		{[]string{"sh", "-c", "exit 3"}, []instruction{{kind: doExit, code: 3}}},
		{[]string{"/bin/bash", "-ec", "echo \"hello; there\" && sleep 2"}, []instruction{echo("hello; there"), after(ifGood, sleep(2*s))}},
		{[]string{"sh", "-c", "sleep 1; false || sleep 2\nexit"}, []instruction{sleep(s), {kind: doFail}, after(ifBad, sleep(2*s)), {kind: doExit}}},
		{[]string{"sh", "-c", "until nslookup redis; do echo waiting for redis; sleep 2; done"}, []instruction{loop(await(2*s, "redis"), "waiting for redis")}},
		{[]string{"sh", "-c", "until nslookup redis >/dev/null 2>&1\ndo\n  sleep 1\ndone\necho up"}, []instruction{await(s, "redis"), echo("up")}},
		{[]string{"sh", "-c", "until nslookup a; do sleep 2; done; until nslookup b; do sleep 3; done"}, []instruction{await(2*s, "a"), await(3*s, "b")}},
		{[]string{"sh", "-c", "until nslookup myservice.$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace).svc.cluster.local; do echo waiting for myservice; sleep 2; done"},
			[]instruction{loop(await(2*s, "myservice.shop.svc.cluster.local"), "waiting for myservice")}},
		{[]string{"kubectl", "wait", "--for=condition=complete", "job/migrate"}, []instruction{{kind: doAwait, d: 30 * s, name: "migrate"}}},
		{[]string{"kubectl", "wait", "--for", "condition=Complete", "-n", "x", "--timeout=-1s", "job.batch/m"}, []instruction{{kind: doAwait, d: -s, name: "m", space: "x"}}},
		{[]string{"echo", "-e", `a\nb`, "c"}, []instruction{echo("a", "b c")}},
		{[]string{"echo"}, []instruction{echo("")}},
		{[]string{"printf", `up\n`}, []instruction{echo("up")}},
		{[]string{"printf", "%s", "x"}, []instruction{{}}},
		{[]string{"echo", "$(GREETING)"}, []instruction{{}}},
		{[]string{"sh", "-c", "echo a >&2; echo b 2>/dev/null; echo c > /tmp/c; echo d >>/tmp/d"}, []instruction{echo("a"), echo("b"), {}, {}}},
		{[]string{"kubectl", "get", "pods"}, nil},
		{[]string{"kubectl", "wait", "--for=condition=ready", "job/m"}, nil},
		{[]string{"sh", "-c", "while true; do date; sleep 5; done"}, nil},
		{[]string{"sh", "-c", "sleep 5 && node server.js"}, nil},
		{[]string{"sh", "-c", "sleep 5 | cat"}, nil},
		{[]string{"sh", "-c", "sleep `cat x`"}, nil},
		{[]string{"sh", "-c", ""}, nil},
		{[]string{"sh"}, nil},
		{[]string{"redis-server", "--appendonly", "yes"}, nil},
		{nil, nil},
	} {
		got, ok := parseCommand(c.argv, "shop")
		if !ok {
			got = nil
		}
		if ok != (c.want != nil) || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %+v, want %+v", c.argv, got, c.want)
		}
	}
}

func FuzzParseCommandNeverPanics(f *testing.F) {
	f.Add("until nslookup x; do sleep 2; done && exit 1")
	f.Add("sleep '")
	f.Add(">")
	f.Fuzz(func(t *testing.T, text string) {
		parseCommand([]string{"sh", "-c", text}, "default")
		parseCommand([]string{"kubectl", "wait", text}, "default")
	})
}
