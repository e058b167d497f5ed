package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Decoys lie over what launchers write in /proc, of the process that becomes the shim and of
// the system: none is written, and the launch is what it always is (CVE-2025-52881).
func TestS20S21DecoysInProc(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("decoys", `"/app/probe"`, "[exec]\nargv = [\"/app/probe\"]\noom_score_adj = 77\n"))
	dir := canaryDir(t)
	const script = `
over() { mkdir -p "$(dirname "$decoys$1")" && echo decoy > "$decoys$1" && { [ ! -e "$1" ] || mount --bind "$decoys$1" "$1"; } || exit 90; }
decoys=$2
for f in attr/exec attr/current attr/fscreate attr/keycreate oom_score_adj uid_map gid_map setgroups timens_offsets loginuid coredump_filter; do
	over /proc/$$/$f; over /proc/$$/task/$$/$f
done
for f in sysrq-trigger sys/kernel/core_pattern sys/kernel/modprobe sys/kernel/hostname sys/net/ipv4/ip_forward; do over /proc/$f; done
exec "$0" run "$1"`
	decoys := filepath.Join(dir, "decoys")
	r := command(t, "unshare", "-m", "sh", "-c", script, filepath.Join(bin, "casemate-shim"), sealed, decoys)
	r.expect(t, 0)
	got := decoded(t, r)
	equal(t, "oom_score_adj", got.OOMScore, "77")
	equal(t, "uid", got.Status["Uid"], "65534 65534 65534 65534")
	count := 0
	err := filepath.WalkDir(decoys, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		count++
		if b, err := os.ReadFile(path); err != nil || string(b) != "decoy\n" {
			t.Errorf("%s was written: %q, %v", path, b, err)
		}
		return nil
	})
	if err != nil || count < 20 {
		t.Errorf("%d decoys, %v", count, err)
	}
}

// Masks and read-only paths, by every way that leads to them.
func TestS25WaysAroundMasks(t *testing.T) {
	needRoot(t)
	text := almighty(t, "probe")
	masked := []string{"read:/proc/keys", "read:/proc/timer_list", "read:/proc/self/../keys", "read:/proc/self/task/1/../../../keys", "read:/proc/thread-self/../../../keys", "read:/proc/1/root/proc/keys", "read:/proc/self/root/proc/keys", "read:/proc/self/cwd/proc/keys"}
	written := []string{"write:/proc/sys/kernel/core_pattern", "put:/proc/sysrq-trigger=h", "write:/proc/self/root/proc/sys/kernel/modprobe", "write:/proc/irq/default_smp_affinity"}
	r := reported(t, compiled(t, text), append(masked, written...)...)
	for _, name := range masked {
		if _, err := os.Stat(strings.TrimPrefix(name, "read:")); err != nil && strings.HasPrefix(name, "read:/proc/timer_list") {
			continue
		}
		got := r.attempt(t, name)
		if got != "EACCES" && got != "ENOENT" && got != "empty" && got != "EPERM" && got != "ENXIO" {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, name := range written {
		if got := r.attempt(t, name); got != "EROFS" && got != "EACCES" && got != "ENOENT" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// attempt is one attempt's outcome.
func (r *report) attempt(t *testing.T, name string) string {
	t.Helper()
	for _, a := range r.Attempts {
		if a.Name == name {
			return a.Result
		}
	}
	t.Fatalf("no attempt %s: %v", name, r.Attempts)
	return ""
}
