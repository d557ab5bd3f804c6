package staging

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/pingone"
)

const manifestVersion = 1

// A Manifest says what of a collection is staged in a run and where to go on.
// It is the only object of a collection that changes. Whoever holds a [Writer]
// keeps Terms, Environments, Progress, Unread, Gone, Slices, Short, Coverage,
// Recounts, Proven, HeadCounts, Devices, Memo, Calls, Retries, Throttled and ElapsedMs; the Writer
// keeps the rest.
type Manifest struct {
	Version    int        `json:"version"` // of this form: 1
	Run        RunID      `json:"run"`
	Collection Collection `json:"collection"`
	Terms
	Environments []pingone.ID `json:"environments"`
	StartedAt    time.Time    `json:"startedAt"`
	UpdatedAt    time.Time    `json:"updatedAt"` // never before an earlier one

	// Planning is the making of the plan, as far as it is; nil before it was
	// begun and once it has ended.
	Planning *Planning `json:"planning,omitempty"`
	// Plan lists the objects of the work list, in order; empty until it is
	// whole. A work list without tasks is one object with none.
	Plan     []PlanObject `json:"plan,omitempty"`
	Parts    []Part       `json:"parts"`
	Progress Progress     `json:"progress"`
	Unread   []Unread     `json:"unread,omitempty"`
	Gone     int          `json:"gone"` // children deleted while they were read
	// Slices count how the children of each slice were answered.
	Slices []Slice `json:"slices,omitempty"`
	// Short are the lists that are not whole.
	Short []Short `json:"short,omitempty"`
	// Coverage says how much of what is not read in every run is known.
	Coverage []Coverage `json:"coverage,omitempty"`
	// Recounts are the users of populations that were counted again after they
	// were read one by one, and read again where there were more.
	Recounts []Recount `json:"recounts,omitempty"`
	// Proven are those of earlier runs that no page held and that PingOne, asked
	// for each by its id, does not have: they are gone.
	Proven []pingone.ID `json:"proven,omitempty"`
	// HeadCounts are the environments whose users could be compared with PingOne's
	// own head count.
	HeadCounts []pingone.ID `json:"headCounts,omitempty"`
	// Devices is there if the run reads the MFA devices of users. Their replies
	// are no records: these stay the users.
	Devices *Devices `json:"devices,omitempty"`
	// Memo is what who planned wants to find again; nobody else looks into it.
	Memo jsontext.Value `json:"memo,omitzero"`

	// Sums over all invocations that committed.
	Calls     int64 `json:"calls"`
	Retries   int64 `json:"retries"`
	Throttled int64 `json:"throttled"`
	ElapsedMs int64 `json:"elapsedMs"`

	Pages    int  `json:"pages"`   // replies in Parts
	Records  int  `json:"records"` // resources in Parts
	Complete bool `json:"complete"`
}

// Terms are what whoever asked for a run said of it. A collection keeps those
// that it was begun under, so that they hold however the run goes on.
type Terms struct {
	// Narrowed tells that only some of the environments were to be read: what
	// the run does not hold says nothing about what there is.
	Narrowed bool `json:"narrowed,omitzero"`
	// DryRun tells that nothing of the run is ever to be posted.
	DryRun bool `json:"dryRun,omitzero"`
}

// A Part is one staged object that counts.
type Part struct {
	Name     string `json:"name"`     // the last segment of its key
	SHA256   string `json:"sha256"`   // of the object, in hex
	Bytes    int64  `json:"bytes"`    // compressed
	RawBytes int64  `json:"rawBytes"` // before compression
	Replies  int    `json:"replies"`
	Records  int    `json:"records"`
}

// A PlanObject is one object of a work list.
type PlanObject struct {
	Name     string `json:"name"`
	SHA256   string `json:"sha256"`
	RawBytes int64  `json:"rawBytes"`
	Tasks    int    `json:"tasks"`
}

// Progress says which tasks of the plan are finished. Tasks are counted from 0
// over the whole plan.
type Progress struct {
	Before int        `json:"before"`         // all tasks below this one are finished
	Done   []int      `json:"done,omitempty"` // and so are these
	Open   []OpenTask `json:"open,omitempty"` // these were begun
	// Again are those of the finished that are to be asked once more at the
	// end: they were refused, or left out because others were.
	Again []Range `json:"again,omitempty"`
}

// A Range is the tasks from From on, below To.
type Range struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// An OpenTask was begun and goes on at Next.
type OpenTask struct {
	Task  int    `json:"task"`
	Next  string `json:"next"`  // the cursor of the first page that is not staged
	Pages int    `json:"pages"` // staged so far
	// Part is how many parts there were when it was begun: none of these holds
	// a page of it.
	Part int `json:"part,omitzero"`
	// Records are those of the pages.
	Records int `json:"records"`
	// Restarted tells that the list was begun again: PingOne no longer took a
	// cursor. What it showed before is staged as well.
	Restarted bool `json:"restarted,omitzero"`
}

// A Slice counts the child collections of one sort in one environment, such
// as the members of its groups.
type Slice struct {
	Environment pingone.ID `json:"environment"`
	Parent      string     `json:"parent"` // kind: user, group, …
	List        string     `json:"list"`   // what was asked for: users, groups, roleAssignments
	Asked       int        `json:"asked"`
	Read        int        `json:"read"`    // records, of the lists that were read to their end
	Gone        int        `json:"gone"`    // the parent was deleted meanwhile: both it and the list answered 404
	Refused     int        `json:"refused"` // answered with another refusal, or not asked for since
}

// A Short is a list that came shorter than PingOne says it is, before and
// after it was read: some of it is not visible to the worker application, or
// was missed.
type Short struct {
	Environment pingone.ID `json:"environment"`
	Parent      Parent     `json:"parent"`
	List        string     `json:"list"` // users or groups
	Expected    int        `json:"expected"`
	Read        int        `json:"read"`
}

// A Recount is how many users a population has after they were read.
type Recount struct {
	Environment pingone.ID `json:"environment"`
	Population  pingone.ID `json:"population"`
	Users       int        `json:"users"`
}

// Devices says how the MFA devices of users were read. How many users were
// asked for and refused is in the Slices of the list devices.
type Devices struct {
	// Planned is set once the plan holds the users who are asked for.
	Planned bool `json:"planned"`
	// Refused are the devices that could not be read, one entry for each
	// environment and status. What is missing is no access, so it holds no
	// sweep.
	Refused []Unread `json:"refused,omitempty"`
}

// Coverage says of how many users of an environment the roles are known.
type Coverage struct {
	Environment pingone.ID `json:"environment"`
	Users       int        `json:"users"`
	// Known are those whose last reading is not older than it may be.
	Known int `json:"known"`
	// Oldest is the time of the oldest reading that the run relies on, to the
	// second; zero if there is none.
	Oldest time.Time `json:"oldest,omitzero"`
}

// Codes of Unread entries that are not PingOne's own, and that decide what is
// done about them.
const (
	// StillReading: another run is reading it just now.
	StillReading = "STILL_READING"
	// KeptLost: what earlier runs kept of it was replaced or damaged meanwhile.
	KeptLost = "KEPT_LOST"
	// ManyMissing: users that are missing and more than are asked for one by
	// one. A person may overrule it.
	ManyMissing = "MANY_MISSING"
)

// An Unread is a slice that PingOne refuses for good.
type Unread struct {
	Environment pingone.ID `json:"environment,omitzero"`
	Path        string     `json:"path"`
	Parent      *Parent    `json:"parent,omitzero"`
	Status      int        `json:"status"`
	Code        string     `json:"code"` // PingOne's, as sent
	Message     string     `json:"message"`
	// CorrelationID is for PingOne's support; "" if PingOne sent none, or
	// refused nothing.
	CorrelationID string `json:"correlationId,omitzero"`
	Skipped       int    `json:"skipped"` // children that were not asked for because of it
	// Missing tells that no list was refused: it is about what earlier runs
	// posted and no list holds any more, and that could not be proven to be gone.
	// A person may know that it is.
	Missing bool `json:"missing,omitzero"`
}

// A Complete is what complete.json holds. All of it follows from the manifest,
// so that writing it twice writes the same.
type Complete struct {
	Run        RunID      `json:"run"`
	Collection Collection `json:"collection"`
	Terms
	Environments   []pingone.ID `json:"environments"`
	Parts          int          `json:"parts"`
	Pages          int          `json:"pages"`
	Records        int          `json:"records"`
	RawBytes       int64        `json:"rawBytes"`
	Bytes          int64        `json:"bytes"`
	Unread         []Unread     `json:"unread,omitempty"`
	Short          []Short      `json:"short,omitempty"`
	Coverage       []Coverage   `json:"coverage,omitempty"`
	Gone           int          `json:"gone"`
	Calls          int64        `json:"calls"`
	Retries        int64        `json:"retries"`
	Throttled      int64        `json:"throttled"`
	ElapsedMs      int64        `json:"elapsedMs"`
	StartedAt      time.Time    `json:"startedAt"`
	CompletedAt    time.Time    `json:"completedAt"`
	ManifestSHA256 string       `json:"manifestSha256"` // of the manifest's bytes, in hex
}

// LoadManifest reads the manifest of a collection, complete or not, for those
// who only look. ErrNotFound means that nothing was committed yet, ErrCorrupt
// that it contradicts itself.
func LoadManifest(ctx context.Context, store Store, run RunID, c Collection) (*Manifest, error) {
	m, _, err := loadManifest(ctx, store, run, c)
	return m, err
}

func loadManifest(ctx context.Context, store Store, run RunID, c Collection) (*Manifest, Object, error) {
	key := ManifestKey(run, c)
	object, err := store.Get(ctx, key)
	if err != nil {
		return nil, Object{}, fmt.Errorf("load manifest: %w", err)
	}
	m, err := decodeManifest(object.Data, run, c)
	if err != nil {
		return nil, Object{}, fmt.Errorf("%s: %w", key, err)
	}
	return m, object, nil
}

func encode(v any) ([]byte, error) {
	// Messages come from outside; a broken letter in one must not stop a run.
	return json.Marshal(v, jsontext.AllowInvalidUTF8(true))
}

func decodeManifest(data []byte, run RunID, c Collection) (*Manifest, error) {
	m := new(Manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("manifest is not readable (%d bytes), start another run: %w", len(data), ErrCorrupt)
	}
	if m.Version != manifestVersion {
		return nil, fmt.Errorf("manifest has version %d and this program knows %d: use the program that wrote it, or start another run", m.Version, manifestVersion)
	}
	if err := m.check(run, c); err != nil {
		return nil, fmt.Errorf("manifest contradicts itself, start another run: %w: %w", err, ErrCorrupt)
	}
	return m, nil
}

var errNegative = errors.New("a count is negative")

func (m *Manifest) check(run RunID, c Collection) error {
	if m.Run != run || m.Collection != c {
		return fmt.Errorf("it is of %q in run %q", m.Collection, m.Run)
	}
	if err := m.checkParts(); err != nil {
		return err
	}
	if err := checkPlan(m.Plan); err != nil {
		return err
	}
	if p := m.Planning; p != nil {
		if len(m.Plan) > 0 || p.Drafts < 0 {
			return errors.New("it has a plan and is still planning, or has an impossible number of drafts")
		}
		if err := checkPlan(p.Plan); err != nil {
			return err
		}
	}
	least := min(int64(m.Progress.Before), int64(m.Gone), m.Calls, m.Retries, m.Throttled, m.ElapsedMs)
	for _, n := range m.Progress.Done {
		least = min(least, int64(n))
	}
	for _, o := range m.Progress.Open {
		least = min(least, int64(o.Task), int64(o.Pages), int64(o.Part), int64(len(m.Parts)-o.Part))
	}
	for _, a := range m.Progress.Again {
		least = min(least, int64(a.From), int64(a.To-a.From))
	}
	if least < 0 {
		return errNegative
	}
	return nil
}

func (m *Manifest) checkParts() error {
	var pages, records, last int
	for _, p := range m.Parts {
		n := numberOf(partPrefix, p.Name)
		if n <= last {
			return fmt.Errorf("part %q is misnamed or out of order", p.Name)
		}
		if !isSum(p.SHA256) || !isRawSize(p.RawBytes) || p.Bytes < 0 || min(p.Replies, p.Records) < 0 {
			return fmt.Errorf("part %s has an impossible size, count or sum", p.Name)
		}
		pages, records, last = pages+p.Replies, records+p.Records, n
	}
	if pages != m.Pages || records != m.Records {
		return fmt.Errorf("its parts hold %d pages and %d records, its totals say %d and %d", pages, records, m.Pages, m.Records)
	}
	return nil
}

func checkPlan(plan []PlanObject) error {
	last := 0
	for _, p := range plan {
		n := numberOf(planPrefix, p.Name)
		if n <= last || !isSum(p.SHA256) || !isRawSize(p.RawBytes) || p.Tasks < 0 {
			return fmt.Errorf("plan object %q is misnamed, out of order or impossible", p.Name)
		}
		last = n
	}
	return nil
}

// complete derives complete.json from the bytes of a manifest.
func (m *Manifest) complete(bytes []byte) *Complete {
	c := &Complete{
		Run: m.Run, Collection: m.Collection, Terms: m.Terms, Environments: m.Environments,
		Parts: len(m.Parts), Pages: m.Pages, Records: m.Records,
		Unread: m.Unread, Short: m.Short, Coverage: m.Coverage, Gone: m.Gone,
		Calls: m.Calls, Retries: m.Retries, Throttled: m.Throttled, ElapsedMs: m.ElapsedMs,
		StartedAt: m.StartedAt, CompletedAt: m.UpdatedAt,
		ManifestSHA256: sumOf(bytes),
	}
	for _, p := range m.Parts {
		c.RawBytes += p.RawBytes
		c.Bytes += p.Bytes
	}
	return c
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func isSum(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size
}

func isRawSize(n int64) bool { return n >= 0 && n <= maxRawBytes }
