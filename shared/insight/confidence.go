package insight

// A Confidence is how sure a rule is. A path is as sure as its weakest hop.
type Confidence int

// The confidences, the surest last.
const (
	Untested   Confidence = iota + 1 // derived, and not yet tried
	Likely                           // the permissions were seen in recorded replies of PingOne
	Documented                       // PingOne's documents say so
)

// Confidences are all of them, the surest first.
var Confidences = []Confidence{Documented, Likely, Untested}

// ParseConfidence reads what String gives; false for another text.
func ParseConfidence(text string) (Confidence, bool) {
	for _, c := range Confidences {
		if c.String() == text {
			return c, true
		}
	}
	return 0, false
}

// MarshalText is String.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// String is the confidence in one word.
func (c Confidence) String() string {
	return [...]string{"", "untested", "likely", "documented"}[c]
}
