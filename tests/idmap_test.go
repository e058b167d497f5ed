package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// owned makes a directory that holds a file of root's, one of uid 7, gid 8, and one of an id
// that no map has.
func owned(t *testing.T) string {
	t.Helper()
	dir := canaryDir(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, ids := range map[string][2]int{"root": {0, 0}, "seven": {7, 8}, "far": {70000, 70000}} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, ids[0], ids[1]); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// needIDMap skips where the kernel cannot map the ids of the file system that a directory is
// on: tmpfs since Linux 6.3.
func needIDMap(t *testing.T, dir string) {
	t.Helper()
	needUserNamespaces(t)
	one := []syscall.SysProcIDMap{{HostID: 100000, Size: 1}}
	cmd := exec.Command(filepath.Join(bin, "app/probe"), "sleep")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, UidMappings: one, GidMappings: one}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	user, err := unix.Open(fmt.Sprintf("/proc/%d/ns/user", cmd.Process.Pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(user)
	tree, err := unix.OpenTree(unix.AT_FDCWD, dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(tree)
	err = unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP, Userns_fd: uint64(user)})
	if errors.Is(err, unix.EINVAL) {
		t.Skipf("needs a file system whose ids this kernel can map: %s", dir)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Owners on disk are owners inside; without idmap, or outside of the map, they are nobody.
func TestS53MappedMounts(t *testing.T) {
	needRoot(t)
	dir := owned(t)
	needIDMap(t, dir)
	needIDMap(t, filepath.Join(bin, "app"))
	r := confined(t, rootInside+`[mounts]
bind = [
  { from = "`+bin+`/app", at = "/app", exec = true, idmap = true },
  { from = "`+dir+`", at = "/mapped", idmap = true, writable = true },
  { from = "`+dir+`", at = "/plain", writable = true },
]
[why]
"mounts./mapped" = "what is made on disk is looked at"
`, "owner:/app", "owner:/mapped/root", "owner:/mapped/seven", "owner:/mapped/far", "owner:/plain/root", "owner:/plain/seven",
		"read:/mapped/root", "read:/mapped/seven", "read:/mapped/far", "read:/plain/root", "mkdir:/mapped/made", "mkdir:/plain/too", "owner:/mapped/made")
	r.attempts(t, "0:0", "owner:/app", "owner:/mapped/root", "owner:/mapped/made")
	r.attempts(t, "7:8", "owner:/mapped/seven")
	r.attempts(t, "65534:65534", "owner:/mapped/far", "owner:/plain/root", "owner:/plain/seven")
	r.attempts(t, "ok", "read:/mapped/root", "mkdir:/mapped/made")
	r.attempts(t, "EACCES", "read:/mapped/seven", "read:/mapped/far", "read:/plain/root", "mkdir:/plain/too")
	for _, m := range r.Mounts {
		f := strings.Fields(m)
		if got, want := strings.Contains(f[5], "idmapped"), f[4] == "/app" || f[4] == "/mapped"; got != want {
			t.Errorf("%s: idmapped is %v", f[4], got)
		}
	}
	var st unix.Stat_t
	if err := unix.Stat(filepath.Join(dir, "made"), &st); err != nil || st.Uid != 0 || st.Gid != 0 {
		t.Errorf("on disk it belongs to %d:%d: %v", st.Uid, st.Gid, err)
	}
}

// A directory of the host as root, with the owners of the disk, and what it holds mounted
// below.
func TestS53MappedRoot(t *testing.T) {
	needRoot(t)
	dir := owned(t)
	needIDMap(t, dir)
	for _, sub := range []string{"app", "proc", "dev"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r := confined(t, rootInside+"[root]\npath = \""+dir+"\"\nidmap = true\n", "owner:/", "owner:/root", "read:/root", "write:/root")
	r.attempts(t, "0:0", "owner:/", "owner:/root")
	r.attempts(t, "ok", "read:/root")
	r.attempts(t, "EROFS", "write:/root")
}

// The mounts below a recursive bind are mapped too, or the launch ends: proc cannot be.
func TestS53MountsBelow(t *testing.T) {
	needRoot(t)
	dir := owned(t)
	needIDMap(t, dir)
	below := filepath.Join(dir, "below")
	if err := os.Mkdir(below, 0o755); err != nil {
		t.Fatal(err)
	}
	more := rootInside + `[mounts]
bind = [{ from = "` + bin + `/app", at = "/app", exec = true }, { from = "` + dir + `", at = "/mapped", idmap = true, recursive = true }]
`
	mounted := func(fstype string) {
		if err := unix.Mount("none", below, fstype, 0, ""); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Unmount(below, unix.MNT_DETACH) })
	}
	mounted("tmpfs")
	if err := os.WriteFile(filepath.Join(below, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := confined(t, more, "owner:/mapped/below/x", "read:/mapped/root")
	r.attempts(t, "0:0", "owner:/mapped/below/x")
	mounted("proc")
	launch(t, compiled(t, policy("below", "", more))).expect(t, 247, fmt.Sprintf("mount_setattr(%s, MOUNT_ATTR_IDMAP)", dir), "cannot have its ids mapped", "test.toml:")
}

// An image's owners are those of the user namespace, too.
func TestS53MappedImage(t *testing.T) {
	needLoop(t)
	needUserNamespaces(t)
	for _, kind := range []string{"erofs", "squashfs"} {
		t.Run(kind, func(t *testing.T) {
			if kind == "squashfs" && !sinceLinux(t, 6, 2) {
				t.Skip("needs squashfs with ids that can be mapped (Linux 6.2)")
			}
			text := inImage("mapped", rootImage(t, kind), "")
			text = strings.Replace(text, "[exec]\n", "root.idmap = true\nnamespaces.user = { uid = [\"0 100000 65536\"], gid = [\"0 100000 65536\"] }\n[exec]\nuser = \"0\"\ngroup = \"0\"\n", 1)
			r := decoded(t, launch(t, compiled(t, text), "--", "owner:/app/probe", "owner:/", "read:/app/data", "write:/app/data"))
			r.attempts(t, "0:0", "owner:/app/probe", "owner:/")
			r.attempts(t, "ok", "read:/app/data")
			r.attempts(t, "EROFS", "write:/app/data")
		})
	}
}
