package authomize_test

import (
	"fmt"
	"testing"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
)

// BenchmarkUpload posts records to a fake that answers at once.
func BenchmarkUpload(b *testing.B) {
	const n = 100_000
	hasMFA := true
	cases := map[string]func(i int) authomize.Record{
		"users": func(i int) authomize.Record {
			u := user(i)
			u.HasMFA = &hasMFA
			u.Tags = []string{"population", "employee"}
			u.CustomProperties = []authomize.Property{{Key: "population", Value: "Staff"}}
			u.LastLoginAt = "2026-11-20T10:11:12Z"
			return u
		},
		"associations": func(i int) authomize.Record {
			return &authomize.AccountAssociation{
				SourceID: fmt.Sprintf("user:00000000-0000-4000-8000-%012d", i),
				TargetID: fmt.Sprintf("group:00000000-0000-4000-8000-%012d", i%120),
			}
		},
	}
	for name, record := range cases {
		b.Run(name, func(b *testing.B) {
			s := authomizetest.New(b, authomizetest.Discard())
			u := uploader(b, s)
			records := make([]authomize.Record, n)
			for i := range records {
				records[i] = record(i)
			}
			b.ReportAllocs()
			for b.Loop() {
				r, err := u.Upload(b.Context(), records[0].Kind(), stream(records...))
				if err != nil || r.Accepted != n {
					b.Fatalf("accepted %d of %d, err %v", r.Accepted, n, err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
