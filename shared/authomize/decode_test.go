package authomize

import (
	"errors"
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
			want: Receipt{RequestID: "r", Accepted: 3, AcceptedAt: at, Invalid: map[string][]string{"invalidSourceIds": {"b", "c"}, "invalidOwnerIds": {"o"}}}},
		{name: "count only", in: `{"numberOfAcceptedEntities":0}`},
		{name: "a list that is new", in: `{"numberOfAcceptedEntities":0,"data":{"invalidTeamIds":["t",7]}}`, want: Receipt{Invalid: map[string][]string{"invalidTeamIds": {"t", "7"}}}},
		{name: "odd data", in: `{"numberOfAcceptedEntities":1,"data":[1],"requestId":7}`, want: Receipt{Accepted: 1}},
		{name: "text in place of a list", in: `{"numberOfAcceptedEntities":1,"invalidOwnerIds":"x"}`, want: Receipt{Accepted: 1, Invalid: map[string][]string{"invalidOwnerIds": {"x"}}}},
		{name: "an object in place of a list", in: `{"numberOfAcceptedEntities":1,"data":{"invalidSourceIds":{"a":1}}}`, want: Receipt{Accepted: 1, Invalid: map[string][]string{"invalidSourceIds": {`{"a":1}`}}}},
		{name: "nothing in place of a list", in: `{"numberOfAcceptedEntities":1,"invalidSourceIds":""}`, want: Receipt{Accepted: 1, Invalid: map[string][]string{"invalidSourceIds": {`""`}}}},
		{name: "null data", in: `{"numberOfAcceptedEntities":1,"data":null,"invalidOwnerIds":null}`, want: Receipt{Accepted: 1}},
		{name: "time without zone", in: `{"numberOfAcceptedEntities":1,"acceptedTimestamp":"2026-11-23T10:00:00.123456"}`, want: Receipt{Accepted: 1}},
		{name: "no time", in: `{"numberOfAcceptedEntities":1,"acceptedTimestamp":"soon"}`, want: Receipt{Accepted: 1}},
		{name: "no count", in: `{"requestId":"r"}`, err: ErrBadReceipt},
		{name: "null count", in: `{"numberOfAcceptedEntities":null}`, err: ErrBadReceipt},
		{name: "negative count", in: `{"numberOfAcceptedEntities":-1}`, err: ErrBadReceipt},
		{name: "count as text", in: `{"numberOfAcceptedEntities":"1"}`, err: ErrBadReceipt},
		{name: "a list", in: `[]`, err: ErrBadReceipt},
		{name: "null", in: `null`, err: ErrBadReceipt},
		{name: "empty", in: ``, err: ErrBadReceipt},
		{name: "HTML", in: `<html>`, err: ErrBadReceipt},
	}
	for _, tt := range tests {
		got, err := decodeReceipt([]byte(tt.in))
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: got err %v; want %v", tt.name, err, tt.err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestDecodeFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []Fault
	}{
		{"integer position", `{"detail":[{"loc":["body","data",17,"email"],"msg":"x","type":"value_error.email"}]}`, []Fault{{17, "email", "value_error.email"}}},
		{"text position", `{"detail":[{"loc":["body","data","17","email"],"msg":"x","type":"value_error.email"}]}`, []Fault{{17, "email", "value_error.email"}}},
		{"inner positions are left out", `{"detail":[{"loc":["body","data",3,"customProperties",0,"value"],"type":"value_error.any_str.max_length"}]}`, []Fault{{3, "customProperties.value", "value_error.any_str.max_length"}}},
		{"a field named data", `{"detail":[{"loc":["body","data",3,"data"],"type":"t"}]}`, []Fault{{3, "data", "t"}}},
		{"the list itself", `{"detail":[{"loc":["body","data"],"type":"value_error.list.min_items"}]}`, []Fault{{-1, "", "value_error.list.min_items"}}},
		{"nothing but an empty object", `{"detail":[{}]}`, []Fault{{-1, "", "unknown"}}},
		{"values are not kept", `{"detail":[{"loc":["body","data",1,"jane@example.com"],"type":"Jane Doe"}]}`, []Fault{{1, "", "unknown"}}},
		{"plain text", `{"detail":"jane@example.com is bad"}`, nil},
		{"no detail", `{}`, nil},
		{"no JSON", `oops`, nil},
		{"odd entries", `{"detail":[1,null,"x",[]]}`, nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, decodeFaults([]byte(tt.in))); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func FuzzReceipt(f *testing.F) {
	f.Add([]byte(`{"requestId":"r","numberOfAcceptedEntities":3,"acceptedTimestamp":"2026-11-23T10:00:00+00:00","data":{"invalidSourceIds":["b"]},"invalidOwnerIds":["o"]}`))
	f.Add([]byte(`{"numberOfAcceptedEntities":1e3,"data":[],"invalidOwnerIds":[null,{}]}`))
	f.Add([]byte(`{"numberOfAcceptedEntities":1,"numberOfAcceptedEntities":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeReceipt(b)
		if err != nil && (!errors.Is(err, ErrBadReceipt) || r.Invalid != nil) {
			t.Errorf("got %+v, %v", r, err)
		}
		if r.Accepted < 0 || r.AcceptedAt.Location() != time.UTC {
			t.Errorf("got %+v", r)
		}
		for name, ids := range r.Invalid {
			if len(ids) == 0 || !strings.HasPrefix(name, "invalid") {
				t.Errorf("list %q of %d", name, len(ids))
			}
		}
	})
}

func FuzzFaults(f *testing.F) {
	f.Add([]byte(`{"detail":[{"loc":["body","data",17,"email"],"msg":"x","type":"value_error.email"}]}`))
	f.Add([]byte(`{"detail":[{"loc":["body","data","-1",7,"a b"],"type":"jane@example.com"}]}`))
	f.Add([]byte(`{"detail":"text"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e := newError("POST", "/p", 422, b)
		for _, fault := range e.Detail {
			if fault.Index < -1 || fault.Type == "" || strings.ContainsAny(fault.Field+fault.Type, "@ \n\"") {
				t.Errorf("got %+v", fault)
			}
		}
		if strings.Contains(e.Error(), "@") {
			t.Errorf("got %v", e)
		}
	})
}

func TestReceiptAheadOfItsReply(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name         string
		said         time.Time
		want         time.Time
		ahead, takes time.Duration
	}{
		{name: "before the reply", said: at.Add(-5 * time.Second), want: at.Add(-5 * time.Second), takes: 7 * time.Second},
		{name: "within the second of the reply", said: at.Add(900 * time.Millisecond), want: at.Add(900 * time.Millisecond)},
		{name: "half a minute ahead", said: at.Add(30 * time.Second), want: at.Add(30 * time.Second)},
		{name: "more than that", said: at.Add(31 * time.Second), want: at.Add(-7 * time.Second), ahead: 31 * time.Second, takes: 7 * time.Second},
		{name: "no time", want: time.Time{}},
	} {
		r := Receipt{AcceptedAt: tc.said}
		r.heed(at, tc.takes)
		if !r.AcceptedAt.Equal(tc.want) || r.Ahead != tc.ahead {
			t.Errorf("%s: accepted at %v, ahead by %v; want %v and %v", tc.name, r.AcceptedAt, r.Ahead, tc.want, tc.ahead)
		}
	}
}
