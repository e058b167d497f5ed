package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// recovers runs casemate-shim recover.
func recovers(t *testing.T, args ...string) result {
	t.Helper()
	return command(t, filepath.Join(bin, "casemate-shim"), append([]string{"recover"}, args...)...)
}

// A shim that was killed at whatever moment leaves nothing that recover does not remove,
// and a service that runs is not touched. watchLeaks looks at what is left.
func TestRecover(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("killed", `"/app/probe", "sleep"`, ""))
	other := running(t, compiled(t, policy("alive", `"/app/probe", "sleep"`, "")))
	other.until(t, "ready")
	var found int
	delays := []time.Duration{3, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11}
	for _, delay := range some(t, delays) {
		p := running(t, sealed)
		time.Sleep(delay * time.Millisecond)
		p.signal(t, unix.SIGKILL)
		p.wait(t)
		found += recoveredOnce(t, "killed")
	}
	p := running(t, sealed)
	p.until(t, "ready")
	p.signal(t, unix.SIGKILL)
	p.wait(t)
	if recoveredOnce(t, "killed") != 1 {
		t.Error("of a running service nothing was found")
	}
	t.Logf("of %d launches %d had left something", len(some(t, delays)), found)
	other.signal(t, unix.SIGTERM)
	other.wait(t).expect(t, 128+15)
	r := recovers(t)
	r.expect(t, 0)
	if r.stdout != "" {
		t.Errorf("a service that has ended by itself leaves %s", r)
	}
}

// recoveredOnce recovers twice and tells whether there was something. The other service is
// found running both times.
func recoveredOnce(t *testing.T, service string) int {
	t.Helper()
	first, second := recovers(t), recovers(t)
	first.expect(t, 0)
	second.expect(t, 0)
	const alive = "alive: running, left alone\n"
	if second.stdout != alive || !strings.HasPrefix(first.stdout, alive) {
		t.Errorf("first %s\nthen %s", first, second)
	}
	rest := strings.TrimPrefix(first.stdout, alive)
	if rest == "" {
		return 0
	}
	if !strings.HasPrefix(rest, service+": removed its state") {
		t.Errorf("%s", first)
	}
	return 1
}

// What it cannot remove it names, with 248; what is no name of a service, with 246.
func TestRecoverRefuses(t *testing.T) {
	needRoot(t)
	state := filepath.Join(t.TempDir(), "state")
	if err := os.MkdirAll(filepath.Join(state, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, "full/foreign"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	recovers(t, "-state", state).expect(t, 248, "full: ", "directory not empty")
	recovers(t, "-state", state, "other").expect(t, 0)
	for _, bad := range []string{"../full", "", "Full", "a/b"} {
		recovers(t, "-state", state, bad).expect(t, 246, fmt.Sprintf("%q", bad))
	}
	recovers(t, "-stat", state).expect(t, 246, "-stat")
	recovers(t, "-state", filepath.Join(state, "none")).expect(t, 0)
}
