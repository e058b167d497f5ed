package tests

import (
	"slices"
	"strings"
	"testing"
)

// With pid-only the kernel's files are not there, so that nothing has to be masked, and
// what a process is told of itself is.
func TestProcOfProcessesAlone(t *testing.T) {
	needRoot(t)
	r := confined(t, `[mounts]
proc = "pid-only"
bind = [{ from = "`+bin+`/app", at = "/app", exec = true }]
`, "read:/proc/kcore", "read:/proc/cpuinfo", "list:/proc/sys", "read:/proc/sysrq-trigger", "read:/proc/self/status", "read:/proc/1/status", "read:/dev/fd/0", "list:/proc/self/fd")
	r.attempts(t, "ENOENT", "read:/proc/kcore", "read:/proc/cpuinfo", "list:/proc/sys", "read:/proc/sysrq-trigger")
	r.attempts(t, "ok", "read:/proc/self/status", "read:/proc/1/status", "list:/proc/self/fd")
	if points := r.mountPoints(); slices.ContainsFunc(points, func(p string) bool { return strings.HasPrefix(p, "/proc/") }) {
		t.Errorf("masks where nothing is: %v", points)
	}
	if !slices.ContainsFunc(r.Mounts, func(m string) bool { return strings.HasSuffix(m, "- proc none rw,subset=pid") }) {
		t.Errorf("no procfs of processes alone: %q", r.Mounts)
	}
}
