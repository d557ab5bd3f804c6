package pingone

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/transport"
)

// lenient decodes whatever PingOne sends: a broken character or a name that
// occurs twice must not hide a page of users.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// A Client reads PingOne's management API. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	http  *http.Client
	clock *clock
}

// New returns a client of the API at base (without /v1). Requests go through
// h, which must have been made by NewHTTP: bodies are taken from its
// transport, and redirects must stay refused.
func New(base *url.URL, h *http.Client) *Client {
	return &Client{base: base, http: h, clock: &clock{now: time.Now}}
}

// WithClock returns a client whose own clock is now in place of time.Now.
func (c *Client) WithClock(now func() time.Time) *Client {
	dated := *c
	dated.clock = &clock{now: now}
	return &dated
}

// Now is the time by our clock and by PingOne's, as its last reply dated
// itself: the earlier of the two, and the later. They are the same before the
// first reply, and while the clocks agree to some seconds. Whoever dates what PingOne holds must be right by either.
func (c *Client) Now() (earlier, later time.Time) { return c.clock.read() }

// HasTime tells whether a reply has dated itself so far.
func (c *Client) HasTime() bool { return c.clock.told.Load() }

// NewHTTP returns the HTTP client for New: paced, retried, and carrying the
// tokens' access token to wherever New's base says, nowhere else.
func NewHTTP(tokens *Tokens, o transport.Options) *http.Client {
	o.Authorize = func(next http.RoundTripper) http.RoundTripper {
		return &authorize{next: next, tokens: tokens, wait: o.Wait}
	}
	o.Retry.Forbidden = true
	o.Retry.Valid = func(body []byte) error {
		if !jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) {
			return errors.New("not JSON")
		}
		return nil
	}
	return transport.New(o)
}

// A Page is one reply, byte for byte.
type Page struct {
	Path    string // without query
	Body    []byte // as PingOne sent it
	Records int    // items of the list; 1 for a single resource
	IDs     []ID   // of the list's items, in order; the zero ID for one without
	Count   int    // items in the whole list as PingOne says, often wrong; -1 if it doesn't say
	Next    string // path and query of the next page, "" on the last
	// FetchedAt is the earlier time by our clock and PingOne's: a page is
	// never dated later than it is.
	FetchedAt time.Time

	items []byte // of the list, as they stand in Body
}

// Get reads the single resource at target, a path from /v1/ on.
func (c *Client) Get(ctx context.Context, target string) (Page, error) {
	return c.page(ctx, target, List{})
}

// First reads the first page of a list.
func (c *Client) First(ctx context.Context, l List) (Page, error) {
	return c.page(ctx, l.first(), l)
}

// Pages yields the pages of a list, in order. from is "" for the first page,
// or the Next of the last page that was kept, to go on behind it. With
// [transport.WithBehind] ctx may tell how many pages come after the first of
// these. The first
// error ends the sequence: one of this package's sentinels, ctx's, or a
// transport's.
func (c *Client) Pages(ctx context.Context, l List, from string) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		next := from
		if next == "" {
			next = l.first()
		}
		left := transport.Behind(ctx) // pages after this one, if ctx tells
		loop := newLoop()
		for next != "" {
			page, err := c.page(transport.WithBehind(ctx, left), next, l)
			if err == nil && loop.closes(next, page) {
				// Before the page is kept, or it would be kept again.
				err = fmt.Errorf("%w: after %d pages of %s", ErrPageLoop, len(loop.seen), l.Path)
			}
			if err != nil {
				yield(Page{}, err)
				return
			}
			if !yield(page, nil) {
				return
			}
			next, left = page.Next, max(left-1, 1)
		}
	}
}

// page reads one reply. Of a list with a key it must be a page.
func (c *Client) page(ctx context.Context, target string, l List) (Page, error) {
	for try := 1; ; try++ {
		page, err := c.pageOnce(ctx, target, l)
		if try == contradictionTries || !errors.Is(err, ErrContradiction) {
			return page, err
		}
	}
}

// contradictionTries is how often a page is asked for that contradicts itself.
const contradictionTries = 3

func (c *Client) pageOnce(ctx context.Context, target string, l List) (Page, error) {
	u, err := c.resolve(target)
	if err != nil {
		return Page{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Page{}, fmt.Errorf("pingone: GET %s: %w", u.Path, err)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return Page{}, fmt.Errorf("pingone: GET %s: %w", u.Path, withoutURL(err))
	}
	defer resp.Body.Close() // its bytes are read already
	body := transport.Body(resp)
	c.clock.hear(resp.Header)
	if resp.StatusCode != http.StatusOK {
		return Page{}, replyError(resp, u.Path, body)
	}
	at, _ := c.Now()
	page := Page{Path: u.Path, Body: body, Records: 1, Count: -1, FetchedAt: at}
	if l.Key == "" {
		return page, nil
	}
	if err := page.readList(l, target == l.first()); err != nil {
		return Page{}, fmt.Errorf("pingone: GET %s: %w", u.Path, err)
	}
	if page.Next != "" {
		next, err := c.resolve(page.Next)
		if err != nil {
			return Page{}, fmt.Errorf("pingone: next link of %s: %w", u.Path, err)
		}
		page.Next = next.RequestURI()
	}
	return page, nil
}

// resolve turns a path or an absolute link into a URL of the API. A link to
// another scheme or host is refused: the token would travel along.
func (c *Client) resolve(target string) (*url.URL, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("%w: it is no URL", ErrBadLink)
	}
	u = c.base.ResolveReference(u)
	switch {
	case u.Scheme != c.base.Scheme || !strings.EqualFold(u.Host, c.base.Host) || u.User != nil:
		return nil, fmt.Errorf("%w: %s://%s instead of %s://%s; nothing was sent there", ErrBadLink, u.Scheme, u.Host, c.base.Scheme, c.base.Host)
	case !strings.HasPrefix(path.Clean(u.Path), "/v1/"): // cleaned: an encoded /../ is left in a path
		return nil, fmt.Errorf("%w: %s is outside /v1/", ErrBadLink, u.Path)
	}
	return u, nil
}

// withoutURL strips the URL that net/http wraps around an error: its query
// has no place in a log.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
