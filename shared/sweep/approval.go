package sweep

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pingone-authomize/shared/staging"
)

// An Approval is what a person says may go: the codes of reasons, or ways of
// being carried with a collection, such as unproven:users. It covers what the
// report of the run lists under them, and nothing else.
type Approval struct {
	Codes  []string  `json:"codes"`
	Reason string    `json:"reason"`
	By     string    `json:"by"` // the caller's ARN, or the local user
	At     time.Time `json:"at"`
}

// CarriedCode is how an approval names what is carried.
func CarriedCode(way staging.Carried, c staging.Collection) string {
	return string(way) + ":" + string(c)
}

// ParseCarried reads a CarriedCode; false for another text.
func ParseCarried(code string) (staging.Carried, staging.Collection, bool) {
	way, name, ok := strings.Cut(code, ":")
	c, err := staging.ParseCollection(name)
	if !ok || err != nil || WayOf(staging.Carried(way)) == nil {
		return "", "", false
	}
	return staging.Carried(way), c, true
}

// Check returns an error that names every fault: no code, one that there is
// not or that nobody may approve, no reason.
func (a *Approval) Check() error {
	var faults []error
	if len(a.Codes) == 0 {
		faults = append(faults, errors.New("no code is given: name those that the report of the run lists"))
	}
	for _, code := range a.Codes {
		faults = append(faults, checkCode(code))
	}
	if strings.TrimSpace(a.Reason) == "" {
		faults = append(faults, errors.New("no reason is given: say why this may go, for whoever asks later"))
	}
	return errors.Join(faults...)
}

func checkCode(code string) error {
	if way, _, ok := ParseCarried(code); ok {
		if w := WayOf(way); !w.Approvable {
			return fmt.Errorf("%s can't be approved: %s", code, w.Do)
		}
		return nil
	}
	rule := RuleOf(Code(code))
	switch {
	case rule == nil:
		return fmt.Errorf("there is no code %q: the report of the run lists those that can be approved", code)
	case !rule.Approvable:
		return fmt.Errorf("%s can't be approved: %s", code, rule.Do)
	}
	return nil
}
