package framework

// StateData is what a plugin computed for one pod and keeps for later
// extension points of the same cycle.
type StateData interface {
	// Clone returns a copy that can follow other pods on its own.
	Clone() StateData
}

// StateKey names a plugin's data within a CycleState.
type StateKey string

// CycleState is the memory of one pod's cycle.
type CycleState struct {
	// View is the cluster that the cycle looks at.
	View *Snapshot
	// Trial says that this is a copy on which pods are put on and taken off a
	// node to see what would be.
	Trial bool

	data []stateEntry
	last int // where Read last found something: a plugin reads the same for node after node
}

type stateEntry struct {
	key  StateKey
	data StateData
}

// NewCycleState returns an empty memory for a cycle over view.
func NewCycleState(view *Snapshot) *CycleState { return &CycleState{View: view} }

// Write stores data under key, replacing what was there.
func (c *CycleState) Write(key StateKey, data StateData) {
	for i := range c.data {
		if c.data[i].key == key {
			c.data[i].data = data
			return
		}
	}
	c.data = append(c.data, stateEntry{key, data})
}

// Read returns the data under key, or nil.
func (c *CycleState) Read(key StateKey) StateData {
	if c.last < len(c.data) && c.data[c.last].key == key {
		return c.data[c.last].data
	}
	for i := range c.data {
		if c.data[i].key == key {
			c.last = i
			return c.data[i].data
		}
	}
	return nil
}

// Clone returns a copy for a trial, whose data can change on its own.
func (c *CycleState) Clone() *CycleState {
	clone := &CycleState{View: c.View, Trial: true, data: make([]stateEntry, len(c.data))}
	for i, e := range c.data {
		clone.data[i] = stateEntry{e.key, e.data.Clone()}
	}
	return clone
}

// State reads a plugin's data in its own type; the zero value when absent.
func State[T StateData](c *CycleState, key StateKey) T {
	data, _ := c.Read(key).(T)
	return data
}
