package tests

import (
	"archive/tar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// podman is an engine whose containers, images and mounts lie in a directory of the test's
// alone, and whose init is ours.
type podman struct{ dir string }

// applets are what the image has besides a shell.
var applets = []string{"sh", "cat", "grep", "sleep", "echo", "kill"}

// newPodman makes the engine and its image, or skips.
func newPodman(t *testing.T) podman {
	t.Helper()
	needRoot(t)
	for _, name := range []string{"podman", "crun", "unshare"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("needs %s: init is tested as a container engine's", name)
		}
	}
	box, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Skip("needs /bin/busybox, statically linked, for an image")
	}
	p := podman{t.TempDir()}
	image := filepath.Join(p.dir, "image.tar")
	f, err := os.Create(image)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(f)
	w.WriteHeader(&tar.Header{Name: "bin/busybox", Mode: 0o755, Size: int64(len(box))})
	w.Write(box)
	for _, a := range applets {
		w.WriteHeader(&tar.Header{Name: "bin/" + a, Typeflag: tar.TypeSymlink, Linkname: "busybox"})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	_, err = os.Stat("/run/crun")
	fresh := os.IsNotExist(err)
	t.Cleanup(func() {
		if fresh {
			defer os.Remove("/run/crun") // crun makes it wherever its state is
		}
		if r := p.begin(t, "rm", "--all", "--force", "--time", "0").wait(t); r.code != 0 {
			t.Errorf("containers are left: %s", r)
		}
	})
	if r := p.begin(t, "import", image, "casemate-test").wait(t); r.code != 0 {
		t.Skipf("podman cannot import an image here: %s", r)
	}
	return p
}

// begin starts podman, below an init of ours that reaps what the engine leaves running. In
// the mount namespace of its own there is a cgroup2 file system
// and nothing else of cgroups, since crun refuses a hybrid hierarchy; no cgroup is made.
func (p podman) begin(t *testing.T, args ...string) *process {
	t.Helper()
	const private = `umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; d=$1; shift
mkdir -p "$d/lib" /var/lib/containers && mount --bind "$d/lib" /var/lib/containers # a cache of images
exec "$0" -- podman --runtime-flag "root=$d/crun" --root "$d/root" --runroot "$d/run" --tmpdir "$d/tmp" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "$@"`
	return begin(t, "unshare", append([]string{"--mount", "/bin/sh", "-c", private, filepath.Join(bin, "casemate-init"), p.dir}, args...)...)
}

// run runs a command of the image under init. The limits are low, since an engine that lacks
// CAP_SYS_RESOURCE cannot raise its own.
func (p podman) run(t *testing.T, argv ...string) *process {
	t.Helper()
	init, err := filepath.Abs(filepath.Join(bin, "casemate-init"))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "--rm", "--pull", "never", "--cgroups", "disabled", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--init", "--init-path", init, "casemate-test"}
	return p.begin(t, append(args, argv...)...)
}

// The engine binds init into the container and executes it with -- and the command.
func TestPodmanInit(t *testing.T) {
	p := newPodman(t)
	r := p.run(t, "/bin/sh", "-c", `cat /proc/1/comm; exit 7`).wait(t)
	if r.code == 125 || r.code == 126 {
		t.Skipf("podman cannot run a container here: %s", r)
	}
	r.expect(t, 7)
	if name := strings.TrimSpace(r.stdout); name != "podman-init" && name != "init" {
		t.Errorf("PID 1 is %q", name)
	}
	t.Run("it is ours", func(t *testing.T) {
		p.run(t, "no-such-program").wait(t).expect(t, 127, "casemate-init: exec no-such-program: no such file or directory")
	})
	t.Run("killed", func(t *testing.T) {
		p.run(t, "/bin/sh", "-c", `kill -KILL $$`).wait(t).expect(t, 137)
	})
	t.Run("TERM", func(t *testing.T) {
		c := p.run(t, "/bin/sh", "-c", `trap 'echo got; exit 5' TERM; echo up; while :; do sleep 1000 & wait $!; done`)
		c.until(t, "up")
		p.begin(t, "kill", "--all", "--signal", "TERM").wait(t).expect(t, 0)
		r := c.wait(t)
		r.expect(t, 5)
		if !strings.Contains(r.stdout, "got") {
			t.Errorf("TERM did not come: %s", r)
		}
	})
	t.Run("orphans", func(t *testing.T) {
		const script = `i=0; while [ $i -lt 100 ]; do (sleep 0 &); i=$((i+1)); done
i=0; while [ $i -lt 600 ] && cat /proc/[0-9]*/stat 2>/dev/null | grep -q -e '(sleep)' -e ') Z '; do sleep 0.1; i=$((i+1)); done
cat /proc/[0-9]*/stat | grep -c ') Z 1 '; exit 0`
		r := p.run(t, "/bin/sh", "-c", script).wait(t)
		r.expect(t, 0)
		if strings.TrimSpace(r.stdout) != "0" {
			t.Errorf("zombies of PID 1: %s", r)
		}
	})
}
