package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"casemate/internal/facts"

	"golang.org/x/sys/unix"
)

var otherArch = map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]

// hostFacts are those that the shim finds.
func hostFacts(t *testing.T) *facts.Facts {
	t.Helper()
	r := command(t, filepath.Join(bin, "casemate-shim"), "probe")
	r.expect(t, 0)
	f := new(facts.Facts)
	if err := json.Unmarshal([]byte(r.stdout), f); err != nil {
		t.Fatalf("probe: %v: %s", err, r)
	}
	return f
}

// hostHas tells whether a security module or cgroup controller is there.
func hostHas(t *testing.T, name string) bool {
	f := hostFacts(t)
	return slices.Contains(f.LSMs, name) || slices.Contains(f.Cgroup.Controllers, name)
}

// canaryDir is a directory of the host that every workload's user can write.
func canaryDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	// TempDir makes its parents 0755 but for the mode of the first; all must be passable.
	for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// defaults are the default masked or read-only paths of a sealed policy that this
// kernel has, with what they are.
func defaults(t *testing.T, sealed, list string) map[string]string {
	t.Helper()
	r := command(t, filepath.Join(bin, "casemate"), "show", "--json", sealed)
	r.expect(t, 0)
	var shown map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r.stdout), &shown); err != nil {
		t.Fatal(err)
	}
	var paths []struct{ Name, Value, At string }
	if err := json.Unmarshal(shown[list], &paths); err != nil {
		t.Fatalf("show --json has no %s: %v", list, err)
	}
	found := map[string]string{}
	for _, p := range paths {
		if st, err := os.Lstat(p.Name); err == nil && st.IsDir() {
			found[p.Name] = "dir"
		} else if err == nil {
			found[p.Name] = "file"
		}
	}
	return found
}

// sinceLinux tells whether this kernel is of that version or a later one.
func sinceLinux(t *testing.T, major, minor int) bool {
	t.Helper()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	var a, b int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &a, &b); err != nil {
		t.Fatal(err)
	}
	return a > major || a == major && b >= minor
}
