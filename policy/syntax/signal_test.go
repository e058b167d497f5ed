package syntax

import "testing"

func TestSignalName(t *testing.T) {
	for n, want := range map[uint8]string{0: "drop", 1: "HUP", 15: "TERM", 32: "32", 34: "RTMIN", 37: "RTMIN+3", 64: "RTMIN+30", 65: "65"} {
		if got := SignalName(n); got != want {
			t.Errorf("%d: %q, not %q", n, got, want)
		}
	}
}
