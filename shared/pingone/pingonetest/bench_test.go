package pingonetest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"pingone-authomize/shared/pingone/pingonetest"
)

// BenchmarkUsers reads pages of 1000 users, without decoding them, and
// measures the memory that the model takes.
func BenchmarkUsers(b *testing.B) {
	const users = 100_000
	org := pingonetest.Sized(pingonetest.Size{Users: users, Groups: 100, MembershipsPerUser: 10})
	runtime.GC()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)

	s := pingonetest.New(b, org, pingonetest.CountOnly())
	form := strings.NewReader("grant_type=client_credentials")
	login, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.URL+"/as/token", form)
	if err != nil {
		b.Fatal(err)
	}
	login.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	login.SetBasicAuth(s.ClientID, s.ClientSecret)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(exchange(b, login), &token); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		page, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.URL+inEnv(pingonetest.SizedEnvironment(), "/users?limit=1000"), nil)
		if err != nil {
			b.Fatal(err)
		}
		page.Header.Set("Authorization", "Bearer "+token.AccessToken)
		b.SetBytes(int64(len(exchange(b, page))))
	}
	b.ReportMetric(float64(mem.HeapAlloc)/users, "B/user")
}

func exchange(b *testing.B, req *http.Request) []byte {
	b.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // read to the end
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("status %d, %v", res.StatusCode, err)
	}
	return body
}
