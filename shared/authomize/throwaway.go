package authomize

import (
	"context"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Throwaway is an app that was made to try something out in. Deleting an app
// deletes its data, so it is only possible for an app that this program made:
// nothing here takes the id of one to delete.
type Throwaway struct {
	// ID is the app's, as Authomize shows it.
	ID     string
	client *Client
}

// NewThrowaway makes an app of this name. AppID in o is not used. The caller
// deletes it.
func NewThrowaway(ctx context.Context, o Options, name string) (*Throwaway, error) {
	o.AppID = "none" // replaced below
	c, err := New(o)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]string{"integrationName": name})
	if err != nil {
		return nil, err
	}
	reply, err := c.do(ctx, http.MethodPost, "/v2/apps", "", body)
	if err != nil {
		return nil, fmt.Errorf("make an app: %w", err)
	}
	o.AppID = text(fields(reply.body)["id"])
	if o.AppID == "" {
		return nil, fmt.Errorf("make an app: %w: it names no id; look in Authomize for one named %q, and delete it by hand", ErrBadReceipt, name)
	}
	if c, err = New(o); err != nil {
		return nil, err
	}
	return &Throwaway{ID: o.AppID, client: c}, nil
}

// Client posts to the app.
func (t *Throwaway) Client() *Client { return t.client }

// Delete deletes the app and its data.
func (t *Throwaway) Delete(ctx context.Context) error {
	if _, err := t.client.do(ctx, http.MethodDelete, t.client.app, "", nil); err != nil {
		return fmt.Errorf("delete the app %s that was made to be thrown away; do it by hand: %w", t.ID, err)
	}
	return nil
}

// Keys reads back what the app holds of a kind, as the keys of Record. The
// API has no paging here: replies of more than 4 MiB are refused, so this is
// for apps that hold little.
func (c *Client) Keys(ctx context.Context, kind Kind) ([]string, error) {
	path := c.pathOf(kind)
	if path == "" {
		return nil, fmt.Errorf("authomize: there is no kind of record %q", kind)
	}
	reply, err := c.do(ctx, http.MethodGet, c.app+path, "", nil)
	if err != nil {
		return nil, err
	}
	var list []jsontext.Value
	if json.Unmarshal(fields(reply.body)["data"], &list, lenient) != nil {
		return nil, fmt.Errorf("read back %s: %w: there is no list in it", kind, ErrBadReceipt)
	}
	keys := make([]string, len(list))
	for i, v := range list {
		keys[i] = keyOf(kind, v)
	}
	return keys, nil
}

// keyOf is the key of a record that was read back.
func keyOf(kind Kind, record jsontext.Value) string {
	m := fields(record)
	get := func(name string) string { return text(m[name]) }
	switch kind {
	case Permissions:
		return Permission{SourceUniqueID: get("sourceUniqueId"), PrivilegeID: get("privilegeId"), AssetID: get("assetId")}.Key()
	case PrivilegeGrants, AssetInheritances, GroupingAssociations, AccountAssociations:
		return AccountAssociation{SourceID: get("sourceId"), TargetID: get("targetId")}.Key()
	case Users, ServiceAccounts, Groupings, Privileges, Assets:
	}
	return get("uniqueId")
}
