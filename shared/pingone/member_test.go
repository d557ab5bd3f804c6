package pingone_test

import (
	"fmt"
	"testing"

	"pingone-authomize/shared/pingone"
)

// Reading of an item the id alone finds what reading it as a struct does. The
// corpus holds what may differ.
func FuzzMember(f *testing.F) {
	const id = `"57de9478-8f63-4383-ab62-000000000001"`
	for _, item := range []string{
		`{"id":` + id + `}`, `{"a":{"id":"x","b":[{"id":1}]},"id":` + id + `,"c":"\"id\":\""}`, `{"\u0069d":` + id + `}`,
		`{"ID":` + id + `}`, `{}`, `{"id":null}`, `null`, `{"id":7}`, `{"id":"x"}`, `{"id":""}`, `{"id":{}}`, `7`, `"x"`, `[]`, `true`,
		`{"id":` + id + `,"id":"57de9478-8f63-4383-ab62-000000000002"}`, `{"id":"x","id":` + id + `}`, `{"id":` + id + `,"id":null}`,
		`{"name":"` + "\xff" + `","id":` + id + `}`, `{`, `{"id":` + id, `{"a":}`,
	} {
		f.Add(item)
	}
	f.Fuzz(func(t *testing.T, item string) {
		body := []byte(`{"_embedded":{"users":[{"id":"57de9478-8f63-4383-ab62-00000000000a"},` + item + `]}}`)
		type plain struct {
			ID pingone.ID `json:"id"`
		}
		var want pingone.Decoder[plain]
		var got pingone.Decoder[pingone.Member]
		wantAll, wantBroken, wantErr := want.Items(body, "users")
		gotAll, gotBroken, gotErr := got.Items(body, "users")
		if fmt.Sprint(gotAll) != fmt.Sprint(wantAll) || gotBroken != wantBroken || (gotErr == nil) != (wantErr == nil) {
			t.Errorf("got %v, %d broken, %v; as a struct %v, %d, %v", gotAll, gotBroken, gotErr, wantAll, wantBroken, wantErr)
		}
	})
}
