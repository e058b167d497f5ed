package lab

import (
	"math"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		samples []int
		q, want float64
	}{
		{[]int{4, 1, 3, 2}, 0.5, 2.5},
		{[]int{3, 1, 2}, 0.5, 2},
		{[]int{7}, 0.99, 7},
		{[]int{0, 100}, 0.99, 99},
		{[]int{5, 9}, 1, 9},
		{[]int{5, 9}, 0, 5},
	} {
		if got := Quantile(c.samples, c.q); got != c.want {
			t.Errorf("%v at %v: %v, want %v", c.samples, c.q, got, c.want)
		}
	}
	if got := Quantile([]time.Duration(nil), 0.5); !math.IsNaN(got) {
		t.Errorf("of nothing: %v", got)
	}
}

func TestCompileC(t *testing.T) {
	if _, err := exec.LookPath("musl-gcc"); err != nil {
		t.Skip("musl-gcc is missing (musl-tools)")
	}
	out := filepath.Join(t.TempDir(), "seven")
	if err := CompileC([]byte("int main(void) { return 7; }"), out); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(out)
	cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != 7 {
		t.Errorf("exit %d", code)
	}
	if err := CompileC([]byte("int main(void) { retrun 7; }"), out); err == nil || !strings.Contains(err.Error(), "retrun") {
		t.Errorf("a program that cannot be compiled: %v", err)
	}
}

func TestPin(t *testing.T) {
	runtime.LockOSThread() // not unlocked: the thread ends with the test, pinned as it is
	all, err := Processors()
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	if err := Pin(all[len(all)-1]); err != nil {
		t.Fatal(err)
	}
	if now, err := Processors(); err != nil || !slices.Equal(now, all[len(all)-1:]) {
		t.Errorf("pinned to %v, %v", now, err)
	}
	if err := Pin(1000); err == nil {
		t.Error("pinned to a processor that there is not")
	}
}

// A share of what repeats: never nothing, and nothing that is no number.
func TestShare(t *testing.T) {
	all := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	for text, want := range map[string]struct {
		times int // of 10
		some  []int
		slow  bool
	}{
		"": {10, all, false}, "1": {10, all, false}, "3": {30, all, false}, "1/2": {5, []int{0, 2, 4, 6, 8}, true}, "1/25": {1, []int{0}, true}, "3/2": {15, all, false},
	} {
		t.Setenv("CASEMATE_SOAK", text)
		if times, some, slow := Times(t, 10), Some(t, all), Slow(t); times != want.times || !slices.Equal(some, want.some) || slow != want.slow {
			t.Errorf("%q: %d, %d, %t", text, times, some, slow)
		}
	}
	if some := Some(t, []int(nil)); some != nil {
		t.Errorf("of nothing: %d", some)
	}
	for _, text := range []string{"0", "-1", "1/0", "x", "1/", "/2", "1/-3", "0/5"} {
		t.Setenv("CASEMATE_SOAK", text)
		if times, of, err := parse(); err == nil || !strings.Contains(err.Error(), "CASEMATE_SOAK is "+strconv.Quote(text)) {
			t.Errorf("%q: %d/%d, %v", text, times, of, err)
		}
	}
}
