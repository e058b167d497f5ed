package tests

import (
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// hostileRoot is a root directory for a launch, beside a canary that no launch may
// touch: what leads out of the root leads there.
type hostileRoot struct{ root, canary string }

func newHostileRoot(t *testing.T) *hostileRoot {
	t.Helper()
	dir := canaryDir(t)
	h := &hostileRoot{filepath.Join(dir, "root"), filepath.Join(dir, "canary")}
	for _, d := range []string{"root/app", "root/dev", "root/proc", "root/sys", "root/tmp", "root/etc/ssh", "canary/ssh"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"root/etc/shadow", "canary/shadow"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte("secret"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// sealed is a policy that mounts onto and masks what the root has.
func (h *hostileRoot) sealed(t *testing.T) string {
	t.Helper()
	return compiled(t, policy("hostile", `"/app/probe", "exit", "9"`, `[root]
path = "`+h.root+`"
[mounts]
sysfs = true
bind = [{ from = "`+bin+`/app", at = "/app", exec = true }]
tmpfs = [{ at = "/tmp", size = "1M" }]
[masks]
mask = ["/etc/shadow", "/etc/ssh/"]
`))
}

// state describes every object of the canary, so that any change shows.
func (h *hostileRoot) state(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(h.canary, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		_, err = fmt.Fprintln(&b, path, st.Ino, st.Mode, st.Nlink, st.Size, st.Mtim, st.Ctim)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// untouched compares the canary at the end of the test with what it is now.
func (h *hostileRoot) untouched(t *testing.T) {
	t.Helper()
	before := h.state(t)
	t.Cleanup(func() {
		if after := h.state(t); after != before {
			t.Errorf("the canary was\n%sand is\n%s", before, after)
		}
	})
}

// objects are what a hostile root can have in place of a directory or file.
func (h *hostileRoot) objects() map[string]func(path string) error {
	link := func(target string) func(string) error {
		return func(path string) error { return os.Symlink(target, path) }
	}
	return map[string]func(path string) error{
		"absolute link":      link(h.canary),
		"relative link":      link("../canary"),
		"link to itself":     link("loop"),
		"link through /proc": link("/proc/self/root" + h.canary),
		"FIFO":               func(path string) error { return unix.Mkfifo(path, 0o666) },
		"device":             func(path string) error { return unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))) },
		"socket": func(path string) error {
			l, err := net.Listen("unix", path)
			if err == nil {
				l.(*net.UnixListener).SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		},
		"nothing": func(string) error { return nil },
	}
}

// No object in place of a mount point, of a masked directory or of their parent is
// followed, opened for longer than a moment, or made up for (CVE-2019-19921,
// CVE-2024-45310, CVE-2026-41579).
func TestS05S06S18MountPointsReplaced(t *testing.T) {
	needRoot(t)
	h := newHostileRoot(t)
	sealed := h.sealed(t)
	launch(t, sealed).expect(t, 9) // the root is one that can be launched
	h.untouched(t)
	for _, point := range some(t, []string{"app", "dev", "proc", "sys", "tmp", "etc", "etc/ssh"}) {
		path := filepath.Join(h.root, point)
		if err := os.Rename(path, path+".good"); err != nil {
			t.Fatal(err)
		}
		objects := h.objects()
		for _, name := range some(t, slices.Sorted(maps.Keys(objects))) {
			if err := objects[name](path); err != nil {
				t.Fatal(err)
			}
			if r := launch(t, sealed); r.code != 248 || !strings.Contains(r.stderr, "test.toml:") && point != "dev" && point != "proc" {
				t.Errorf("%s in place of /%s: %s", name, point, r)
			}
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Rename(path+".good", path); err != nil {
			t.Fatal(err)
		}
	}
}

// A mount point that is exchanged for a symbolic link all through the launch either
// stops the launch or has the mount; nothing of the host is changed (CVE-2021-30465).
func TestS04MountPointsExchanged(t *testing.T) {
	needRoot(t)
	h := newHostileRoot(t)
	sealed := h.sealed(t)
	h.untouched(t)
	for _, point := range some(t, []string{"proc", "dev", "tmp", "etc", "etc/shadow"}) {
		path, other := filepath.Join(h.root, point), filepath.Join(h.root, "..", "other")
		if err := os.Symlink(h.canary, other); err != nil {
			t.Fatal(err)
		}
		var stop atomic.Bool
		stopped := make(chan error)
		go func() {
			var err error
			for !stop.Load() && err == nil {
				err = unix.Renameat2(unix.AT_FDCWD, path, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE)
			}
			stopped <- err
		}()
		for range soak(t, 8) {
			if r := launch(t, sealed); r.code != 9 && r.code != 248 && r.code != 249 {
				t.Errorf("/%s: %s", point, r)
			}
		}
		stop.Store(true)
		if err := <-stopped; err != nil {
			t.Fatal(err)
		}
		if st, err := os.Lstat(path); err == nil && st.Mode()&fs.ModeSymlink != 0 {
			if err := unix.Renameat2(unix.AT_FDCWD, path, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Remove(other); err != nil {
			t.Fatal(err)
		}
	}
}

// Nobody in the container looks into init, whose memory and descriptors were the
// host's a moment ago: neither its own user nor root without capabilities
// (CVE-2016-9962, CVE-2019-5736).
func TestS01S10InitLookedInto(t *testing.T) {
	needRoot(t)
	attempts := []string{
		"read:/proc/1/exe", "write:/proc/1/exe", "exec:/proc/1/exe", "read:/proc/1/mem", "write:/proc/1/mem", "read:/proc/1/environ",
		"read:/proc/1/maps", "read:/proc/1/fd/0", "read:/proc/1/fd/4", "list:/proc/1/root", "list:/proc/1/cwd", "setns:/proc/1/ns/mnt",
	}
	r := confined(t, "", attempts...)
	r.attempts(t, "EACCES", attempts...)
	r = confined(t, `[exec]
argv = ["/app/probe"]
user = "0"
group = "0"
[why]
"exec.user" = "what a root of the container can reach is tested"
`, attempts...)
	equal(t, "uid", r.Status["Uid"], "0 0 0 0")
	r.attempts(t, "EACCES", attempts...)
}

// An entry point that is a script of /proc/self/exe has the kernel execute init's own
// binary, from the host, as the workload. It is an init like any other: it says
// what is wrong with its command line, and that is all (CVE-2019-5736).
func TestS01InitAsInterpreter(t *testing.T) {
	needRoot(t)
	h := newHostileRoot(t)
	if err := os.WriteFile(filepath.Join(h.root, "script"), []byte("#!/proc/self/exe --odd\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	sealed := compiled(t, policy("script", `"/script"`, "[root]\npath = \""+h.root+"\"\n"))
	launch(t, sealed).expect(t, 246, "unknown option --odd")
}

// The workload may set the resource limits of init, which is of its own user
// (prlimit(2)). Without any, init passes signals on and ends all the same: it opens,
// maps and starts nothing any more.
func TestAttackLimitsOfInit(t *testing.T) {
	needRoot(t)
	for _, file := range []string{"/usr/bin/prlimit", "/usr/bin/sh", "/usr/bin/sleep"} {
		if _, err := os.Stat(file); err != nil {
			t.Skip("needs util-linux, a shell and coreutils: ", err)
		}
	}
	p := running(t, compiled(t, policy("limits", `"/usr/bin/sh", "-c", """\
prlimit --pid 1 --nofile=0:0 --sigpending=0:0 --as=0:0 --stack=0:0 --data=0:0 --nproc=0:0 --fsize=0:0 --memlock=0:0 || exit 1; \
trap 'exit 42' TERM; (sleep 0 &); echo ready; while :; do sleep 1000 & wait; done"""`, `[root.symlinks]
"/lib" = "usr/lib"
"/lib64" = "usr/lib64"
[mounts]
bind = [{ from = "/usr", exec = true }]
[signals]
grace = "2s" # a child of the shell's that has not executed its program yet has the shell's trap
`)))
	p.until(t, "ready")
	p.signal(t, syscall.SIGTERM)
	p.wait(t).expect(t, 42)
}

// The host's /dev/null as standard input, systemd's default: a workload of uid 0 gets the
// container's own in its place, which it cannot change, and never the host's.
func TestS07NullOfTheHost(t *testing.T) {
	needRoot(t)
	node := filepath.Join(canaryDir(t), "null")
	if err := unix.Mknod(node, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil {
		t.Fatal(err)
	}
	// Through its magic link a program changes the file that a descriptor is.
	script := "exec 0<" + node + "; exec \"$0\" run \"$1\""
	sealed := compiled(t, policy("nullfd", "", `[exec]
argv = ["/usr/bin/chmod", "0", "/proc/self/fd/0"]
user = "0"
group = "0"
[root.symlinks]
"/lib" = "usr/lib"
"/lib64" = "usr/lib64"
[mounts]
bind = [{ from = "/usr", exec = true }]
[why]
"exec.user" = "the attack needs the owner of the node"
`))
	r := command(t, "sh", "-c", script, filepath.Join(bin, "casemate-shim"), sealed)
	if r.code == 0 {
		t.Errorf("the mode was changed: %s", r)
	}
	st, err := os.Stat(node)
	if err != nil || st.Mode().Perm() == 0 {
		t.Errorf("the host's node is %v, %v", st.Mode(), err)
	}
}

// A directory of the host as standard input would be a way into its files.
func TestS09DirectoryAsInput(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("dirfd", `"/app/probe", "exit", "0"`, ""))
	r := command(t, "sh", "-c", "exec \"$0\" run \"$1\" </", filepath.Join(bin, "casemate-shim"), sealed)
	r.expect(t, 247, "descriptor 0 is a directory")
}
