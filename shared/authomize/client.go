package authomize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxReplyBytes limits what is read of one reply. A receipt for 10,000 items
// that lists every id is about 1 MB.
const maxReplyBytes = 4 << 20

// The wrapping of a list of records in a request.
const (
	bodyOpen  = `{"data":[`
	bodyClose = `]}`
	envelope  = len(bodyOpen) + len(bodyClose)
)

// paths holds where records of each kind are posted, below /v2/apps/{appId}.
var paths = map[Kind]string{
	Users:                "/accounts/users",
	ServiceAccounts:      "/accounts/nonHumanIdentities",
	Groupings:            "/access/grouping",
	Privileges:           "/privileges",
	Assets:               "/assets",
	PrivilegeGrants:      "/privileges/grants",
	AssetInheritances:    "/assets/inheritance",
	GroupingAssociations: "/association/groupings",
	AccountAssociations:  "/association/accounts",
	Permissions:          "/access/permissions",
}

// Path returns where records of kind k are posted, below /v2/apps/{appId}, or
// "" for a kind that doesn't exist.
func (k Kind) Path() string { return paths[k] }

// Options says which app a Client speaks to. BaseURL, AppID and HTTP are
// required.
type Options struct {
	// BaseURL is the API's address, https, or http on 127.0.0.1 or localhost.
	BaseURL string
	// AppID is the app that records go to, as Authomize shows it.
	AppID string
	// ServiceAccountsAsUsers posts service accounts to where users are posted;
	// they must be ServiceUser records then.
	ServiceAccountsAsUsers bool
	// HTTP adds the token and retries. Its redirect policy is not used:
	// redirects are refused.
	HTTP *http.Client
}

// A Client posts to one app. It is safe for concurrent use.
type Client struct {
	base string // without trailing slash
	app  string // path of the app, escaped
	http *http.Client

	serviceAccountsAsUsers bool
}

// New returns a client, or an error that names every fault of o.
func New(o Options) (*Client, error) {
	var errs []error
	base, err := checkBase(o.BaseURL)
	if err != nil {
		errs = append(errs, err)
	}
	if o.AppID == "" || o.AppID == "." || o.AppID == ".." {
		errs = append(errs, fmt.Errorf("authomize: %q is no app id: take it from the data sources page of Authomize", o.AppID))
	}
	if o.HTTP == nil {
		errs = append(errs, errors.New("authomize: no HTTP client given, and only that can add the token"))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	hc := *o.HTTP
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: base, app: "/v2/apps/" + url.PathEscape(o.AppID), http: &hc, serviceAccountsAsUsers: o.ServiceAccountsAsUsers}, nil
}

// pathOf is where this client posts records of a kind.
func (c *Client) pathOf(kind Kind) string {
	if kind == ServiceAccounts && c.serviceAccountsAsUsers {
		kind = Users
	}
	return kind.Path()
}

// checkBase refuses addresses that would carry the token in the clear, and
// parts that have no place in a base address.
func checkBase(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// The text of a parse error repeats the address, which may hold a password.
		return "", errors.New("authomize: the API address can't be read; give one such as https://api.authomize.com")
	}
	local := u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost"
	switch {
	case u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !local):
		return "", fmt.Errorf("authomize: API address %s: must be https, such as https://api.authomize.com (http on 127.0.0.1 and localhost only)", u.Redacted())
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("authomize: the API address must hold no user, query or fragment")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// Post sends one batch of records, each encoded as a JSON object, and returns
// the receipt. items is not kept. It refuses an empty list with ErrEmpty, and
// without asking the API one of more than MaxItems or of MaxBodyBytes or more
// with ErrTooLarge. A 2xx that is no receipt is ErrBadReceipt; other failures
// are an *Error, or that of the transport.
func (c *Client) Post(ctx context.Context, kind Kind, items [][]byte) (Receipt, error) {
	path := c.pathOf(kind)
	size := bodySize(items)
	switch {
	case path == "":
		return Receipt{}, fmt.Errorf("authomize: there is no kind of record %q", kind)
	case len(items) == 0:
		return Receipt{}, fmt.Errorf("post %s: %w", kind, ErrEmpty)
	case len(items) > MaxItems || size >= MaxBodyBytes:
		return Receipt{}, fmt.Errorf("post %s: %w: %d records in %d bytes", kind, ErrTooLarge, len(items), size)
	}
	// A fresh buffer each time: the transport may read a body after the reply.
	body := make([]byte, 0, size)
	body = append(body, bodyOpen...)
	for i, item := range items {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, item...)
	}
	body = append(body, bodyClose...)

	sent := time.Now()
	reply, err := c.do(ctx, http.MethodPost, c.app+path, "", body)
	if err != nil {
		return Receipt{}, err
	}
	r, err := decodeReceipt(reply.body)
	if err != nil {
		return Receipt{}, fmt.Errorf("post %s: %w", kind, err)
	}
	r.heed(reply.at, time.Since(sent))
	return r, nil
}

// bodySize is how many bytes a request with these items has.
func bodySize(items [][]byte) int {
	size := envelope + max(len(items)-1, 0)
	for _, item := range items {
		size += len(item)
	}
	return size
}

// Sweep deletes every record of the app that was last posted before
// modifiedBefore, of all kinds. It refuses the zero time with ErrNoCutoff,
// since without a time everything would go. The time is cut to milliseconds.
func (c *Client) Sweep(ctx context.Context, modifiedBefore time.Time) (SweepReceipt, error) {
	if modifiedBefore.IsZero() {
		return SweepReceipt{}, fmt.Errorf("sweep: %w", ErrNoCutoff)
	}
	q := url.Values{"modifiedBefore": {modifiedBefore.UTC().Format("2006-01-02T15:04:05.000Z")}}
	reply, err := c.do(ctx, http.MethodDelete, c.app+"/data", q.Encode(), nil)
	if err != nil {
		return SweepReceipt{}, err
	}
	r, err := decodeSweepReceipt(reply.body)
	if err != nil {
		return SweepReceipt{}, fmt.Errorf("sweep: %w", err)
	}
	return r, nil
}

// Me asks whose token is in use: the cheapest proof that it works.
func (c *Client) Me(ctx context.Context) (Me, error) {
	reply, err := c.do(ctx, http.MethodGet, "/me", "", nil)
	if err != nil {
		return Me{}, err
	}
	m, err := decodeMe(reply.body)
	if err != nil {
		return Me{}, fmt.Errorf("me: %w", err)
	}
	return m, nil
}

// App asks for the client's app, to see that it exists and that the token may
// see it. Nothing of it is returned: all that is asked is answered by the
// error, ErrNoApp among others.
func (c *Client) App(ctx context.Context) error {
	reply, err := c.do(ctx, http.MethodGet, c.app, "", nil)
	if err != nil {
		return err
	}
	if text(fields(reply.body)["id"]) == "" {
		return fmt.Errorf("app: %w: it names no id", ErrBadReceipt)
	}
	return nil
}

// A reply is the body of a 2xx, and when it was made by the API's own clock, or
// by ours if it doesn't say.
type reply struct {
	body []byte
	at   time.Time
}

// do sends one request and returns the reply if it is a 2xx.
func (c *Client) do(ctx context.Context, method, path, query string, body []byte) (reply, error) {
	target := c.base + path
	if query != "" {
		target += "?" + query
	}
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body) // of this type, so that GetBody is set and a retry can send it again
	}
	req, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return reply{}, fmt.Errorf("authomize: %s %s: %w", method, path, err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // its own text repeats the whole address
		}
		return reply{}, fmt.Errorf("authomize: %s %s: %w", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxReplyBytes+1))
	if resp.StatusCode/100 != 2 {
		return reply{}, newError(method, path, resp.StatusCode, text)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return reply{}, fmt.Errorf("authomize: %s %s: read the reply: %w", method, path, context.Cause(ctx))
	case err != nil:
		return reply{}, fmt.Errorf("authomize: %s %s: %w: it broke off", method, path, ErrBadReceipt)
	case len(text) > maxReplyBytes:
		return reply{}, fmt.Errorf("authomize: %s %s: %w: more than %d bytes", method, path, ErrBadReceipt, maxReplyBytes)
	}
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		at = time.Now()
	}
	return reply{text, at}, nil
}
