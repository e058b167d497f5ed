package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// parse says how many times their counts the tests are to run that repeat something:
// times/of, from CASEMATE_SOAK: a number of times for long runs (make soak-init), a fraction such as
// "1/20" where everything is slow, 1/1 where it is not set.
func parse() (times, of int, err error) {
	text := os.Getenv("CASEMATE_SOAK")
	if text == "" {
		return 1, 1, nil
	}
	first, second, fraction := strings.Cut(text, "/")
	times, err = strconv.Atoi(first)
	of = 1
	if err == nil && fraction {
		of, err = strconv.Atoi(second)
	}
	if err != nil || times < 1 || of < 1 {
		return 0, 0, fmt.Errorf("CASEMATE_SOAK is %q, want a number of times or a fraction", text)
	}
	return times, of, nil
}

// test is of testing.TB what is needed here: the benchmarks are no tests.
type test interface {
	Helper()
	Fatal(args ...any)
}

func share(t test) (times, of int) {
	t.Helper()
	times, of, err := parse()
	if err != nil {
		t.Fatal(err)
	}
	return times, of
}

// Times is n times the share, 1 at least.
func Times(t test, n int) int {
	t.Helper()
	times, of := share(t)
	return max(n*times/of, 1)
}

// Some are those elements that a run looks at: all, or one in so many where the share is a
// fraction; the first in any case.
func Some[T any](t test, all []T) (list []T) {
	t.Helper()
	times, of := share(t)
	for i := 0; i < len(all); i += max(of/times, 1) {
		list = append(list, all[i])
	}
	return list
}

// Slow tells that everything is: bounds of time say nothing there.
func Slow(t test) bool {
	t.Helper()
	times, of := share(t)
	return of > times
}
