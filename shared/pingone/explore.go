package pingone

import (
	"context"
	"fmt"
	"iter"
	"net/http"
)

// exploration asks for the devices of all users that may use MFA: user and state,
// no phone number or name. The template is the only one that there is (PingOne
// documentation, "MFA reports"); sync is a text there.
const exploration = `{"dataExplorationTemplate":{"id":"db632bfd-7054-4bde-b108-a384aac2d513"},` +
	`"fields":[{"name":"userId"},{"name":"deviceStatus"}],` +
	`"filter":"(mfaEnabled eq \"true\")","deliverAs":"ENTRIES","sync":"true"}`

// An Entry is a row of an exploration of MFA data. Whether a user has a row for
// each device, and whether one without a device has a row, is not documented.
type Entry struct {
	UserID       ID     `json:"userId,omitzero"`
	DeviceStatus string `json:"deviceStatus,omitzero"`
}

// Explorations is the list that Explore makes and reads. With it Pages goes on
// behind a page of Explore, while PingOne holds the exploration: for minutes.
func Explorations(env ID) List {
	return List{Path: EnvironmentPath(env) + "/" + ExplorationsName, Query: "expand=entries&" + pageLimit, Key: EntriesKey}
}

// Explore has PingOne look up the MFA devices of an environment, and yields the
// rows, up to 1,000 a page: items of type Entry under EntriesKey, whose IDs are
// those of the users. The data may be 15 minutes old. The first error ends the
// sequence; where PingOne has no MFA, or the worker no role for it, it is an
// *Error of status 400, 403 or 404. Asking twice changes nothing.
func (c *Client) Explore(ctx context.Context, env ID) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		list, err := c.explore(ctx, env)
		if err != nil {
			yield(Page{}, err)
			return
		}
		for page, err := range c.Pages(ctx, list, "") {
			if err == nil {
				page.IDs = usersOf(page.Body)
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

// explore makes an exploration and returns the list of its rows. Those that the
// reply shows may not be all, and are read with the others.
func (c *Client) explore(ctx context.Context, env ID) (List, error) {
	page, err := c.send(ctx, http.MethodPost, Explorations(env).first(), []byte(exploration))
	if err != nil {
		return List{}, err
	}
	made, err := One[Member](page.Body)
	if err != nil || made.ID.IsZero() {
		return List{}, fmt.Errorf("pingone: POST %s: %w: no id of an exploration in it", page.Path, ErrBadPage)
	}
	return List{Path: ItemPath(env, ExplorationsName, made.ID) + "/" + EntriesKey, Query: pageLimit, Key: EntriesKey}, nil
}

// usersOf returns the users that a page's rows are about, in order.
func usersOf(body []byte) []ID {
	var d Decoder[Entry]
	entries, _, _ := d.Items(body, EntriesKey)
	ids := make([]ID, len(entries))
	for i, e := range entries {
		ids[i] = e.UserID
	}
	return ids
}
