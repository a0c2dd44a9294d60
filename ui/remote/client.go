package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// Do has a command carried out by the cluster at a socket, and writes to out what
// it says, as it says it. The error is the command's own (a UsageError if it could
// not be understood), or is ErrUnreachable or ErrEnded.
func Do(ctx context.Context, socket string, r Request, out io.Writer) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	var dialer net.Dialer
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	// The host's name is never looked up: there is only the socket.
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://minisim/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := transport.RoundTrip(post)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s", ErrUnreachable, answer.Status)
	}
	return listen(ctx, answer.Body, out)
}

// listen copies what is said until the answer's end.
func listen(ctx context.Context, body io.Reader, out io.Writer) error {
	for lines := json.NewDecoder(body); ; {
		var p part
		if err := lines.Decode(&p); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return ErrEnded
		}
		if _, err := io.WriteString(out, p.Text); err != nil {
			return err
		}
		switch {
		case !p.Done:
		case p.Error == "":
			return nil
		case p.Usage:
			return UsageError{errors.New(p.Error)}
		default:
			return errors.New(p.Error)
		}
	}
}
