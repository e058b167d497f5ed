package tests

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Nothing is made on the host for a mount point that is missing, whatever its parent
// leads to (CVE-2024-45310, CVE-2026-87766).
func TestS05MissingMountPoints(t *testing.T) {
	needRoot(t)
	h := newHostileRoot(t)
	h.untouched(t)
	if err := os.Symlink(h.root, filepath.Join(h.root, "..", "out")); err != nil {
		t.Fatal(err)
	}
	chain := func(path string) error {
		for i := range 41 { // one more than the kernel follows, path_resolution(7)
			if err := os.Symlink(fmt.Sprintf("chain%d", i+1), filepath.Join(h.root, fmt.Sprintf("chain%d", i))); err != nil {
				return err
			}
		}
		return os.Symlink("chain0", path)
	}
	link := func(target string) func(string) error {
		return func(path string) error { return os.Symlink(target, path) }
	}
	puts := map[string]func(string) error{
		"nothing": func(string) error { return nil }, "to /": link("/"), "upwards": link("../../../../../../.."), "to the canary": link(h.canary),
		"through /proc": link("/proc/self/root"), "to itself": link("."), "dangling": link("nowhere"), "of 41": chain,
	}
	for _, name := range some(t, slices.Sorted(maps.Keys(puts))) {
		put, parent := puts[name], filepath.Join(h.root, "parent")
		if err := put(parent); err != nil {
			t.Fatal(err)
		}
		for _, mount := range some(t, []string{`tmpfs = [{ at = "/parent/new" }]`, `bind = [{ from = "/usr", at = "/parent/new" }]`, `bind = [{ from = "/etc/passwd", at = "/parent/new", type = "file" }]`}) {
			text := policy("missing", `"/app/probe", "exit", "9"`, "[root]\npath = \""+h.root+"\"\n[mounts]\n"+mount+"\n")
			launch(t, compiled(t, text)).expect(t, 248, "test.toml:")
		}
		if _, err := os.Lstat("/new"); err == nil {
			t.Errorf("%s: /new was made", name)
		}
		if err := os.RemoveAll(parent); err != nil {
			t.Fatal(err)
		}
	}
}

// /dev, or something of it, that is a symbolic link in the root is refused, and what it
// leads to is neither filled nor emptied (CVE-2026-41579, CVE-2026-47766); what the root
// has in a /dev of its own is covered by the fresh one.
func TestS06DevOfTheRoot(t *testing.T) {
	needRoot(t)
	h := newHostileRoot(t)
	for _, name := range []string{"ptmx", "null"} {
		if err := os.WriteFile(filepath.Join(h.canary, name), []byte("canary"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.untouched(t)
	dev := filepath.Join(h.root, "dev")
	text := func(argv, mounts string) string {
		return policy("dev", argv, "[root]\npath = \""+h.root+"\"\n[mounts]\n"+mounts+"bind = [{ from = \""+bin+"/app\", at = \"/app\", exec = true }]\n")
	}
	for name, target := range map[string]string{"the canary": h.canary, "inside the root": "tmp", "/dev of the host": "/dev", "through /proc": "/proc/self/root/dev"} {
		if err := errors.Join(os.Remove(dev), os.Symlink(target, dev)); err != nil {
			t.Fatal(err)
		}
		r := launch(t, compiled(t, text(`"/app/probe", "exit", "9"`, "")))
		if r.code != 248 {
			t.Errorf("%s: %s", name, r)
		}
	}
	if err := errors.Join(os.Remove(dev), os.Mkdir(dev, 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pts", "shm", "mqueue", "null", "ptmx", "console"} {
		if err := os.Symlink(h.canary, filepath.Join(dev, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := reported(t, compiled(t, text(`"/app/probe"`, "shm = \"1M\"\nmqueue = true\n")), "list:/dev/shm", "write:/dev/null", "write:/dev/shm/x", "read:/dev/console", "write:/dev/tty0")
	r.attempts(t, "empty", "list:/dev/shm")
	r.attempts(t, "ok", "write:/dev/null", "write:/dev/shm/x")
	r.attempts(t, "ENOENT", "read:/dev/console")
	r.attempts(t, "EROFS", "write:/dev/tty0")
}

// Whatever the root has as /dev/null, masks are of our own making: they are what hides, and
// the decoy is neither bound nor opened (CVE-2025-31133).
func TestS07MasksDoNotUseTheRoot(t *testing.T) {
	needRoot(t)
	h := newHostileRoot(t)
	h.untouched(t)
	null := filepath.Join(h.root, "dev", "null")
	puts := map[string]func() error{
		"nothing":              func() error { return nil },
		"link to the canary":   func() error { return os.Symlink(filepath.Join(h.canary, "shadow"), null) },
		"link to core_pattern": func() error { return os.Symlink("/proc/sys/kernel/core_pattern", null) },
		"regular file":         func() error { return os.WriteFile(null, []byte("decoy"), 0o666) },
		"another device":       func() error { return unix.Mknod(null, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))) },
		"FIFO":                 func() error { return unix.Mkfifo(null, 0o666) },
	}
	for _, name := range some(t, slices.Sorted(maps.Keys(puts))) {
		if err := puts[name](); err != nil {
			t.Fatal(err)
		}
		text := policy("masks", `"/app/probe"`, `[root]
path = "`+h.root+`"
[mounts]
bind = [{ from = "`+bin+`/app", at = "/app", exec = true }]
[masks]
mask = ["/etc/shadow", "/etc/ssh/"]
`)
		r := reported(t, compiled(t, text), "read:/etc/shadow", "list:/etc/ssh", "read:/proc/keys", "read:/dev/null")
		r.attempts(t, "EACCES", "read:/etc/shadow", "list:/etc/ssh", "read:/proc/keys")
		r.attempts(t, "empty", "read:/dev/null")
		if err := os.RemoveAll(null); err != nil {
			t.Fatal(err, name)
		}
	}
	// A mask whose object is missing is an error, not nothing to hide.
	if err := os.Remove(filepath.Join(h.root, "etc", "shadow")); err != nil {
		t.Fatal(err)
	}
	launch(t, h.sealed(t)).expect(t, 248, "test.toml:", "no such file")
}

// /proc and /sys of the root must be directories; files below them are covered.
func TestS18ProcOfTheRoot(t *testing.T) {
	needRoot(t)
	h := newHostileRoot(t)
	h.untouched(t)
	sealed := h.sealed(t)
	for _, name := range []string{"proc", "sys"} {
		path := filepath.Join(h.root, name)
		objects := h.objects()
		for _, what := range some(t, slices.Sorted(maps.Keys(objects))) {
			if err := errors.Join(os.RemoveAll(path), objects[what](path)); err != nil {
				t.Fatal(err)
			}
			if r := launch(t, sealed); r.code != 248 {
				t.Errorf("/%s is %s: %s", name, what, r)
			}
		}
		if err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Join(path, "self", "attr"), 0o755), os.WriteFile(filepath.Join(path, "self", "attr", "exec"), nil, 0o666)); err != nil {
			t.Fatal(err)
		}
		launch(t, sealed).expect(t, 9)
	}
}

// Nothing in a root is configuration: files that other launchers read from an image change
// nothing (CVE-2026-40226, CVE-2022-23648).
func TestS50SettingsOfTheRoot(t *testing.T) {
	needRoot(t)
	h := newHostileRoot(t)
	sealed := compiled(t, policy("settings", `"/app/probe"`, "[root]\npath = \""+h.root+"\"\n[mounts]\nbind = [{ from = \""+bin+"/app\", at = \"/app\", exec = true }]\n"))
	before := reported(t, sealed)
	for name, text := range map[string]string{
		"settings.toml": "policy = 1\n", "root.nspawn": "[Exec]\nPrivilegedUsers=yes\nCapability=all\n", "config.json": `{"process":{"user":{"uid":0}}}`,
		"etc/passwd": "nobody:x:0:0::/:/bin/sh\n", "etc/group": "nogroup:x:0:\n", "etc/ld.so.preload": "/app/evil.so\n", "etc/environment": "LD_PRELOAD=/app/evil.so\n",
		"etc/nsswitch.conf": "passwd: evil\n", "etc/casemate.toml": "service = \"x\"\n", ".dockerenv": "",
	} {
		if err := os.WriteFile(filepath.Join(h.root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	after := reported(t, sealed)
	equal(t, "uid", after.Status["Uid"], before.Status["Uid"])
	equal(t, "capabilities", after.Caps, before.Caps)
	equal(t, "env", after.Env, before.Env)
	equal(t, "mounts", after.mountPoints(), before.mountPoints())
}

// Odd objects on the way: no open blocks, no long name or deep directory ends the shim
// otherwise than by a step that says so, and directories that only root may enter do.
func TestS52OddObjects(t *testing.T) {
	needRoot(t)
	h := newHostileRoot(t)
	h.untouched(t)
	long := strings.Repeat("x", 255)
	deep := filepath.Join(long, long, long)
	if err := os.MkdirAll(filepath.Join(h.root, deep), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(filepath.Join(h.root, "tmp"), 0o2711), os.Chown(filepath.Join(h.root, "tmp"), 1234, 1234), os.Chmod(filepath.Join(h.root, long), 0)); err != nil {
		t.Fatal(err)
	}
	sparse := filepath.Join(h.root, "sparse")
	if err := errors.Join(os.WriteFile(sparse, nil, 0o644), os.Truncate(sparse, 1<<43)); err != nil {
		t.Fatal(err)
	}
	head := "[root]\npath = \"" + h.root + "\"\n[mounts]\n"
	app := "{ from = \"" + bin + "/app\", at = \"/app\", exec = true }"
	good := policy("odd", `"/app/probe", "exit", "9"`, head+"bind = ["+app+", { from = \""+sparse+"\", at = \"/sparse\", type = \"file\" }]\ntmpfs = [{ at = \"/tmp\" }, { at = \"/"+deep+"\" }]\n")
	launch(t, compiled(t, good)).expect(t, 9)

	fifo, socket := filepath.Join(h.root, "fifo"), filepath.Join(h.root, "socket")
	if err := errors.Join(unix.Mkfifo(fifo, 0o666), h.objects()["socket"](socket)); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct{ mounts, want string }{
		"FIFO as a file":       {`bind = [` + app + `, { from = "` + fifo + `", at = "/x", type = "file" }]`, "test.toml:"},
		"FIFO as a directory":  {`bind = [` + app + `, { from = "` + fifo + `", at = "/tmp" }]`, "test.toml:"},
		"socket as a file":     {`bind = [` + app + `, { from = "` + socket + `", at = "/x", type = "file" }]`, "test.toml:"},
		"file as a directory":  {`bind = [` + app + `, { from = "` + sparse + `", at = "/tmp" }]`, "test.toml:"},
		"target is a file":     {`bind = [` + app + `]` + "\n" + `tmpfs = [{ at = "/sparse" }]`, "test.toml:"},
		"target name too long": {`bind = [` + app + `]` + "\n" + `tmpfs = [{ at = "/` + long + `x" }]`, "test.toml:"},
	}
	for _, name := range some(t, slices.Sorted(maps.Keys(cases))) {
		c := cases[name]
		r := command(t, filepath.Join(bin, "casemate"), "compile", "-o", filepath.Join(t.TempDir(), "x"), write(t, policy("odd", `"/app/probe", "exit", "9"`, head+c.mounts+"\n")))
		if r.code == 2 {
			continue // refused even earlier
		}
		r = launch(t, compiled(t, policy("odd", `"/app/probe", "exit", "9"`, head+c.mounts+"\n")))
		if r.code != 248 || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: %s", name, r)
		}
	}
}

// Attributes of a file system that is bound do not come along: every mount below a
// recursive bind has the flags of the policy.
func TestS53MountsBelowABind(t *testing.T) {
	needRoot(t)
	dir := canaryDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	sealed := compiled(t, policy("below", `"/app/probe"`, `[mounts]
bind = [{ from = "`+bin+`/app", at = "/app", exec = true }, { from = "`+dir+`", at = "/v", recursive = true }]
`))
	// Mounted in a namespace of the launch's own, with the widest flags.
	script := `mount -t tmpfs -o suid,dev,exec,rw,mode=777 none "$2/a" && mkdir -m 777 "$2/a/c" && mount -t tmpfs -o suid,dev,exec,rw,mode=777 none "$2/a/c" && exec "$0" run "$1" -- write:/v/x write:/v/a/x write:/v/a/c/x`
	r := command(t, "unshare", "-m", "sh", "-c", script, filepath.Join(bin, "casemate-shim"), sealed, dir)
	r.expect(t, 0)
	out := decoded(t, r)
	out.attempts(t, "EROFS", "write:/v/x", "write:/v/a/x", "write:/v/a/c/x")
	seen := 0
	for _, m := range out.Mounts {
		f := strings.Fields(m)
		if !strings.HasPrefix(f[4], "/v") {
			continue
		}
		seen++
		for _, flag := range []string{"ro", "nosuid", "nodev", "noexec"} {
			if !strings.Contains(","+f[5]+",", ","+flag+",") {
				t.Errorf("%s lacks %s: %s", f[4], flag, m)
			}
		}
	}
	equal(t, "mounts below the bind", seen, 3)
}

// Nothing propagates: neither out, from a launch on a host whose / is shared, nor in; and
// the host can unmount what was mounted when the container began.
func TestS27Propagation(t *testing.T) {
	needRoot(t)
	if _, err := exec.LookPath("findmnt"); err != nil {
		t.Skip("needs findmnt, of util-linux")
	}
	dir := canaryDir(t)
	sealed := compiled(t, policy("propagation", `"/app/probe", "sleep"`, `[mounts]
bind = [{ from = "`+bin+`/app", at = "/app", exec = true }, { from = "/usr", at = "/usr" }]
tmpfs = [{ at = "/tmp" }]
`))
	// A host of its own: its / is shared, one mount lies beside before the launch, one is
	// made during it.
	script := `
mount --make-rshared / && mkdir -p "$2/m" "$2/late" && mount -t tmpfs marked "$2/m" || exit 90
before=$(findmnt -rno TARGET,PROPAGATION | sort)
"$0" run "$1" >"$2/out" & shim=$!
n=0; until grep -q ready "$2/out"; do n=$((n+1)); [ $n -lt 1000 ] || exit 91; sleep 0.02; done
[ "$before" = "$(findmnt -rno TARGET,PROPAGATION | sort)" ] || { echo "mounts of the host changed"; exit 92; }
mount -t tmpfs late "$2/late" || exit 93
init=$(cat /run/casemate/propagation/receipt.json | sed -n 's/.*"init_pid": \([0-9]*\).*/\1/p')
grep -E ' (late|marked) |shared:|master:' /proc/$init/mountinfo && exit 94
umount "$2/m" && umount "$2/late" || { echo "busy"; exit 95; }
kill -TERM $shim; wait $shim
[ $? -lt 246 ] || exit 96
exit 42`
	r := command(t, "unshare", "-m", "--propagation", "private", "sh", "-c", script, filepath.Join(bin, "casemate-shim"), sealed, dir)
	r.expect(t, 42)
}
