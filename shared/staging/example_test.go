package staging_test

import (
	"context"
	"fmt"
	"time"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// A collection is staged by one invocation or several, and read when it is
// complete.
func Example() {
	ctx := context.Background()
	store := new(stagingtest.Memory)
	run := staging.RunAt(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))

	w, err := staging.Open(ctx, store, run, staging.Groups)
	if err != nil {
		panic(err)
	}
	for n := range 2 {
		reply := staging.Reply{
			Path:      fmt.Sprintf("/v1/environments/e/groups?page=%d", n),
			FetchedAt: time.Now(),
			Body:      fmt.Appendf(nil, `{ "page": %d }`, n),
		}
		if err := w.Append(reply, 1); err != nil {
			panic(err)
		}
		w.Manifest().Calls++
		if w.Full() {
			if err := w.Commit(ctx); err != nil {
				panic(err)
			}
		}
	}
	if err := w.Finish(ctx); err != nil {
		panic(err)
	}

	snapshot, err := staging.Load(ctx, store, run, staging.Groups)
	if err != nil {
		panic(err)
	}
	fmt.Println(snapshot.Complete.Pages, "pages")
	for reply, err := range snapshot.Replies(ctx) {
		if err != nil {
			panic(err)
		}
		fmt.Println(reply.Path, reply.Body)
	}
	// Output:
	// 2 pages
	// /v1/environments/e/groups?page=0 {"page":0}
	// /v1/environments/e/groups?page=1 {"page":1}
}
