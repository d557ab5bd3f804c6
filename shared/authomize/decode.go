package authomize

import (
	"cmp"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// lenient accepts what a reply may hold besides strict JSON, and turns bytes of
// records that are no UTF-8 into U+FFFD.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// fields splits a JSON object; nil if b is something else.
func fields(b []byte) map[string]jsontext.Value {
	var m map[string]jsontext.Value
	if json.Unmarshal(b, &m, lenient) != nil {
		return nil
	}
	return m
}

// text returns a JSON string's text, or "".
func text(v jsontext.Value) string {
	var s string
	_ = json.Unmarshal(v, &s, lenient)
	return s
}

// count reads a whole number from 0, also one that is written as text or as 5.0.
func count(v jsontext.Value) (int, bool) {
	f, err := strconv.ParseFloat(cmp.Or(text(v), v.String()), 64)
	return int(f), err == nil && f == math.Trunc(f) && f >= 0 && f <= math.MaxInt32
}

// instant reads an RFC 3339 time, or milliseconds since 1970. A time without a
// zone is not guessed at: it would decide what a sweep deletes.
func instant(v jsontext.Value) time.Time {
	const earliest, latest = 1e11, 1e14 // 1973, and far ahead
	if ms, ok := strconv.ParseInt(cmp.Or(text(v), v.String()), 10, 64); ok == nil && ms > earliest && ms < latest {
		return time.UnixMilli(ms).UTC()
	}
	t, _ := time.Parse(time.RFC3339Nano, text(v))
	return t.UTC()
}
