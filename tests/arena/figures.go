//go:build amd64

package arena

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"
)

// What can come of a launch that is disturbed.
const (
	Success = "success" // confined as always
	Clean   = "clean"   // an error of ours that says what it is
	Ended   = "ended"   // by the signal, or by the Go runtime's own means
	Missed  = "missed"  // the launch did not come by the place
	Failure = "FAILURE"
)

// Result of a disturbed launch.
type Result struct {
	Kind, Text string
	Took       time.Duration
}

// Fail is the Result of what must not happen.
func Fail(format string, args ...any) (Result, error) {
	return Result{Kind: Failure, Text: fmt.Sprintf(format, args...)}, nil
}

var digits = regexp.MustCompile("[0-9]+")

// Disturb has the workers do a job, whose result is a Result, for each argument, and prints
// the figures. Failures that differ in numbers only are printed once; like is what makes one
// differ from another besides its text. note, if any, is told of each.
func Disturb[A fmt.Stringer](t *testing.T, p *Pool, job string, args []A, like func(A) string, note func(A, Result)) {
	t.Helper()
	kinds, alike, begin := map[string]int{}, map[string]int{}, time.Now()
	var slowest time.Duration
	Each(p, job, args, func(a A, r Result, err error) {
		if err != nil {
			r = Result{Kind: Failure, Text: err.Error()}
		}
		kinds[r.Kind]++
		slowest = max(slowest, r.Took)
		if note != nil {
			note(a, r)
		}
		if r.Kind != Failure {
			return
		}
		key := digits.ReplaceAllString(like(a)+r.Text, "")
		if alike[key]++; alike[key] == 1 {
			t.Errorf("%s: %s", a, r.Text)
		}
	})
	text := fmt.Sprintf("%d launches in %s, slowest %s:", len(args), time.Since(begin).Round(time.Second), slowest.Round(time.Millisecond))
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		text += fmt.Sprintf(" %s %d", k, kinds[k])
	}
	t.Log(text)
}

// Need skips, with the reason, where there is no pool.
func Need(t *testing.T, p *Pool) {
	t.Helper()
	if p == nil {
		t.Skip("needs root: a launch makes namespaces and mounts")
	}
}
