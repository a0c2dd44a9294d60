package session

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"minisim/sim/api"
	"minisim/sim/apiserver/outside"
	"minisim/sim/scenario"
)

func record(t testing.TB, s *Session) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Record(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// replayed records a session and plays the recording.
func replayed(t *testing.T, s *Session) *Session {
	t.Helper()
	again, err := Replay(t.Context(), bytes.NewReader(record(t, s)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, again) })
	return again
}

// TestReplayEqualsTheRun records runs with typed verbs, at some step and at their
// end, and after they were wound back.
func TestReplayEqualsTheRun(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64, dice *rand.Rand) {
		s := open(t, "node-dies", seed)
		check := func(what string) {
			t.Helper()
			again := replayed(t, s)
			equal(t, what, stateOf(again), stateOf(s))
		}
		wander(t, s, dice, 5)
		check("midway")
		if err := s.Back(t.Context(), 30); err != nil {
			t.Fatal(err)
		}
		check("wound back")
		wander(t, s, dice, 2)
		finish(t, s)
		check("the end")
		_ = s.Type(t.Context(), "delete pod of web") // after the end it goes on
		finish(t, s)
		check("the second end")
	})
}

// TestReplayOfAServedRun has writes come through the API from outside, some of
// them after the run's end, on a cluster that lives at another date.
func TestReplayOfAServedRun(t *testing.T) {
	in := builtin(t, "hello", 1)
	in.Served, in.RootCA, in.Epoch = true, "the public half of a key", time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)
	s, err := Open(t.Context(), in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	for i, at := range []time.Duration{5 * time.Second, 6 * time.Second, 2 * time.Minute} {
		until(t, s, At(at))
		write := outside.Request{
			User: "kubernetes-admin", Groups: []string{"system:masters"}, Agent: "kubectl", Verb: api.VerbCreate, Version: "v1", Resource: "configmaps",
			Namespace: "default", ContentType: "application/json",
			Body: fmt.Appendf(nil, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"from-outside-%d"}}`, i),
		}
		q, err := write.Pack()
		if err != nil {
			t.Fatal(err)
		}
		reply := s.Cluster().Engine.Submit(q)
		s.Cluster().Engine.ServeAt(at)
		if r := <-reply; r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	until(t, s, At(3*time.Minute))
	if s.End() == nil {
		t.Fatal("the run has not ended")
	}
	o, err := s.Object(api.ByName("configmaps"), api.Key{Namespace: "default", Name: "from-outside-2"}, 0)
	if err != nil || !o.GetCreationTimestamp().Time.Equal(in.Epoch.Add(2*time.Minute)) {
		t.Fatalf("%v, %v", o, err)
	}
	again := replayed(t, s)
	equal(t, "the replay", stateOf(again), stateOf(s))
	if more, err := again.Step(); more || err != nil {
		t.Errorf("after the end of the recording: %v, %v", more, err)
	}
	want := stateOf(s)
	if err := s.Back(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	if err := s.To(t.Context(), want.Step); err != nil {
		t.Fatal(err)
	}
	equal(t, "back and forward", stateOf(s), want)
}

// TestReplayAtTheLastMoment has a verb come when the next work is due, and before it is done.
func TestReplayAtTheLastMoment(t *testing.T) {
	s := openServed(t, "hello", 1)
	if err := s.To(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	e := s.Cluster().Engine
	next, _ := e.Next()
	for ; next.Time == e.Now(); next, _ = e.Next() {
		if _, err := s.Step(); err != nil {
			t.Fatal(err)
		}
	}
	e.Idle(next.Time + time.Hour)
	if e.Now() != next.Time {
		t.Fatalf("the next work is due at %s, and the clock stands at %s", next.Time, e.Now())
	}
	if err := s.Type(t.Context(), "kill node worker-1"); err != nil {
		t.Fatal(err)
	}
	replayed(t, s)
}

// TestReplayOfARunInRealTime serves runs as one is served that keeps pace with real
// time: its clock idles between steps whenever somebody looks, and verbs come at any moment.
// Where the scenario pauses or asks, it stands for a while, and questions that are open are
// answered then or later, more than once perhaps, or never.
func TestReplayOfARunInRealTime(t *testing.T) {
	lessons, paused, answered := uint64(0), 0, 0
	eachSeed(t, func(t *testing.T, seed uint64, dice *rand.Rand) {
		s := openServed(t, []string{"node-dies", "lesson-scheduling"}[seed%2], seed)
		lessons += seed % 2
		for range 3000 {
			e := s.Cluster().Engine
			if dice.IntN(3) == 0 {
				e.Idle(e.Now() + time.Duration(dice.Int64N(1e10)))
			}
			switch verb := scenario.Typed(verbs[dice.IntN(len(verbs))]); dice.IntN(300) {
			case 0:
				_ = s.Type(t.Context(), verbs[dice.IntN(len(verbs))])
			case 1:
				e.Submit(verb) // comes before the next step
			case 2:
				e.Submit(verb)
				s.Serve(e.Now() + time.Duration(dice.Int64N(1e10)))
			}
			if s.Runner().Stopped() != nil {
				paused++
				e.Idle(e.Now() + time.Duration(dice.Int64N(1e10)))
			}
			if open := s.Runner().Open(); len(open) > 0 && dice.IntN(3) == 0 {
				q := open[dice.IntN(len(open))]
				text := fmt.Sprint(dice.IntN(4)) // a choice by its number, or free text
				if err := s.Answer(q.ID, text); err == nil {
					answered++
				}
			}
			if _, err := s.Step(); err != nil {
				t.Fatal(err)
			}
		}
		again := replayed(t, s)
		equal(t, "the replay", stateOf(again), stateOf(s))
		if !reflect.DeepEqual(again.Runner().Marks(), s.Runner().Marks()) {
			t.Errorf("the marks are %+v, and were %+v", again.Runner().Marks(), s.Runner().Marks())
		}
	})
	if lessons > 0 && (paused == 0 || answered == 0) {
		t.Errorf("%d pauses and %d answers show nothing", paused, answered)
	}
}

// TestReplayAfterIdling lets the clock of a served run stand, when a verb comes, where
// it would be settled if a step ended there. None does: the run goes on.
func TestReplayAfterIdling(t *testing.T) {
	s := openServed(t, "hello", 1)
	e := s.Cluster().Engine
	for next, _ := e.Next(); next.Time-e.Now()+e.Quiet() < scenario.Settled; next, _ = e.Next() {
		if _, err := s.Step(); err != nil {
			t.Fatal(err)
		}
	}
	e.Idle(e.Now() + scenario.Settled)
	if s.End() != nil || e.Quiet() < scenario.Settled {
		t.Fatalf("the run is quiet for %s, its end: %v", e.Quiet(), s.End())
	}
	if err := s.Type(t.Context(), "scale hello 4"); err != nil {
		t.Fatal(err)
	}
	replayed(t, s)
}

// TestRecordingHasTheProject replays a run that needs its folder, without the folder.
func TestRecordingHasTheProject(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	files := map[string]string{
		"web.env": "GREETING=${WHO}\n", "conf/site.conf": "listen 80\n", "app/Dockerfile": "FROM scratch\n", ".env": "TAG=1.27\n", "secret.txt": "not named",
		"compose.yaml": "services:\n  web:\n    image: nginx:${TAG}\n    env_file: web.env\n    volumes: [\"./conf:/etc/conf:ro\"]\n  app:\n    build: ./app\n",
	}
	for name, text := range files {
		full := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	in := Input{
		Name: "compose", Path: filepath.Join(dir, "compose.yaml"), Dir: dir, File: []byte(files["compose.yaml"]),
		Env: map[string]string{"WHO": "world", "PASSWORD": "hunter2"},
	}
	s, err := Open(t.Context(), in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	finish(t, s)
	data := record(t, s)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	rec, err := ReadRecording(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(rec.Env, rec.Project.Files); strings.Contains(text, "hunter2") || rec.Project.Files["secret.txt"] != nil {
		t.Errorf("the recording holds what the run does not need: %s", text)
	}
	again, err := Replay(t.Context(), bytes.NewReader(data), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, again)
	if err := again.Back(t.Context(), 10); err != nil { // the folder is there as long as the session
		t.Fatal(err)
	}
	finish(t, again)
	equal(t, "without the folder", stateOf(again), stateOf(s))
}

// TestDamagedRecordings changes and cuts a recording at every byte. Nothing
// panics, and what is read all the same is what was written.
func TestDamagedRecordings(t *testing.T) {
	s := open(t, "hello", 1)
	_ = s.Type(t.Context(), "wait 3s")
	if err := s.To(t.Context(), 50); err != nil {
		t.Fatal(err)
	}
	data := record(t, s)
	want, err := ReadRecording(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	damaged := 0
	try := func(what string, changed []byte) {
		rec, err := ReadRecording(bytes.NewReader(changed))
		switch {
		case err == nil && !reflect.DeepEqual(rec, want):
			t.Errorf("%s: it is read as something else", what)
		case errors.Is(err, ErrDamaged), errors.Is(err, ErrForeign), errors.Is(err, ErrNewer):
			damaged++
		case err != nil:
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range data {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			changed := bytes.Clone(data)
			changed[i] ^= flip
			try(fmt.Sprintf("byte %d xor %#x", i, flip), changed)
		}
		try(fmt.Sprintf("cut at %d", i), data[:i])
	}
	if damaged < len(data)*3 {
		t.Errorf("only %d of %d kinds of damage were found", damaged, len(data)*4)
	}
}

func TestRecordingsOfOthers(t *testing.T) {
	for text, want := range map[string]error{
		"": ErrForeign, "services:\n": ErrForeign, "minisim recording, format x\n": ErrForeign,
		"minisim recording, format 2\n":                    ErrNewer,
		"minisim recording, format 1\n":                    ErrDamaged,
		"minisim recording, format 1\n{\"a\":1}":           ErrDamaged,
		"minisim recording, format 99999999999999999999\n": ErrForeign,
	} {
		if _, err := ReadRecording(strings.NewReader(text)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

// TestMismatch replays a recording whose hash is another one.
func TestMismatch(t *testing.T) {
	s := open(t, "hello", 1)
	finish(t, s)
	rec, err := ReadRecording(bytes.NewReader(record(t, s)))
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Recording){
		"hash": func(r *Recording) { r.Hash = "0000000000000000" },
		"step": func(r *Recording) { r.Step++ },
	} {
		changed := *rec
		change(&changed)
		again, err := changed.Open(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var mismatch *MismatchError
		if err := changed.Verify(t.Context(), again); !errors.As(err, &mismatch) {
			t.Errorf("%s: %v, want a mismatch", what, err)
		}
		closed(t, again)
	}
}

// TestNobodyElsesSecrets: a variable whose name is a part of another word is not recorded.
func TestNobodyElsesSecrets(t *testing.T) {
	rec := &Recording{File: "image: a:${TAG}\nenvironment: [MY_TOKEN=1, $USER_2]\n"}
	named := rec.named(map[string]string{"TAG": "1", "TOKEN": "secret", "USER": "me", "USER_2": "x", "": "", "_": "/bin/minisim"})
	if !reflect.DeepEqual(named, map[string]string{"TAG": "1", "USER_2": "x"}) {
		t.Errorf("recorded %v", named)
	}
}
