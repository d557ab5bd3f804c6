package pingone_test

import (
	"bytes"
	"fmt"
	"testing"

	"pingone-authomize/shared/pingone"
)

// page is a list page of n users, with the links that PingOne sends along.
func page(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"_links":{"self":{"href":"https://api.pingone.eu/v1/environments/d/users?limit=1000"}},"_embedded":{"users":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		id := fmt.Sprintf("57de9478-8f63-4383-ab62-%012d", i)
		b.WriteString(`{"_links":{`)
		for j, rel := range []string{"self", "password", "password.set", "password.reset", "password.check", "password.recover", "linkedAccounts"} {
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `%q:{"href":"https://api.pingone.eu/v1/environments/d959e98c-40dd-4fb9-96b7-c53be9478c3e/users/%s"}`, rel, id)
		}
		fmt.Fprintf(&b, `},"id":%q,"environment":{"id":"d959e98c-40dd-4fb9-96b7-c53be9478c3e"},"account":{"canAuthenticate":true,"status":"OK"},`+
			`"createdAt":"2026-04-26T16:42:05.051Z","email":"user%d@example.com","enabled":true,"identityProvider":{"type":"PING_ONE"},`+
			`"lastSignOn":{"at":"2026-04-27T12:24:40.823Z","remoteIp":"203.0.113.35"},"lifecycle":{"status":"ACCOUNT_OK"},"mfaEnabled":false,`+
			`"name":{"given":"Given","family":"Family"},"population":{"id":"a495aeea-47e2-49f3-b321-320cc8ee3ba7"},"username":"user%d"}`, id, i, i)
	}
	fmt.Fprintf(&b, `]},"count":%d,"size":%d}`, n, n)
	return b.Bytes()
}

func BenchmarkDecode(b *testing.B) {
	body := page(1000)
	b.Run("users", func(b *testing.B) { decodePage[pingone.User](b, body) })
	b.Run("ids", func(b *testing.B) { decodePage[pingone.Member](b, body) })
}

func decodePage[T any](b *testing.B, body []byte) {
	b.Helper()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var d pingone.Decoder[T]
	for b.Loop() {
		if all, broken, err := d.Items(body, "users"); err != nil || broken != 0 || len(all) != 1000 {
			b.Fatalf("%d users, %d broken, %v", len(all), broken, err)
		}
	}
}
