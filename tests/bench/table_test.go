package main

import (
	"strings"
	"testing"
	"time"
)

const millisecond = time.Millisecond

func TestSummarize(t *testing.T) {
	s := summarize([]sample{{4 * millisecond, 1}, {1 * millisecond, 5}, {3 * millisecond, 3}, {2 * millisecond, 7}})
	if want := (summary{2500 * time.Microsecond, 4, millisecond}); s != want {
		t.Errorf("got %v, want %v", s, want)
	}
	if s := summarize(nil); s != (summary{}) {
		t.Errorf("of no runs: %v", s)
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	printTable(&b, []*tool{
		{name: "bare spawn"},
		{name: floorName, runs: []sample{{2 * millisecond, millisecond}}},
		{name: "peer", runs: []sample{{5 * millisecond, 4 * millisecond}}, failures: 3},
	})
	lines := strings.Split(b.String(), "\n")
	for i, want := range []string{
		"tool median ms cpu ms min ms x floor x floor cpu failed",
		"bare spawn - - - - - 0",
		"floor (C) 2.00 1.00 2.00 1.00 1.00 0",
		"peer 5.00 4.00 5.00 2.50 4.00 3",
	} {
		if got := strings.Join(strings.Fields(lines[i]), " "); got != want {
			t.Errorf("line %d: %q, want %q", i, got, want)
		}
	}
}

// TestPlaceholder: the policy and the bundle name the root in the one place where the
// bench writes its own.
func TestPlaceholder(t *testing.T) {
	if strings.Count(policyText, placeholder) != 1 || strings.Count(bundleText, `"ROOT"`) != 1 {
		t.Error("the root does not stand in bench.toml and config.json once")
	}
}
