package rest

// openAPI is the description of all that is served.
type openAPI struct{}

func loadOpenAPI() (*openAPI, error) { return &openAPI{}, nil }

func (c *exchange) openAPI(parts []string) error { return errNoSuchPath }
