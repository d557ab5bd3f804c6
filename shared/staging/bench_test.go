package staging_test

import (
	"fmt"
	"strings"
	"testing"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// page returns a page of users, about as large as PingOne sends them.
func page(users int) []byte {
	var b strings.Builder
	b.WriteString(`{ "_embedded" : { "users" : [ `)
	for i := range users {
		if i > 0 {
			b.WriteString(" , ")
		}
		fmt.Fprintf(&b, `{"_links":{"self":{"href":"https://api.example/v1/environments/%[1]s/users/00000000-0000-4000-8000-%012[2]d"},`+
			`"password":{"href":"https://api.example/v1/environments/%[1]s/users/00000000-0000-4000-8000-%012[2]d/password"}},`+
			`"id":"00000000-0000-4000-8000-%012[2]d","username":"user%[2]d","enabled":true,"mfaEnabled":false,`+
			`"environment":{"id":"%[1]s"},"population":{"id":"%[1]s"},"createdAt":"2026-01-02T03:04:05.%03[3]dZ",`+
			`"filler":"%[4]s"}`, environment, i, i%1000, strings.Repeat("abcdefgh ", 170))
	}
	b.WriteString(" ] } }")
	return []byte(b.String())
}

func sizes(b *testing.B, run func(b *testing.B, body []byte, replies int)) {
	for _, size := range []struct {
		name           string
		users, replies int
	}{{"pages of 2.2 MB", 1000, 2}, {"replies of 2 KB", 1, 2000}} {
		b.Run(size.name, func(b *testing.B) {
			body := page(size.users)
			b.SetBytes(int64(len(body) * size.replies))
			b.ReportAllocs()
			run(b, body, size.replies)
		})
	}
}

func write(b *testing.B, w *staging.Writer, body []byte, replies int) {
	r := reply(1)
	r.Body = body
	for range replies {
		if err := w.Append(r, 1); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkWritePart(b *testing.B) {
	sizes(b, func(b *testing.B, body []byte, replies int) {
		for b.Loop() {
			b.StopTimer() // a manifest of many parts is not what is measured
			w := open(b, new(stagingtest.Memory), staging.Users)
			b.StartTimer()
			write(b, w, body, replies)
		}
	})
}

func BenchmarkReadPart(b *testing.B) {
	sizes(b, func(b *testing.B, body []byte, replies int) {
		s := new(stagingtest.Memory)
		w := open(b, s, staging.Users)
		const parts = 8
		for range parts {
			write(b, w, body, replies)
		}
		finish(b, w)
		b.SetBytes(parts * int64(len(body)*replies))
		for b.Loop() {
			snapshot, err := staging.Load(b.Context(), s, run, staging.Users)
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for _, err := range snapshot.Replies(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != parts*replies {
				b.Fatalf("read %d replies", n)
			}
		}
	})
}
