package authomize

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Holds returns the key of one record of each kind that the app holds any of.
// A kind costs a request that is read no further than its first record.
func (c *Client) Holds(ctx context.Context) (map[Kind]string, error) {
	held := map[Kind]string{}
	for _, kind := range SweptKinds {
		for key, err := range c.Refreshed(ctx, kind, time.Time{}) {
			if err != nil {
				return nil, err
			}
			held[kind] = key
			break
		}
	}
	return held, nil
}

// Refreshed yields the keys of the records of a kind that were last posted at
// since, cut to milliseconds, or later; of all for the zero time. The API has no
// paging here: it is one reply, read as it comes. An id that can't be read is
// empty in its key. An error is the last thing yielded. Service accounts that
// are posted as users are among the users.
func (c *Client) Refreshed(ctx context.Context, kind Kind, since time.Time) iter.Seq2[string, error] {
	return c.list(ctx, kind, kind.Path(), since)
}

// Older yields the keys of the records of a kind that were last posted before
// that: what a sweep with this time deletes. The API can't be asked for them,
// so they are all that were not Refreshed, which costs eight bytes of memory
// for each that was.
func (c *Client) Older(ctx context.Context, kind Kind, before time.Time) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		seed := maphash.MakeSeed()
		var stay []uint64
		for key, err := range c.Refreshed(ctx, kind, before) {
			if err != nil {
				yield("", err)
				return
			}
			stay = append(stay, maphash.String(seed, key))
		}
		slices.Sort(stay)
		for key, err := range c.Refreshed(ctx, kind, time.Time{}) {
			if _, found := slices.BinarySearch(stay, maphash.String(seed, key)); (err != nil || !found) && !yield(key, err) {
				return
			}
		}
	}
}

// Keys lists the keys of all records of a kind, from where this client posts
// it: for apps that hold little.
func (c *Client) Keys(ctx context.Context, kind Kind) ([]string, error) {
	keys := []string{}
	for key, err := range c.list(ctx, kind, c.pathOf(kind), time.Time{}) {
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// list yields the keys of the records below a path while they come in.
func (c *Client) list(ctx context.Context, kind Kind, path string, since time.Time) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		resp, err := c.open(ctx, path, since)
		if err == nil {
			defer resp.Body.Close()
			err = eachOf(resp.Body, func(record jsontext.Value) bool { return yield(kind.keyOf(fields(record)), nil) })
		}
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx) // the decoder's error does not always wrap it
		}
		if err != nil {
			yield("", fmt.Errorf("read back %s: %w", kind, err))
		}
	}
}

// open asks for a list, whose body the caller closes.
func (c *Client) open(ctx context.Context, path string, since time.Time) (*http.Response, error) {
	query := ""
	if !since.IsZero() {
		query = at("startDate", since)
	}
	s := &streamed{ctx: ctx}
	resp, err := c.send(context.WithValue(ctx, streamedKey{}, s), http.MethodGet, c.app+path, query, nil)
	if err == nil && s.body != nil {
		resp.Body = s.body
	}
	return resp, err
}

// eachOf hands on the entries of {"data":[…]} until yield returns false. An
// entry is valid until then.
func eachOf(body io.Reader, yield func(jsontext.Value) bool) error {
	var err error
	d := jsontext.NewDecoder(body, lenient)
	for err == nil && d.StackPointer() != "/data" {
		_, err = d.ReadToken()
	}
	if d.PeekKind() == '[' {
		_, err = d.ReadToken()
	} else if err == nil {
		err = io.EOF
	}
	for err == nil && d.PeekKind() != ']' {
		var record jsontext.Value
		if record, err = d.ReadValue(); err == nil && !yield(record) {
			return nil
		}
	}
	if errors.Is(err, io.EOF) || errors.As(err, new(*jsontext.SyntacticError)) {
		return fmt.Errorf("%w: there is no whole list in it", ErrBadReceipt)
	}
	return err
}
