package pingonetest

import (
	"regexp"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/pingone"
)

const (
	mfaTemplate = "db632bfd-7054-4bde-b108-a384aac2d513"
	entriesPage = 1000
	// mostExplorations bounds what a long run adds up to.
	mostExplorations = 32
)

var (
	exploreFields = []string{"userId", "username", "phone", "deviceStatus", "deviceId", "deviceType"}
	exploreFilter = regexp.MustCompile(`^\((?:deviceType eq "([A-Z0-9]+)"|mfaEnabled eq "(true|false)")\)$`)
)

// An exploration is what was found for one request, as it was then.
type exploration struct {
	id     pingone.ID
	env    pingone.ID
	at     time.Time
	filter string
	fields []string
	rows   []row
}

// A row is a device, or a user without one.
type row struct {
	user   pingone.ID
	name   string
	device Device
}

// An exploreRequest is the body of the request, of which nothing may differ.
type exploreRequest struct {
	Template struct {
		ID string `json:"id"`
	} `json:"dataExplorationTemplate"`
	Fields []struct {
		Name string `json:"name"`
	} `json:"fields"`
	Filter    string `json:"filter"`
	DeliverAs string `json:"deliverAs"`
	Sync      string `json:"sync"`
}

// makeExploration finds devices. With expand=entries, which needs sync, it shows
// the first rows.
func makeExploration(c *call) error {
	x, err := c.readExploration()
	if err != nil {
		return err
	}
	l, err := c.paged("entries", entriesPage, entriesPage)
	if err != nil {
		return err
	}
	c.s.store(x)
	l.count = len(x.rows)
	l.take(indexesAfter(l.after, len(x.rows)))
	self := "/v1/environments/" + x.env.String() + "/dataExplorations/" + x.id.String()
	c.path = self + "/entries" // where the next page is
	c.open()
	c.object("_links")
	c.link("self", c.s.public, self)
	c.link("entries", c.s.public, self, "/entries")
	if next := c.next(l); next != "" {
		c.key("next")
		c.open()
		c.text("href", next)
		c.close('}')
	}
	c.close('}')
	c.id("id", x.id)
	c.ref("environment", x.env)
	c.object("dataExplorationTemplate")
	c.text("id", mfaTemplate)
	c.close('}')
	c.text("filter", x.filter)
	c.text("deliverAs", "ENTRIES")
	c.text("status", "SUCCESS")
	c.when("createdAt", x.at)
	c.object("_embedded")
	c.array("entries")
	c.rows(x, l)
	c.end(l)
	return nil
}

func listEntries(c *call) error {
	x := c.s.exploration(c.ids[1])
	if x == nil || x.env != c.env.ID {
		return notFound()
	}
	l, err := c.paged("entries", entriesPage, entriesPage)
	if err != nil {
		return err
	}
	l.count = len(x.rows)
	l.take(indexesAfter(l.after, len(x.rows)))
	c.begin(l)
	c.rows(x, l)
	c.end(l)
	return nil
}

// readExploration checks the request and looks the devices up.
func (c *call) readExploration() (*exploration, error) {
	var in exploreRequest
	err := json.UnmarshalRead(c.r.Body, &in, json.RejectUnknownMembers(true))
	m := exploreFilter.FindStringSubmatch(in.Filter)
	problem := ""
	switch expand, _ := c.param("expand"); {
	case c.r.Header.Get("Content-Type") != "application/json":
		problem = "its body must be JSON"
	case err != nil:
		problem = "its body: " + err.Error()
	case in.Template.ID != mfaTemplate:
		problem = "template " + in.Template.ID
	case len(in.Fields) == 0 || m == nil:
		problem = "no fields, or filter " + in.Filter
	case in.DeliverAs != "ENTRIES" || in.Sync != "true" || expand != "entries":
		problem = "only entries in the reply are served"
	}
	x := &exploration{env: c.env.ID, at: c.s.org.now(), filter: in.Filter}
	for _, f := range in.Fields {
		if !slices.Contains(exploreFields, f.Name) {
			problem = "field " + f.Name
		}
		x.fields = append(x.fields, f.Name)
	}
	if problem != "" {
		c.s.violate("POST %s: %s", c.r.URL.Path, problem)
		return nil, invalid("body", "INVALID_VALUE")
	}
	c.explore(x, m[1], m[2])
	return x, nil
}

// explore finds the rows of a filter: devices of a type, or of users who may or may
// not use MFA.
func (c *call) explore(x *exploration, kind, enabled string) {
	for i := range c.env.Users {
		u := &c.env.Users[i]
		if !c.s.org.isUser(c.env, u) || enabled != "" && u.MFAEnabled != (enabled == "true") {
			continue
		}
		found := false
		for _, d := range c.env.Devices[u.ID] {
			found = true
			if kind == "" || d.Type == kind {
				x.rows = append(x.rows, row{u.ID, u.Username, d})
			}
		}
		if !found && kind == "" && c.s.set.rowWithoutDevice {
			x.rows = append(x.rows, row{user: u.ID, name: u.Username})
		}
	}
}

// rows writes a page of rows: the fields that were asked for and have a value.
func (c *call) rows(x *exploration, l *listing) {
	for _, i := range l.positions {
		r := &x.rows[i]
		if c.loses(r.user) {
			continue
		}
		values := map[string]string{
			"userId": r.user.String(), "username": r.name, "phone": r.device.Phone,
			"deviceStatus": r.device.Status, "deviceId": r.device.ID.String(), "deviceType": r.device.Type,
		}
		c.open()
		for _, f := range x.fields {
			c.text(f, values[f])
		}
		c.close('}')
	}
}

// store gives an exploration its id.
func (s *Server) store(x *exploration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.id = StableID("exploration", x.env.String(), x.at.String(), randomText())
	s.explored = append(s.explored[max(0, len(s.explored)-mostExplorations+1):], x)
}

func (s *Server) exploration(id pingone.ID) *exploration {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.explored {
		if x.id == id {
			return x
		}
	}
	return nil
}
