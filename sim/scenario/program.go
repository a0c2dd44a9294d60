package scenario

// appLabel is the label that carries the compose service's name.
const appLabel = "app"

// program tells the world what the containers of each service do.
func (r *Runner) program() {
	for _, o := range r.Scenario.Compose.Objects {
		template := podTemplate(o.Resource)
		if template == nil {
			continue
		}
		for _, c := range template.Spec.Containers {
			r.programImage(o.Service, template.Labels[appLabel], c.Image)
		}
	}
}

// programImage tells the world what containers of an image do in the pods of a service.
func (r *Runner) programImage(service, app, image string) {
	if p, told := r.Scenario.Programs[service]; told {
		r.Cluster.World.Images.SetProgramFor(app, image, p)
	}
	if lines := r.Scenario.Logs[service]; len(lines) > 0 {
		r.Cluster.World.Images.SetLogFor(app, image, lines)
	}
	if load, told := r.Scenario.Loads[service]; told {
		r.Cluster.World.Load.Set(app, load)
	}
}
