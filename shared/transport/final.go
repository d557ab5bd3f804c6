package transport

import (
	"bytes"
	"errors"
	"net/http"
)

// Final marks an error of a lower layer as one that no retry helps. It reads
// and unwraps as err does.
func Final(err error) error { return final{err} }

type final struct{ error }

func (f final) Unwrap() error { return f.error }

// IsFinal tells whether err was marked, or is ErrBodyTooLarge.
func IsFinal(err error) bool { return errors.Is(err, ErrBodyTooLarge) || errors.As(err, new(final)) }

// ErrBodyTooLarge is the error for a reply body beyond RetryPolicy.MaxBody.
var ErrBodyTooLarge = errors.New("reply body is larger than the limit")

// Body returns a reply's body, which a client made by New has read already.
func Body(resp *http.Response) []byte {
	if b, ok := resp.Body.(*body); ok {
		return b.data
	}
	return nil
}

type body struct {
	*bytes.Reader
	data []byte
}
