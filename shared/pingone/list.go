package pingone

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// PageSize is asked for where there is paging: the most that /users and
// /groups take. Pages may come shorter all the same.
const PageSize = 1000

const pageLimit = "limit=1000"

// A List is a collection of PingOne, as it is asked for.
type List struct {
	Path  string // from /v1/ on
	Query string // encoded, "" for none
	Key   string // its name under _embedded
}

func (l List) first() string {
	if l.Query == "" {
		return l.Path
	}
	return l.Path + "?" + l.Query
}

// Environments lists those that the worker application may read.
func Environments() List {
	return List{Path: "/v1/environments", Query: pageLimit, Key: "environments"}
}

// EnvironmentPath is the path of one environment.
func EnvironmentPath(env ID) string { return "/v1/environments/" + env.String() }

// OrganizationPath is the path of one organization.
func OrganizationPath(org ID) string { return "/v1/organizations/" + org.String() }

// Populations lists an environment's populations.
func Populations(env ID) List { return paged(env, "populations") }

// UsersOf lists an environment's users.
func UsersOf(env ID) List { return paged(env, "users") }

// UsersIn lists the users of a population.
func UsersIn(env, population ID) List {
	return UsersOf(env).filtered(fmt.Sprintf(`population.id eq "%s"`, population))
}

// UsersUpdatedSince lists the users that changed since a time. Whether PingOne
// takes this filter is not settled: its documentation says both.
func UsersUpdatedSince(env ID, since time.Time) List {
	return UsersOf(env).filtered(fmt.Sprintf(`updatedAt gt "%s"`, since.UTC().Format(time.RFC3339)))
}

// GroupsOf lists an environment's groups.
func GroupsOf(env ID) List { return paged(env, "groups") }

// Members lists the users that are direct members of a group.
func Members(env, group ID) List { return UsersOf(env).filtered(directMembersOf(group)) }

// AllMembers lists the users that are members of a group in any way: direct,
// by a dynamic filter, or by a group within it.
func AllMembers(env, group ID) List {
	return UsersOf(env).filtered(fmt.Sprintf(`memberOfGroups[id eq "%s"]`, group))
}

// Children lists the groups that are direct members of a group.
func Children(env, group ID) List { return GroupsOf(env).filtered(directMembersOf(group)) }

// directMembersOf leaves indirect members out: without the type they would
// be mixed in.
func directMembersOf(group ID) string {
	return fmt.Sprintf(`memberOfGroups[id eq "%s" and type eq "DIRECT"]`, group)
}

// BuiltInRoles lists the roles that every organization has. Not paged.
func BuiltInRoles() List { return List{Path: "/v1/roles", Key: "roles"} }

// RolesOf lists an environment's roles, custom ones included. Not paged.
func RolesOf(env ID) List { return unpaged(env, "roles") }

// ApplicationsOf lists an environment's applications. Not paged.
func ApplicationsOf(env ID) List { return unpaged(env, "applications") }

// GatewaysOf lists an environment's gateways. Not paged.
func GatewaysOf(env ID) List { return unpaged(env, "gateways") }

const totalIdentities = "totalIdentities"

// TotalIdentities counts an environment's users on each of some days. Not paged.
func TotalIdentities(env ID, from, to time.Time) List {
	l := unpaged(env, totalIdentities).filtered(fmt.Sprintf(`startDate eq "%s" and endDate eq "%s"`,
		from.UTC().Format(time.DateOnly), to.UTC().Format(time.DateOnly)))
	l.Query = strings.TrimPrefix(l.Query, "&")
	return l
}

// A Principal is a sort of thing that can hold roles, as in its path.
type Principal string

// The principals.
const (
	UserPrincipal        Principal = "users"
	GroupPrincipal       Principal = "groups"
	ApplicationPrincipal Principal = "applications"
	GatewayPrincipal     Principal = "gateways"
)

// RoleAssignmentsOf lists the roles that one principal holds. Not paged.
func RoleAssignmentsOf(env ID, p Principal, id ID) List {
	return List{Path: fmt.Sprintf("%s/%s/%s/roleAssignments", EnvironmentPath(env), p, id), Key: "roleAssignments"}
}

// DevicesKey names the devices of a user, in their path and in the reply.
const DevicesKey = "devices"

// DevicesOf lists the MFA devices of a user. Whether it is paged is not
// documented: no limit is sent, and a next link is followed (PingOne
// documentation, "MFA devices").
func DevicesOf(env, user ID) List {
	return List{Path: fmt.Sprintf("%s/%s/%s/%s", EnvironmentPath(env), UserPrincipal, user, DevicesKey), Key: DevicesKey}
}

func paged(env ID, name string) List {
	l := unpaged(env, name)
	l.Query = pageLimit
	return l
}

func unpaged(env ID, name string) List {
	return List{Path: EnvironmentPath(env) + "/" + name, Key: name}
}

// filtered adds a filter. Spaces become %20: a plus sign is a space to some
// decoders only.
func (l List) filtered(filter string) List {
	l.Query += "&filter=" + strings.ReplaceAll(url.QueryEscape(filter), "+", "%20")
	return l
}

// IsLast tells whether a page of a list names no page after it. What can't be
// decoded does not tell, and is not the last one.
func IsLast(body []byte) bool {
	var in struct {
		Links struct {
			Next Link `json:"next"`
		} `json:"_links"`
	}
	return json.Unmarshal(body, &in, lenient) == nil && in.Links.Next.Href == ""
}

// readList fills in what the page says of its list. A list that is not there is
// not an empty one: ErrBadPage. One that shows fewer items than it tells of is
// ErrContradiction.
func (p *Page) readList(l List, first bool) error {
	var in struct {
		Links struct {
			Next Link `json:"next"`
		} `json:"_links"`
		Embedded map[string]items `json:"_embedded"`
		Count    number           `json:"count"`
		Size     number           `json:"size"`
	}
	if err := json.Unmarshal(p.Body, &in, lenient); err != nil {
		return fmt.Errorf("%w: its JSON has another shape", ErrBadPage)
	}
	list, ok := in.Embedded[l.Key]
	if (!ok || !list.isList) && !saysEmpty(in.Count, in.Size) {
		return fmt.Errorf("%w: no _embedded.%s in it, and no count that says it is empty", ErrBadPage, l.Key)
	}
	only, shown := first && in.Links.Next.Href == "", len(list.ids)
	if told := l.told(in.Size, in.Count, shown, only); shown < told {
		return fmt.Errorf("%w: %d %s, %d shown", ErrContradiction, told, l.Key, shown)
	}
	p.IDs, p.Records, p.Next = list.ids, shown, in.Links.Next.Href
	p.items = p.Body[list.begin:list.end]
	if in.Count.known {
		p.Count = in.Count.n
	}
	return nil
}

// told is how many items a page must show by its size and, if it is the only one,
// by its count. Two counts are others: that of total identities, which counts
// users (PingOne documentation, "Total Identities"), and that of a list that
// comes in pages, which may be wrong ("Read All Users") and is believed only where
// it is not zero and nothing is shown.
func (l List) told(size, count number, shown int, only bool) int {
	paged := strings.HasPrefix(l.Query, "limit=")
	if !only || l.Key == totalIdentities || paged && shown > 0 {
		return size.n
	}
	return max(size.n, count.n)
}

// saysEmpty tells whether one of the two is zero and the other doesn't
// contradict.
func saysEmpty(count, size number) bool {
	return (count.known || size.known) && count.n == 0 && size.n == 0
}

// A number is a count that may be missing. What is none is taken for a
// missing one: pages are not given up for it.
type number struct {
	n     int
	known bool
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (n *number) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	i, err := strconv.Atoi(string(value))
	*n = number{}
	if err == nil && i >= 0 {
		*n = number{n: i, known: true}
	}
	return nil
}

// items are the ids of a list's elements, of which nothing else is decoded, and
// where their text begins and ends.
type items struct {
	isList     bool
	ids        []ID
	begin, end int64
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom. What is no list has no
// items.
func (n *items) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*n = items{} // of two lists of one name the last counts
	if dec.PeekKind() != '[' {
		return dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	n.isList, n.begin = true, dec.InputOffset()
	for dec.PeekKind() != ']' {
		n.ids = append(n.ids, ID{})
		if _, err := readID(dec, &n.ids[len(n.ids)-1]); err != nil {
			return err
		}
	}
	n.end = dec.InputOffset()
	_, err := dec.ReadToken()
	return err
}
