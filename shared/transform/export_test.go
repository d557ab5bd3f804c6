package transform

import "testing"

// OfProgram makes every transform one of another program until the test ends,
// which must not be parallel.
func OfProgram(t testing.TB, sum string) {
	own := programSum
	programSum = func() (string, error) { return sum, nil }
	t.Cleanup(func() { programSum = own })
}
