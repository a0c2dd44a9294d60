package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"minisim/internal/served"
)

// gate is a client's way to the server. While it is shut, nothing that a watch
// has been sent is read.
type gate struct {
	http.RoundTripper
	shut  sync.RWMutex // locked: shut
	begun atomic.Int64 // how often the present state was asked for
	ended atomic.Int64 // how many watches did
}

// RoundTrip is http.RoundTripper's.
func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	if q.Get("watch") == "" || q.Get("sendInitialEvents") == "true" {
		g.begun.Add(1)
	}
	answer, err := g.RoundTripper.RoundTrip(r)
	if err == nil && q.Get("watch") != "" {
		answer.Body = &gatedBody{answer.Body, g}
	}
	return answer, err
}

type gatedBody struct {
	io.ReadCloser
	gate *gate
}

// Read is io.Reader's.
func (b *gatedBody) Read(p []byte) (int, error) {
	b.gate.shut.RLock()
	b.gate.shut.RUnlock()
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.gate.ended.Add(1)
	}
	return n, err
}

// through has a client go through the gate.
func (g *gate) through(c *rest.Config) {
	c.Wrap(func(rt http.RoundTripper) http.RoundTripper {
		g.RoundTripper = rt
		return g
	})
}

// TestSlowWatcher has an informer that does not read for a while: it is cut off,
// lists again and knows all in the end; others do not feel it.
func TestSlowWatcher(t *testing.T) {
	w := serve(t, served.Config{Cluster: recordedCluster(), Speed: 1})
	ctx, c := t.Context(), w.own()
	maps := c.CoreV1().ConfigMaps("default")
	for _, name := range []string{"kept", "lost"} {
		if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	slow := &gate{}
	factory := informers.NewSharedInformerFactoryWithOptions(w.own(slow.through), 0, informers.WithNamespace("default"))
	informer := factory.Core().V1().ConfigMaps().Informer()
	var deleted atomic.Int64
	informer.AddEventHandler(cache.ResourceEventHandlerFuncs{DeleteFunc: func(o any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(o); err == nil && key == "default/lost" {
			deleted.Add(1)
		}
	}})
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	before := slow.begun.Load()

	events, err := w.own().CoreV1().ConfigMaps("default").Watch(ctx, metav1.ListOptions{LabelSelector: crowdLabel + "=crowd"})
	if err != nil {
		t.Fatal(err)
	}
	var quick listener
	var listening sync.WaitGroup
	listening.Go(func() {
		if err := quick.listen(events); err != nil {
			t.Error(err)
		}
	})

	// More than its connection and the server's queue for it hold.
	slow.shut.Lock()
	const writers, each, size = 8, 600, 8 << 10
	filling := strings.Repeat("x", size)
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("filling-", i), Labels: map[string]string{crowdLabel: "crowd"}}}
			for j := range each {
				m.Data = map[string]string{"filling": filling, "number": fmt.Sprint(j), sentAt: time.Now().Format(time.RFC3339Nano)}
				var err error
				if j == 0 {
					m, err = maps.Create(ctx, m, metav1.CreateOptions{})
				} else {
					m, err = maps.Update(ctx, m, metav1.UpdateOptions{})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
	if err := maps.Delete(ctx, "lost", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: crowdEnd, Labels: map[string]string{crowdLabel: "crowd"}}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	listening.Wait()
	if len(quick.log) != writers*each {
		t.Errorf("the quick watcher has heard %d of %d events", len(quick.log), writers*each)
	}
	if _, known, _ := informer.GetStore().GetByKey("default/" + crowdEnd); known {
		t.Error("the slow informer is not slow")
	}

	slow.shut.Unlock()
	eventually(t, "the slow informer knows all", func() error {
		list, err := maps.List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if n := len(informer.GetStore().ListKeys()); n != len(list.Items) {
			return fmt.Errorf("it knows of %d of %d objects", n, len(list.Items))
		}
		for i := range list.Items {
			have, _, _ := informer.GetStore().Get(&list.Items[i])
			if m, ok := have.(*corev1.ConfigMap); !ok || m.ResourceVersion != list.Items[i].ResourceVersion {
				return fmt.Errorf("it knows another version of %s", list.Items[i].Name)
			}
		}
		if deleted.Load() != 1 {
			return fmt.Errorf("heard %d times of a deletion", deleted.Load())
		}
		return nil
	})
	// It was cut off, and began anew: with the present state, or after half a
	// minute without a reader, where the server gives up sending, with a watch.
	if slow.ended.Load() == 0 || slow.begun.Load() > before+1 {
		t.Errorf("%d watches of the slow informer ended, and it has asked %d times for the present state", slow.ended.Load(), slow.begun.Load()-before)
	}
	t.Logf("beside a watcher that did not read, another heard of %d writes after %v in the median, %v at the 99th percentile",
		len(quick.log), late([]listener{quick}, 0.5), late([]listener{quick}, 0.99))
}
