package staging

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/pingone"
)

const manifestVersion = 2

// Sums are what the manifest and complete.json both say of a collection.
type Sums struct {
	Run        RunID          `json:"run"`
	Collection Collection     `json:"collection"`
	Previous   RunID          `json:"previous,omitzero"` // whose snapshot is carried forward; "" for none
	StartedAt  time.Time      `json:"startedAt"`
	Gone       []Gone         `json:"gone,omitempty"`
	Rights     []Rights       `json:"rights,omitempty"` // oldest first
	Marks      []Mark         `json:"marks,omitempty"`
	Counts     []UserCount    `json:"counts,omitempty"`
	NeverRead  []NeverRead    `json:"neverRead,omitempty"`
	Carried    []CarriedLists `json:"carried,omitempty"` // of what the parts hold
	Pages      int            `json:"pages"`             // replies in the parts
	Records    int            `json:"records"`           // resources in the parts
	Calls      int64          `json:"calls"`             // these four over all invocations that committed
	Retries    int64          `json:"retries"`
	Throttled  int64          `json:"throttled"`
	ElapsedMs  int64          `json:"elapsedMs"`
}

// A Manifest says what of a collection is staged in a run and where to go on. The
// [Writer] sets Version, Run, Collection, StartedAt, UpdatedAt, Plan, Parts,
// Pages, Records and Complete; whoever holds it sets the rest.
type Manifest struct {
	Version int `json:"version"` // of this form: 2
	Sums
	UpdatedAt  time.Time   `json:"updatedAt"`           // never before an earlier one
	AnsweredAt time.Time   `json:"answeredAt,omitzero"` // when PingOne last answered anything: an outage counts from here
	Plan       *PlanObject `json:"plan,omitzero"`       // nil until it is written
	Phase      Phase       `json:"phase"`
	Progress   Progress    `json:"progress"`       // of reading
	Carry      int         `json:"carry,omitzero"` // replies of the previous snapshot that were gone through
	Asked      int         `json:"asked,omitzero"` // items and ties that were asked for
	Parts      []Part      `json:"parts"`
	Complete   bool        `json:"complete"`
}

// A Phase is a step of reading a collection.
type Phase string

// The phases, in their order.
const (
	PhaseRead  Phase = "read"  // the lists of the plan
	PhaseCarry Phase = "carry" // forward what was not read
	PhaseAsk   Phase = "ask"   // for what is absent
	PhaseSeal  Phase = "seal"  // what the next run compares itself with
)

var phases = []Phase{PhaseRead, PhaseCarry, PhaseAsk, PhaseSeal}

// A Stored is an object of lines, as the manifest names it.
type Stored struct {
	Name     string `json:"name"`     // the last segment of its key
	SHA256   string `json:"sha256"`   // of the object, in hex
	Bytes    int64  `json:"bytes"`    // compressed
	RawBytes int64  `json:"rawBytes"` // before compression
}

// A Part is one staged object that counts.
type Part struct {
	Stored
	Replies int `json:"replies"`
	Records int `json:"records"`
}

// A PlanObject is the plan.
type PlanObject struct {
	Stored
	Lists int `json:"lists"`
}

// Progress says how the lists of the plan ended, in its order; those behind the
// last stretch were not read yet.
type Progress struct {
	Lists []Stretch  `json:"lists,omitempty"`
	Open  []OpenList `json:"open,omitempty"` // these were begun
}

// A Stretch is lists in a row that ended alike.
type Stretch struct {
	To int    `json:"to"` // the first list behind them
	Is Ending `json:"is,omitzero"`
}

// An Ending says how a list ended: one of these, or a Carried; "" if it has not.
type Ending string

// The endings that are no reason to carry a list.
const (
	Whole    Ending = "whole"    // read to its end, nothing lacks
	Deferred Ending = "deferred" // it is asked for once more when all others are read
)

// Reason is why a list is carried that ended so; "" if it is not.
func (e Ending) Reason() Carried {
	if e == Whole || e == Deferred {
		return ""
	}
	return Carried(e)
}

// Ended yields the lists that ended, counted from 0, and how.
func (p *Progress) Ended() iter.Seq2[int, Ending] {
	return func(yield func(int, Ending) bool) {
		from := 0
		for _, s := range p.Lists {
			for i := from; i < s.To; i++ {
				if s.Is != "" && !yield(i, s.Is) {
					return
				}
			}
			from = s.To
		}
	}
}

// An OpenList was begun and goes on at Next.
type OpenList struct {
	List    int    `json:"list"`
	Next    string `json:"next"`          // the cursor of the first page that is not staged
	Pages   int    `json:"pages"`         // staged so far
	Records int    `json:"records"`       // in these pages
	Part    int    `json:"part,omitzero"` // how many parts there were when it was begun, without a page of it
	// Restarted tells that PingOne no longer took a cursor. What it showed is staged.
	Restarted bool `json:"restarted,omitzero"`
}

// A Gone is an item or tie that is proven gone.
type Gone struct {
	Environment pingone.ID `json:"environment,omitzero"`
	Path        string     `json:"path"`            // of the list that showed it
	Parent      *Parent    `json:"parent,omitzero"` // one end of a tie; nil for an item
	ID          pingone.ID `json:"id"`
	By          Witness    `json:"by"`
}

// A Witness is what makes a thing gone.
type Witness string

// The witnesses.
const (
	WitnessFeed   Witness = "feed"   // a DELETED event of the audit feed
	WitnessRights Witness = "rights" // 404, with no narrower rights than before
	WitnessAnswer Witness = "answer" // PingOne says that the tie is not direct any more
	WitnessEnd    Witness = "end"    // what it belongs to, or one end of the tie, is gone
)

// Rights are what the worker application was allowed at a time.
type Rights struct {
	At   time.Time `json:"at"`
	Read bool      `json:"read"` // false: they could not be read
	Held []Right   `json:"held,omitempty"`
}

// A Right is one role assignment of the worker application.
type Right struct {
	Role      pingone.ID `json:"role"`
	ScopeType string     `json:"scopeType"`
	Scope     pingone.ID `json:"scope"`
}

// A Mark says up to when the audit feed of an environment was read.
type Mark struct {
	Environment pingone.ID `json:"environment"`
	Through     time.Time  `json:"through"`
}

// A UserCount is how many users of an environment PingOne counts, and lists show.
type UserCount struct {
	Environment pingone.ID `json:"environment"`
	Counted     int        `json:"counted"`
	Shown       int        `json:"shown"`
}

// NeverRead counts the lists of an environment that no run has read yet.
type NeverRead struct {
	Environment pingone.ID `json:"environment"`
	Lists       int        `json:"lists"`
}

// MaxCarriedKeys is how many keys CarriedLists names.
const MaxCarriedKeys = 100

// CarriedLists sum up what of an environment was carried forward, by reason and list.
type CarriedLists struct {
	Environment pingone.ID `json:"environment,omitzero"`
	Reason      Carried    `json:"reason"`
	List        string     `json:"list"` // users, groups, roleAssignments, …
	Lists       int        `json:"lists"`
	Items       int        `json:"items"` // single items and ties
	Records     int        `json:"records"`
	Oldest      time.Time  `json:"oldest,omitzero"` // fetchedAt of the oldest
	// The last refusal, as PingOne sent it.
	Status        int      `json:"status,omitzero"`
	Code          string   `json:"code,omitzero"`
	Message       string   `json:"message,omitzero"`
	CorrelationID string   `json:"correlationId,omitzero"`
	Keys          []string `json:"keys,omitempty"` // the first MaxCarriedKeys of [Reply.Key]
}

// LoadManifest reads the manifest of a collection, complete or not, for those
// who only look. ErrNotFound means that nothing was committed yet, ErrCorrupt
// that it is damaged or of another version.
func LoadManifest(ctx context.Context, store Store, run RunID, c Collection) (*Manifest, error) {
	m, _, err := loadManifest(ctx, store, run, c)
	return m, err
}

func loadManifest(ctx context.Context, store Store, run RunID, c Collection) (*Manifest, Object, error) {
	key := manifestKey(run, c)
	object, err := store.Get(ctx, key)
	if err != nil {
		return nil, Object{}, err
	}
	m := new(Manifest)
	err = json.Unmarshal(object.Data, m)
	switch {
	case m.Version != manifestVersion && (m.Version != 0 || err == nil): // another may differ in all that follows
		err = fmt.Errorf("it has version %d, and this program reads %d", m.Version, manifestVersion)
	case err != nil:
		err = fmt.Errorf("its %d bytes can't be decoded", len(object.Data))
	case m.Run != run || m.Collection != c:
		err = fmt.Errorf("it is of %q in run %q", m.Collection, m.Run)
	case !slices.Contains(phases, m.Phase): // nobody would work on it, and it would be sealed unread
		err = fmt.Errorf("it has the phase %q", m.Phase)
	}
	if err != nil {
		return nil, Object{}, fmt.Errorf("%s: %w, start another run: %w", key, err, ErrCorrupt)
	}
	return m, object, nil
}
