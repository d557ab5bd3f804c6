package runtimeapi

import "testing"

func TestPeakOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"VmPeak:\t  9000 kB\nVmHWM:\t   1234 kB\nVmRSS:\t 1000 kB\n": 1234 << 10,
		"VmHWM: 7 kB": 7 << 10,
		"VmRSS: 7 kB": 0,
		"":            0,
	} {
		if got := peakOf([]byte(text)); got != want {
			t.Errorf("peakOf(%q) = %d, want %d", text, got, want)
		}
	}
}
