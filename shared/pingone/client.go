package pingone

import (
	"bytes"
	"cmp"
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

// A Client reads PingOne's management API. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	own   string // scheme and host of PingOne, where base is a proxy
	http  *http.Client
	clock *clock
}

// New returns a client of the API at base (without /v1). Requests go through
// h, which must have been made by NewHTTP: bodies are taken from its
// transport, and redirects must stay refused.
func New(base *url.URL, h *http.Client) *Client {
	return &Client{base: base, http: h, clock: &clock{now: time.Now}}
}

// InFrontOf returns a client whose base passes requests on to PingOne at api, such
// as https://api.pingone.eu: links to there are asked of base. "" is nowhere.
func (c *Client) InFrontOf(api string) *Client {
	proxied := *c
	proxied.own = api
	return &proxied
}

// WithClock returns a client whose own clock is now instead of time.Now.
func (c *Client) WithClock(now func() time.Time) *Client {
	dated := *c
	dated.clock = &clock{now: now}
	return &dated
}

// Now is the time by our clock and by PingOne's, as its last reply dated
// itself: the earlier of the two, and the later. They are the same before the
// first reply, and while the clocks agree to some seconds. Whoever dates what
// PingOne holds must be right by either.
func (c *Client) Now() (earlier, later time.Time) { return c.clock.read() }

// NewHTTP returns the HTTP client for New: paced, retried, and carrying the
// tokens' access token to wherever New's base says, nowhere else.
func NewHTTP(tokens *Tokens, o transport.Options) *http.Client {
	o.Authorize = func(next http.RoundTripper) http.RoundTripper {
		return &authorize{next: next, tokens: tokens}
	}
	o.Retry.Forbidden, o.Retry.Unauthorized = true, true
	o.Retry.Valid = func(body []byte) error {
		if !jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) {
			return errors.New("not JSON")
		}
		return nil
	}
	o.Retry.Transient = func(body []byte) bool { return readErrorBody(body).Code == unexpected }
	return transport.New(o)
}

// Get reads the single resource at target, a path from /v1/ on.
func (c *Client) Get(ctx context.Context, target string) (Page, error) {
	return c.page(ctx, target, List{})
}

// First reads the first page of a list.
func (c *Client) First(ctx context.Context, l List) (Page, error) {
	return c.page(ctx, l.first(), l)
}

// Pages yields the pages of a list, in order. from is "" for the first page, or
// the Next of the last page that was read, to go on behind it. With
// [transport.WithBehind] ctx may say how many pages come after the first of
// these. The first error ends the sequence: one of this package's sentinels,
// ctx's, or a transport's.
func (c *Client) Pages(ctx context.Context, l List, from string) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		next, left := cmp.Or(from, l.first()), transport.Behind(ctx)
		for loop := newLoop(); next != ""; {
			page, err := c.page(transport.WithBehind(ctx, left), next, l)
			if err == nil && loop.closes(next, page) {
				// Before the page is yielded, or it would be so twice.
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

// contradictionTries is how often a page is asked for that contradicts itself.
const contradictionTries = 3

// page reads one reply. Of a list with a key it must be a page.
func (c *Client) page(ctx context.Context, target string, l List) (Page, error) {
	for try := 1; ; try++ {
		page, err := c.send(ctx, http.MethodGet, target, nil)
		if err == nil && l.Key != "" {
			err = c.readList(&page, l, target == l.first())
		}
		if err != nil {
			return Page{}, err
		}
		if page.Announced <= page.Records || try == contradictionTries {
			return page, nil
		}
	}
}

// send returns the reply to one request as a page of one item. body is JSON, nil
// for none; a request with a body must be safe to repeat.
func (c *Client) send(ctx context.Context, method, target string, body []byte) (Page, error) {
	u, err := c.resolve(target)
	if err != nil {
		return Page{}, err
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return Page{}, fmt.Errorf("pingone: %s %s: %w", method, u.Path, err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Page{}, fmt.Errorf("pingone: %s %s: %w", method, u.Path, sendError(ctx, err))
	}
	defer resp.Body.Close() // its bytes are read already
	reply := transport.Body(resp)
	c.clock.hear(resp.Header)
	if resp.StatusCode != http.StatusOK && (method == http.MethodGet || resp.StatusCode != http.StatusCreated) {
		return Page{}, replyError(resp, method, u.Path, reply)
	}
	at, _ := c.Now()
	return Page{Path: u.Path, Body: reply, Records: 1, Announced: 1, Count: -1, FetchedAt: at}, nil
}

// resolve turns a path or an absolute link into a URL of the API. A link to
// another scheme or host is refused: the token would travel along.
func (c *Client) resolve(target string) (*url.URL, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("%w: it is no URL", ErrBadLink)
	}
	u = c.base.ResolveReference(u)
	if u.Scheme+"://"+strings.ToLower(u.Host) == c.own {
		u.Scheme, u.Host = c.base.Scheme, c.base.Host
	}
	switch {
	case u.Scheme != c.base.Scheme || !strings.EqualFold(u.Host, c.base.Host) || u.User != nil:
		return nil, fmt.Errorf("%w: %s://%s instead of %s://%s; nothing was sent there", ErrBadLink, u.Scheme, u.Host, c.base.Scheme, c.base.Host)
	case !strings.HasPrefix(path.Clean(u.Path), "/v1/"): // cleaned: an encoded /../ is left in a path
		return nil, fmt.Errorf("%w: %s is outside /v1/", ErrBadLink, u.Path)
	}
	return u, nil
}

// readList fills in what the page says of its list. A list that is not there is
// not an empty one: ErrBadPage.
func (c *Client) readList(p *Page, l List, first bool) error {
	in := struct {
		Links    links             `json:"_links"`
		Embedded embedded[anyItem] `json:"_embedded"`
		Count    jsontext.Value    `json:"count"`
		Size     jsontext.Value    `json:"size"`
	}{Embedded: embedded[anyItem]{key: l.Key}}
	if err := json.Unmarshal(p.Body, &in, lenient); err != nil {
		return fmt.Errorf("pingone: GET %s: %w: its JSON has another shape", p.Path, ErrBadPage)
	}
	count, counted := number(in.Count)
	size, sized := number(in.Size)
	list := in.Embedded
	if isEmpty := (counted || sized) && count == 0 && size == 0; !list.isThere && !isEmpty {
		return fmt.Errorf("pingone: GET %s: %w: no _embedded.%s in it, and no count that says it is empty", p.Path, ErrBadPage, l.Key)
	}
	p.IDs = make([]ID, len(list.items))
	for i, id := range list.items {
		p.IDs[i] = ID(id)
	}
	p.Records, p.items = len(p.IDs), p.Body[list.begin:list.end]
	if IsBySubject(l.Path) {
		p.IDs = SubjectsOf(p.Body)
	}
	if counted {
		p.Count = count
	}
	p.Announced = max(p.Records, size)
	if in.Links.Next.Href != "" {
		next, err := c.resolve(in.Links.Next.Href)
		if err != nil {
			return fmt.Errorf("pingone: next link of %s: %w", p.Path, err)
		}
		p.Next = next.RequestURI()
	} else if first && l.isCounted(p.Records) {
		p.Announced = max(p.Announced, count)
	}
	return nil
}
