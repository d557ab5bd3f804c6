package authomize

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeReceipt(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 0, 123456000, time.UTC)
	tests := []struct {
		name, in string
		want     Receipt
		err      error
	}{
		{name: "all there", in: `{"requestId":"r","numberOfAcceptedEntities":3,"acceptedTimestamp":"2026-11-23T10:00:00.123456+01:00","data":{"validSourceIds":["a"],"invalidSourceIds":["b","c"],"invalidTargetIds":[]},"invalidOwnerIds":["o"]}`,
			want: Receipt{Accepted: 3, AcceptedAt: at, Invalid: []InvalidID{{"invalidOwnerIds", "o"}, {"invalidSourceIds", "b"}, {"invalidSourceIds", "c"}}}},
		{name: "a list that is new", in: `{"numberOfAcceptedEntities":0,"data":{"invalidTeamIds":["t",7]}}`, want: Receipt{Invalid: []InvalidID{{"invalidTeamIds", "t"}, {"invalidTeamIds", "7"}}}},
		{name: "text in place of a list", in: `{"numberOfAcceptedEntities":1,"invalidOwnerIds":"x"}`, want: Receipt{Accepted: 1, Invalid: []InvalidID{{"invalidOwnerIds", "x"}}}},
		{name: "an object in place of a list", in: `{"numberOfAcceptedEntities":1,"data":{"invalidSourceIds":{"a":1}}}`, want: Receipt{Accepted: 1, Invalid: []InvalidID{{"invalidSourceIds", `{"a":1}`}}}},
		{name: "nothing in place of a list", in: `{"numberOfAcceptedEntities":1,"invalidSourceIds":""}`, want: Receipt{Accepted: 1, Invalid: []InvalidID{{"invalidSourceIds", `""`}}}},
		{name: "time in milliseconds", in: `{"numberOfAcceptedEntities":"1","acceptedTimestamp":1764412200500}`, want: Receipt{Accepted: 1, AcceptedAt: time.UnixMilli(1764412200500).UTC()}},
		{name: "time in seconds", in: `{"numberOfAcceptedEntities":1.0,"acceptedTimestamp":1764412200}`, want: Receipt{Accepted: 1}},
		{name: "time without zone", in: `{"numberOfAcceptedEntities":1,"acceptedTimestamp":"2026-11-23T10:00:00.123456"}`, want: Receipt{Accepted: 1}},
		{name: "no count", in: `{"requestId":"r"}`, err: ErrBadReceipt},
		{name: "negative count", in: `{"numberOfAcceptedEntities":-1}`, err: ErrBadReceipt},
		{name: "count as text", in: `{"numberOfAcceptedEntities":"1"}`, want: Receipt{Accepted: 1}},
		{name: "count with a fraction of nothing", in: `{"numberOfAcceptedEntities":5.0}`, want: Receipt{Accepted: 5}},
		{name: "count with a fraction", in: `{"numberOfAcceptedEntities":5.5}`, err: ErrBadReceipt},
		{name: "HTML", in: `<html>`, err: ErrBadReceipt},
	}
	for _, tt := range tests {
		got, err := decodeReceipt(fields([]byte(tt.in)))
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: got err %v; want %v", tt.name, err, tt.err)
		}
		slices.SortStableFunc(got.Invalid, func(a, b InvalidID) int { return strings.Compare(a.List, b.List) })
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestDecodeFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []fault
	}{
		{"integer position", `{"detail":[{"loc":["body","data",17,"email"],"msg":"x","type":"value_error.email"}]}`, []fault{{17, "email", "value_error.email", false}}},
		{"text position", `{"detail":[{"loc":["body","data","17","email"],"msg":"x","type":"value_error.email"}]}`, []fault{{17, "email", "value_error.email", false}}},
		{"inner positions are left out", `{"detail":[{"loc":["body","data",3,"customProperties",0,"value"],"type":"value_error.any_str.max_length"}]}`, []fault{{3, "customProperties", "value_error.any_str.max_length", false}}},
		{"the list itself", `{"detail":[{"loc":["body","data"],"type":"value_error.list.min_items"}]}`, []fault{{-1, "", "value_error.list.min_items", false}}},
		{"a position in the bytes", `{"detail":[{"type":"json_invalid","loc":["body",47],"msg":"JSON decode error"}]}`, []fault{{-1, "", "json_invalid", true}}},
		{"a position in the bytes, of another type", `{"detail":[{"type":"t","loc":["body",47]}]}`, []fault{{-1, "", "t", true}}},
		{"bytes without a position", `{"detail":[{"type":"value_error.jsondecode","loc":["body"]}]}`, []fault{{-1, "", "value_error.jsondecode", true}}},
		{"a number that is not after data", `{"detail":[{"type":"t","loc":["body","other",3,"email"]}]}`, []fault{{-1, "", "t", false}}},
		{"nothing but an empty object", `{"detail":[{}]}`, []fault{{-1, "", "unknown", false}}},
		{"values are left out", `{"detail":[{"loc":["body","data",1,"jane@example.com"],"type":"Jane Doe"}]}`, []fault{{1, "", "unknown", false}}},
		{"plain text", `{"detail":"jane@example.com is bad"}`, nil},
		{"odd entries", `{"detail":[1,null,"x",[]]}`, nil},
	}
	for _, tt := range tests {
		if got := decodeFaults(fields([]byte(tt.in))["detail"]); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %+v; want %+v", tt.name, got, tt.want)
		}
	}
}

func FuzzReplies(f *testing.F) {
	f.Add([]byte(`{"requestId":"r","numberOfAcceptedEntities":3,"acceptedTimestamp":"2026-11-23T10:00:00+00:00","data":{"invalidSourceIds":["b"]},"invalidOwnerIds":[null,{}]}`))
	f.Add([]byte(`{"detail":[{"loc":["body","data",17,"email"],"msg":"x","type":"value_error.email"}]}`))
	f.Add([]byte(`{"detail":[{"loc":["body","data","-1",7,"a b"],"type":"jane@example.com"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeReceipt(fields(b))
		if err != nil && (!errors.Is(err, ErrBadReceipt) || r.Invalid != nil) || r.Accepted < 0 || r.AcceptedAt.Location() != time.UTC {
			t.Errorf("got %+v, %v", r, err)
		}
		for _, id := range r.Invalid {
			if id.ID == "" || !strings.HasPrefix(id.List, "invalid") {
				t.Errorf("got %+v", id)
			}
		}
		e := newError("POST", "/p", &http.Response{StatusCode: 422}, b)
		for _, fault := range e.faults {
			if fault.index < -1 || fault.kind == "" || strings.ContainsAny(fault.field+fault.kind, "@ \n\"") {
				t.Errorf("got %+v", fault)
			}
		}
		if strings.Contains(e.Error(), "@") {
			t.Errorf("got %v", e)
		}
	})
}

func TestCutoff(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	one, two, none := at.Add(time.Minute), at.Add(2*time.Minute), time.Time{}
	for _, tc := range []struct{ accepted, sent, date, want time.Time }{
		{at, one, two, at.Add(-10 * time.Minute)},
		{two, at, one, at.Add(-10 * time.Minute)},
		{one, two, at, at.Add(-10 * time.Minute)},
		{two, one, none, at.Add(-9 * time.Minute)},
		{none, one, two, none},
		{one, none, two, none},
	} {
		if got := Cutoff(tc.accepted, tc.sent, tc.date); !got.Equal(tc.want) {
			t.Errorf("%v %v %v: got %v; want %v", tc.accepted, tc.sent, tc.date, got, tc.want)
		}
	}
}
