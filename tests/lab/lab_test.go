package lab

import (
	"math"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
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
