package functions_test

import (
	"fmt"
	"testing"

	"pingone-authomize/functions/internal/awsfake"
	"pingone-authomize/shared/authomize/authomizetest"
)

// TestSurroundings says what the end-to-end tests run against on this
// machine, for `make test` to show: go test does not show what passing tests
// print.
func TestSurroundings(t *testing.T) {
	aws, err := awsfake.Start(t.Context(), awsfake.Any)
	if err != nil {
		t.Fatal(err)
	}
	defer aws.Close()
	fmt.Println("end to end: where two write at once, S3 is", aws.Note)
	if _, ok := authomizetest.OpenAPIPath(); ok {
		fmt.Println("end to end: every request to Authomize is checked against its API description")
		return
	}
	fmt.Println("end to end: Authomize's API description is not beside this checkout; the fake checks requests by its own rules")
}
