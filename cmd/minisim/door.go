package main

import (
	"errors"
	"os"
	"path/filepath"

	"minisim/sim/apiserver/rest"
	"minisim/sim/cluster"
)

// door lets in who comes from outside, with kubectl or the like. What it needs in
// the file system goes with it.
type door struct {
	server *rest.Server
	file   string        // the kubeconfig
	wake   chan struct{} // has something in it when somebody has come, unless a rest.Live is woken
}

// openDoor serves a cluster, which is kept going by live or, if that is nil, by
// somebody who listens to wake.
func openDoor(c *cluster.Cluster, keys *rest.Keys, live *rest.Live) (*door, error) {
	d := &door{wake: make(chan struct{}, 1)}
	config := rest.Config{Engine: c.Engine, API: c.API, Keys: keys}
	if live != nil {
		config.Clock = live.Date
	} else {
		c.Engine.OnArrival(d.knock)
	}
	var err error
	if d.server, err = rest.Start(config); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "minisim-")
	if err != nil {
		return nil, errors.Join(err, d.server.Close())
	}
	d.file = filepath.Join(dir, "kubeconfig")
	if err := d.server.WriteKubeconfig(d.file, "minisim", rest.Admin); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// knock wakes who listens. It is called by whoever comes.
func (d *door) knock() {
	select {
	case d.wake <- struct{}{}:
	default: // it is awake already
	}
}

// follow serves another cluster from now on.
func (d *door) follow(c *cluster.Cluster) {
	c.Engine.OnArrival(d.knock)
	d.server.Follow(c.Engine, c.API)
}

// way is what a person types to come in.
func (d *door) way() string { return "export KUBECONFIG=" + d.file }

func (d *door) close() error {
	return errors.Join(d.server.Close(), os.RemoveAll(filepath.Dir(d.file)))
}
