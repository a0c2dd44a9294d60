package tui

// welcomeLines say, before the first step, what the picture shows and how to begin.
func (d *drawing) welcomeLines(n int) []line {
	var out []line
	if d.s.About != "" {
		out = append(wrapped(d.s.About, paint{role: strong}, n, 0), nil)
	}
	out = append(out, wrapped("Nothing has happened yet. Space takes the first step, c lets it play, ? explains the keys and signs.", paint{}, n, 0)...)
	out = append(out, nil)
	for _, x := range [][2]string{
		{"masters", "The API server is the only door to the cluster. etcd keeps what it is told. The scheduler gives each pod a machine; controllers compare what is wanted with what is there, and act."},
		{"arrow", "The line in their box is the way of the last request: who asked, the API server, etcd with its revision, whom it woke."},
		{"workers", "A kubelet on each machine runs the pods that were given to it, and tells the masters how they are."},
		{"lit", "What has changed with the last step is underlined."},
	} {
		out = append(out, field(x[0], x[1], paint{}, n)...)
	}
	if d.s.Way != "" {
		out = append(out, field("kubectl", "In another terminal: "+d.s.Way+". While the run stands still, what kubectl writes is stored and nobody acts on it: step, and see who does.", paint{}, n)...)
	}
	return out
}
