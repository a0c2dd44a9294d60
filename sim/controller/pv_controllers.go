package controller

import "minisim/sim/component"

// addStorageControllers adds the controllers that bind, attach and protect volumes.
func addStorageControllers(p *component.Process, c *Caches, o Options) {
	newPVBinder(p, c)
	newAttachDetach(p, c, o)
	newProtection(p, c)
}
