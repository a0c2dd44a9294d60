package e2e

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"minisim/internal/served"
)

var crowdFor = flag.Duration("crowd", 5*time.Second, "how long the crowd's writers write")

// own is a client with a connection of its own, as if it were a program of its own.
func (w *town) own(change ...func(*rest.Config)) *kubernetes.Clientset {
	w.Helper()
	c := w.config()
	c.ContentType = runtime.ContentTypeProtobuf
	c.Dial = (&net.Dialer{}).DialContext // clients share a connection only if they have the same
	for _, f := range change {
		f(c)
	}
	set, err := kubernetes.NewForConfig(c)
	if err != nil {
		w.Fatal(err)
	}
	return set
}

// heard is one event of a watch.
type heard struct {
	kind    watch.EventType
	name    string
	version uint64
	late    time.Duration // since the write began
}

// listener is a watcher and what it has heard.
type listener struct {
	log  []heard
	hash uint64 // over all of it but the times
}

// The crowd's objects bear a label; the last of them says that all is over.
const (
	crowdLabel = "by"
	crowdEnd   = "the-end"
	sentAt     = "sent"
)

// listen hears all that happens to the crowd's objects until the end.
func (l *listener) listen(events watch.Interface) error {
	defer events.Stop()
	sum := fnv.New64a()
	for ev := range events.ResultChan() {
		m, ok := ev.Object.(*corev1.ConfigMap)
		if !ok {
			return fmt.Errorf("after %d events: %v", len(l.log), ev.Object)
		}
		if m.Name == crowdEnd {
			l.hash = sum.Sum64()
			return nil
		}
		h := heard{kind: ev.Type, name: m.Name}
		if _, err := fmt.Sscan(m.ResourceVersion, &h.version); err != nil {
			return err
		}
		if n := len(l.log); n > 0 && l.log[n-1].version >= h.version {
			return fmt.Errorf("heard %v after %v", h, l.log[n-1])
		}
		fmt.Fprintln(sum, h.kind, h.name, h.version)
		if sent, err := time.Parse(time.RFC3339Nano, m.Data[sentAt]); err == nil && ev.Type != watch.Deleted {
			h.late = time.Since(sent)
		}
		l.log = append(l.log, h)
	}
	return fmt.Errorf("the watch ended after %d events", len(l.log))
}

// scribe writes objects of its own, one after the other: each is created, changed twice and deleted.
type scribe struct {
	names    []string
	versions map[string][]string // of each object, as the server has answered
}

func (s *scribe) write(ctx context.Context, c *kubernetes.Clientset, number int, until time.Time) error {
	s.versions = map[string][]string{}
	maps := c.CoreV1().ConfigMaps("default")
	for i := 0; time.Now().Before(until); i++ {
		name := fmt.Sprintf("object-%d-%d", number, i)
		s.names = append(s.names, name)
		m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{crowdLabel: "crowd"}}}
		for version := range 3 {
			m.Data = map[string]string{"version": fmt.Sprint(version), sentAt: time.Now().Format(time.RFC3339Nano)}
			var err error
			if version == 0 {
				m, err = maps.Create(ctx, m, metav1.CreateOptions{})
			} else {
				m, err = maps.Update(ctx, m, metav1.UpdateOptions{})
			}
			if err != nil {
				return err
			}
			s.versions[name] = append(s.versions[name], m.ResourceVersion)
		}
		if err := maps.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// TestCrowd has 200 watchers look on while 50 writers write: each watcher hears
// of everything once and in order, which is the order of the writers' answers.
func TestCrowd(t *testing.T) {
	const watchers, writers = 200, 50
	w := serve(t, served.Config{Cluster: recordedCluster(), Speed: 1})
	ctx := t.Context()
	var listening, writing sync.WaitGroup
	listeners, scribes := make([]listener, watchers), make([]scribe, writers)
	for i := range listeners {
		events, err := w.own().CoreV1().ConfigMaps("default").Watch(ctx, metav1.ListOptions{LabelSelector: crowdLabel + "=crowd"})
		if err != nil {
			t.Fatal(err)
		}
		listening.Go(func() {
			if err := listeners[i].listen(events); err != nil {
				t.Errorf("watcher %d: %v", i, err)
			}
		})
	}
	began := time.Now()
	for i := range scribes {
		writing.Go(func() {
			if err := scribes[i].write(ctx, w.own(), i, began.Add(*crowdFor)); err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	writing.Wait()
	took := time.Since(began)
	end := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: crowdEnd, Labels: map[string]string{crowdLabel: "crowd"}}}
	if _, err := w.own().CoreV1().ConfigMaps("default").Create(ctx, end, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	listening.Wait()
	if t.Failed() {
		return
	}

	first := listeners[0]
	for i, l := range listeners {
		if l.hash != first.hash || len(l.log) != len(first.log) {
			t.Errorf("watchers 0 and %d heard different things: %d and %d events", i, len(first.log), len(l.log))
		}
	}
	told := map[string][]string{} // of each object, what a watcher heard of it
	for _, h := range first.log {
		told[h.name] = append(told[h.name], fmt.Sprint(h.kind, " ", h.version))
	}
	writes := 0
	for _, s := range scribes {
		for _, name := range s.names {
			v := s.versions[name]
			want := []string{"ADDED " + v[0], "MODIFIED " + v[1], "MODIFIED " + v[2]}
			if got := told[name]; len(got) != 4 || !slices.Equal(got[:3], want) || got[3] < "DELETED" {
				t.Errorf("%s: written %q and deleted, heard %q", name, want, got)
			}
			writes += 4
		}
	}
	if writes != len(first.log) {
		t.Errorf("%d writes, %d events", writes, len(first.log))
	}
	t.Logf("%d writes by %d writers in %.1f s (%.0f/s), each heard by %d watchers (%.0f events/s); heard after %v in the median, %v at the 99th percentile",
		writes, writers, took.Seconds(), float64(writes)/took.Seconds(), watchers, float64(writes*watchers)/took.Seconds(), late(listeners, 0.5), late(listeners, 0.99))
}

// late is how long after a write's beginning a watcher heard of it, at a quantile of all events.
func late(listeners []listener, quantile float64) time.Duration {
	var all []time.Duration
	for _, l := range listeners {
		for _, h := range l.log {
			if h.kind != watch.Deleted {
				all = append(all, h.late)
			}
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[int(quantile*float64(len(all)-1))].Round(time.Microsecond)
}
