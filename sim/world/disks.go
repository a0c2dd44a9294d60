package world

import (
	"fmt"
	"slices"
	"time"

	"minisim/sim/engine"
)

// Disk is a network-attached disk of the storage system. It outlives machines.
type Disk struct {
	Handle   string // the storage system's name for it; a PersistentVolume's volumeHandle
	Bytes    int64
	Attached []string // machines that it is attached to, sorted; more than one only when Shared
	Shared   bool     // may be attached to several machines at once
	Writes   []Write  // who has mounted it for writing, the latest last
}

// Write says that a pod had the disk mounted and wrote to it: its data, as far as the simulation goes.
type Write struct {
	Pod     string        `json:"pod"`
	Machine string        `json:"machine"`
	From    time.Duration `json:"fromNs"` // virtual time of the mount
}

// Disks are the disks of the storage system. It refuses what real storage
// refuses: a disk that is not shared cannot be attached to a second machine.
type Disks struct {
	// Careless storage attaches a disk wherever somebody asks: a bug that tests plant.
	Careless bool

	engine *engine.Engine
	byName map[string]*Disk
}

func newDisks(e *engine.Engine) *Disks { return &Disks{engine: e, byName: map[string]*Disk{}} }

// Create makes a disk, empty and not attached. Making it again changes nothing.
func (d *Disks) Create(handle string, bytes int64, shared bool) {
	if d.byName[handle] == nil {
		d.byName[handle] = &Disk{Handle: handle, Bytes: bytes, Shared: shared}
	}
}

// Delete destroys a disk and its data. It fails while the disk is attached.
func (d *Disks) Delete(handle string) error {
	disk := d.byName[handle]
	if disk == nil {
		return nil
	}
	if len(disk.Attached) > 0 {
		return fmt.Errorf("disk %s is attached to %s", handle, disk.Attached[0])
	}
	delete(d.byName, handle)
	return nil
}

// Get finds a disk; the result must not be changed. nil if there is none.
func (d *Disks) Get(handle string) *Disk { return d.byName[handle] }

// Attach connects a disk to a machine. It fails when the disk is unknown, or attached elsewhere and not shared.
func (d *Disks) Attach(handle, machine string) error {
	disk := d.byName[handle]
	if disk == nil {
		return fmt.Errorf("disk %s does not exist", handle)
	}
	if slices.Contains(disk.Attached, machine) {
		return nil
	}
	if len(disk.Attached) > 0 && !disk.Shared && !d.Careless {
		return fmt.Errorf("disk %s is attached to %s", handle, disk.Attached[0])
	}
	disk.Attached = append(disk.Attached, machine)
	slices.Sort(disk.Attached)
	return nil
}

// Detach disconnects a disk from a machine. It is no error if it was not connected.
func (d *Disks) Detach(handle, machine string) {
	if disk := d.byName[handle]; disk != nil {
		disk.Attached = slices.DeleteFunc(disk.Attached, func(m string) bool { return m == machine })
	}
}

// Wrote notes that somebody has written to a disk.
func (d *Disks) Wrote(handle string, w Write) {
	if disk := d.byName[handle]; disk != nil {
		disk.Writes = append(disk.Writes, w)
	}
}

// Mount notes that a pod on a machine has the disk mounted and writes to it, and
// returns who wrote before, nil if the disk was empty. It fails when the disk is not attached there.
func (d *Disks) Mount(handle, machine, pod string) (before *Write, err error) {
	disk := d.byName[handle]
	if disk == nil || !slices.Contains(disk.Attached, machine) {
		return nil, fmt.Errorf("disk %s is not attached to %s", handle, machine)
	}
	if n := len(disk.Writes); n > 0 {
		last := disk.Writes[n-1]
		before = &last
		if last.Pod == pod && last.Machine == machine {
			return before, nil
		}
	}
	disk.Writes = append(disk.Writes, Write{Pod: pod, Machine: machine, From: d.engine.Now()})
	return before, nil
}
