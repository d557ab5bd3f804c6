// Package authomize speaks to the Authomize REST connector API, version 2: it
// posts batches of records, checks the receipts, and sweeps what a run did
// not refresh. A post is an upsert by the id of the record, so everything
// here may be sent twice without harm.
package authomize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Options says which app a Client speaks to.
type Options struct {
	// BaseURL is the API's address, without a slash at its end. The token goes
	// there: config takes https only, and http on this machine.
	BaseURL string
	// AppID is the app that records go to, as Authomize shows it.
	AppID string
	// ServiceAccountsAsUsers posts service accounts to where users are posted;
	// they must be ServiceUser records then.
	ServiceAccountsAsUsers bool
	// HTTP adds the token, retries, and limits replies: see NewHTTP. Redirects
	// are refused, whatever its policy.
	HTTP *http.Client
}

// A Client posts to one app. It is safe for concurrent use.
type Client struct {
	o   Options
	app string // its path, escaped
}

// New returns a client, or an error if AppID can't be one.
func New(o Options) (*Client, error) {
	if o.AppID == "" || o.AppID == "." || o.AppID == ".." {
		return nil, fmt.Errorf("authomize: %q is no app id: take it from the data sources page of Authomize", o.AppID)
	}
	hc := *o.HTTP
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	o.HTTP = &hc
	return &Client{o, "/v2/apps/" + url.PathEscape(o.AppID)}, nil
}

// pathOf is where this client posts records of a kind.
func (c *Client) pathOf(kind Kind) string {
	if kind == ServiceAccounts && c.o.ServiceAccountsAsUsers {
		kind = Users
	}
	return kind.Path()
}

// Post sends one batch of records, each encoded as a JSON object: at least one, at
// most MaxItems, and below MaxBodyBytes together. A 2xx that is no receipt is
// ErrBadReceipt; other failures are an *Error, or that of the transport.
func (c *Client) Post(ctx context.Context, kind Kind, items [][]byte) (Receipt, error) {
	// A fresh buffer each time: the transport may read a body after the reply.
	body := slices.Concat([]byte(`{"data":[`), bytes.Join(items, []byte(",")), []byte(`]}`))
	m, date, err := c.do(ctx, http.MethodPost, c.app+c.pathOf(kind), "", body)
	if err != nil {
		return Receipt{}, err
	}
	r, err := decodeReceipt(m)
	if err != nil {
		return Receipt{}, fmt.Errorf("post %s: %w", kind, err)
	}
	r.Date = date
	return r, nil
}

// A SweepReceipt says that a sweep was taken on; it is done later.
type SweepReceipt struct{ RequestID string }

// Sweep deletes every record of the app that was last posted before
// modifiedBefore, of all kinds. It refuses the zero time, since without a time
// everything would go. The time is cut to milliseconds.
func (c *Client) Sweep(ctx context.Context, modifiedBefore time.Time) (SweepReceipt, error) {
	if modifiedBefore.IsZero() {
		return SweepReceipt{}, errors.New("sweep: it needs a time: without one every record would be deleted")
	}
	m, _, err := c.do(ctx, http.MethodDelete, c.app+"/data", at("modifiedBefore", modifiedBefore), nil)
	return SweepReceipt{RequestID: text(m["requestId"])}, err
}

// at is the query that holds a time, cut to milliseconds.
func at(name string, t time.Time) string {
	return "?" + url.Values{name: {t.UTC().Format("2006-01-02T15:04:05.000Z")}}.Encode()
}

// Me is who a token belongs to.
type Me struct{ Tenant string }

// Me asks whose token is in use: the cheapest proof that it works.
func (c *Client) Me(ctx context.Context) (Me, error) {
	m, _, err := c.do(ctx, http.MethodGet, "/me", "", nil)
	return Me{Tenant: text(m["tenant"])}, err
}

// App tells by its error, ErrNoApp among others, whether the app exists and the
// token may see it.
func (c *Client) App(ctx context.Context) error {
	_, _, err := c.do(ctx, http.MethodGet, c.app, "", nil)
	return err
}

// do sends one request. It returns the fields of a 2xx, which must be a JSON
// object, and when the API says that it was made; zero if it doesn't say.
func (c *Client) do(ctx context.Context, method, path, query string, body []byte) (map[string]jsontext.Value, time.Time, error) {
	resp, err := c.send(ctx, method, path, query, body)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	m := fields(raw)
	if err == nil && m == nil {
		err = fmt.Errorf("%w: it is no JSON object", ErrBadReceipt)
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("authomize: read the reply to %s %s: %w", method, path, err)
	}
	date, _ := http.ParseTime(resp.Header.Get("Date")) // zero beside an error
	return m, date, nil
}

// send sends one request and returns a 2xx, whose body the caller closes.
func (c *Client) send(ctx context.Context, method, path, query string, body []byte) (*http.Response, error) {
	// A Reader of this type sets GetBody, so that a retry can send it again.
	req, err := http.NewRequestWithContext(ctx, method, c.o.BaseURL+path+query, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("authomize: %s %s: %w", method, path, err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.o.HTTP.Do(req)
	if err != nil {
		err = errors.Unwrap(err) // an *url.Error, whose text repeats the whole address
		return nil, fmt.Errorf("authomize: %s %s: %w", method, path, err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body) // what came of it is enough
	e := newError(method, path, resp, raw)
	if errors.Is(e, ErrUnauthorized) && path != "/me" {
		_, err := c.Me(ctx)
		e.tokenGood = !errors.Is(err, ErrUnauthorized)
	}
	return nil, e
}

// A Throwaway is an app that was made to try something out in. Deleting an app
// deletes its data, so it is only possible for an app that this program made:
// nothing here takes the id of one to delete.
type Throwaway struct{ client *Client }

// NewThrowaway makes an app of this name. AppID in o is not used. The caller
// deletes it.
func NewThrowaway(ctx context.Context, o Options, name string) (*Throwaway, error) {
	o.AppID = "none" // so far
	c, err := New(o)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]string{"integrationName": name})
	if err != nil {
		return nil, err
	}
	m, _, err := c.do(ctx, http.MethodPost, "/v2/apps", "", body)
	if err != nil {
		return nil, fmt.Errorf("make an app: %w", err)
	}
	o.AppID = text(m["id"])
	if c, err = New(o); err != nil {
		return nil, fmt.Errorf("make an app: look in Authomize for one named %q, and delete it by hand: %w", name, err)
	}
	return &Throwaway{c}, nil
}

// Client posts to the app.
func (t *Throwaway) Client() *Client { return t.client }

// Delete deletes the app and its data.
func (t *Throwaway) Delete(ctx context.Context) error {
	if _, _, err := t.client.do(ctx, http.MethodDelete, t.client.app, "", nil); err != nil {
		return fmt.Errorf("delete the app %s that was made to be thrown away; do it by hand: %w", t.client.o.AppID, err)
	}
	return nil
}
