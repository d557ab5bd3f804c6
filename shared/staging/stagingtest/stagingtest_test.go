package stagingtest_test

import (
	"errors"
	"testing"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	stagingtest.Run(t, func(testing.TB) staging.Store { return new(stagingtest.Memory) })
}

func TestFaultyWithoutFault(t *testing.T) {
	t.Parallel()
	stagingtest.Run(t, func(testing.TB) staging.Store {
		return stagingtest.NewFaulty(new(stagingtest.Memory), stagingtest.Fault{})
	})
}

func TestFaulty(t *testing.T) {
	t.Parallel()
	errBroken := errors.New("broken")
	isPut := func(op, _ string) bool { return op == "put" }
	tests := []struct {
		name  string
		fault stagingtest.Fault
		fails []bool // of put a, get a, put b, put c
		there string // of a, b, c
	}{
		{"second fails before it is applied", stagingtest.Fault{N: 2}, []bool{false, true, false, false}, "abc"},
		{"third is applied and fails", stagingtest.Fault{N: 3, Applied: true}, []bool{false, false, true, false}, "abc"},
		{"third is not applied", stagingtest.Fault{N: 3}, []bool{false, false, true, false}, "ac"},
		{"dead from the third on", stagingtest.Fault{N: 3, Dead: true}, []bool{false, false, true, true}, "a"},
		{"only puts count", stagingtest.Fault{N: 2, Match: isPut}, []bool{false, false, true, false}, "ac"},
		{"the dead don't read either", stagingtest.Fault{N: 1, Dead: true, Applied: true, Match: isPut}, []bool{true, true, true, true}, "a"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			memory := new(stagingtest.Memory)
			test.fault.Err = errBroken
			s := stagingtest.NewFaulty(memory, test.fault)
			var errs [4]error
			_, errs[0] = s.Put(t.Context(), "a", nil, staging.Always)
			_, errs[1] = s.Get(t.Context(), "a")
			_, errs[2] = s.Put(t.Context(), "b", nil, staging.Always)
			_, errs[3] = s.Put(t.Context(), "c", nil, staging.Always)
			for i, err := range errs {
				if errors.Is(err, errBroken) != test.fails[i] {
					t.Errorf("operation %d: got error %v", i+1, err)
				}
			}
			keys, err := memory.List(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			var there string
			for _, k := range keys {
				there += k
			}
			if there != test.there {
				t.Errorf("got objects %q, want %q", there, test.there)
			}
		})
	}
}
