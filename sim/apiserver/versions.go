package apiserver

import (
	"cmp"

	"minisim/sim/api"
	"minisim/sim/apiserver/kinds"
)

// All of the server deals with resources in their present version. A request that
// speaks an older one is understood on its way in and answered in its own words.

// understand has a request speak of the present version of its resource.
func (c *call) understand() {
	present := c.Resource.Present()
	if present == c.Resource {
		return
	}
	c.spoken, c.Resource = c.Resource, present
	if c.Object != nil {
		c.Object = kinds.ToPresent(c.Object)
	}
}

// addressed is the resource in the version that the request speaks.
func (c *call) addressed() *api.Resource { return cmp.Or(c.spoken, c.Resource) }

// speak gives an object in the version that the request speaks.
func (c *call) speak(o api.Object) api.Object {
	if c.spoken == nil || o == nil {
		return o
	}
	return kinds.ToVersion(o, c.spoken)
}

func (c *call) speakList(l api.List) api.List {
	if c.spoken == nil {
		return l
	}
	spoken := make([]api.Object, len(l.Items))
	for i, o := range l.Items {
		spoken[i] = c.speak(o)
	}
	l.Items = spoken
	return l
}

func (c *call) speakEvent(ev api.Event) api.Event {
	if ev.Object != nil {
		ev.Object = c.speak(ev.Object)
	}
	return ev
}

// spokenSink is a watcher that wants events in the version that its request spoke.
type spokenSink struct {
	Sink
	call *call
}

func (s spokenSink) Send(ev api.Event) { s.Sink.Send(s.call.speakEvent(ev)) }
