package compose

func (t *translation) report() {}
