package prepare

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// objects makes one of each kind in a directory.
func objects(t *testing.T) string {
	t.Helper()
	needRoot(t)
	dir := t.TempDir()
	l, err := net.Listen("unix", dir+"/socket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := errors.Join(
		os.MkdirAll(dir+"/dir/below", 0o755), os.WriteFile(dir+"/file", []byte("text"), 0o644), unix.Mkfifo(dir+"/fifo", 0o600),
		unix.Mknod(dir+"/null", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))), os.Symlink("dir", dir+"/link"), os.Symlink("file", dir+"/filelink"),
	); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTree(t *testing.T) {
	dir := objects(t)
	for name, kind := range map[string]string{"dir": "dir", "file": "file", "socket": "socket", "dir/below": "dir"} {
		fd, err := Tree(plan.Open{Kind: plan.Tree, Path: dir + "/" + name, Type: kind})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var copied, original unix.Stat_t
		if err := errors.Join(unix.Fstat(fd, &copied), unix.Lstat(dir+"/"+name, &original)); err != nil || copied.Ino != original.Ino {
			t.Errorf("%s: another object, %v", name, err)
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 || fd < firstSlot {
			t.Errorf("%s: descriptor %d, flags %#x, %v", name, fd, flags, err)
		}
		unix.Close(fd)
	}
}

func TestTreeRefuses(t *testing.T) {
	dir := objects(t)
	for _, c := range []struct {
		name, kind, want string
	}{
		{"file", "dir", "not a dir"}, {"dir", "file", "not a file"}, {"file", "socket", "not a socket"}, {"socket", "file", "not a file"},
		{"fifo", "file", "not a file"}, {"null", "file", "not a file"}, {"dir", "", "not a "},
		{"link", "dir", "symbolic link, name the real path"}, {"filelink", "file", "symbolic link"}, {"link/below", "dir", "symbolic link"},
		{"gone", "dir", "no such file"}, {"file/below", "file", "not a directory"},
	} {
		before := descriptors(t)
		if fd, err := Tree(plan.Open{Kind: plan.Tree, Path: dir + "/" + c.name, Type: c.kind}); err == nil || fd != -1 ||
			!strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir+"/"+c.name) {
			t.Errorf("%s as %q: %d, %v", c.name, c.kind, fd, err)
		}
		if after := descriptors(t); after != before {
			t.Errorf("%s as %q: %d descriptors, before %d", c.name, c.kind, after, before)
		}
	}
	if _, err := Tree(plan.Open{Kind: plan.Tree, Path: "/proc/self/exe", Type: "file"}); !errors.Is(err, unix.ELOOP) {
		t.Errorf("a magic link: %v", err)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// A copy is nobody's but ours: what is done to it does not show on the host, and the
// mounts below come along only when they are asked for.
func TestTreeIsADetachedCopy(t *testing.T) {
	dir := objects(t)
	if err := unix.Mount("none", dir+"/dir/below", "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(dir+"/dir/below", unix.MNT_DETACH) })
	os.WriteFile(dir+"/dir/below/inner", nil, 0o600)
	for kind, want := range map[plan.OpenKind]bool{plan.Tree: false, plan.Recursive: true} {
		fd, err := Tree(plan.Open{Kind: kind, Path: dir + "/dir", Type: "dir"})
		if err != nil {
			t.Fatal(err)
		}
		if got := unix.Faccessat(fd, "below/inner", unix.F_OK, 0) == nil; got != want {
			t.Errorf("%s: the mount below is there: %v", kind, got)
		}
		attr := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
		if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, attr); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mkdirat(fd, "new", 0o755); !errors.Is(err, unix.EROFS) {
			t.Errorf("%s: the copy is not read-only: %v", kind, err)
		}
		for _, path := range []string{"/dir/new-" + string(kind), "/dir/below/new-" + string(kind)} {
			if err := os.Mkdir(dir+path, 0o755); err != nil {
				t.Errorf("%s: the host's tree has changed: %v", kind, err)
			}
		}
		unix.Close(fd)
	}
}

func TestTrusted(t *testing.T) {
	needRoot(t)
	for _, c := range []struct {
		name, want string
		change     func(path string) error
	}{
		{"root's", "", func(string) error { return nil }},
		{"unreadable", "", func(p string) error { return os.Chmod(p, 0) }},
		{"setuid", "", func(p string) error { return os.Chmod(p, 0o755|os.ModeSetuid) }},
		{"other owner", "owned by uid 1, not by root", func(p string) error { return os.Chown(p, 1, 0) }},
		{"group may write", "writable by group or others (mode 0664)", func(p string) error { return os.Chmod(p, 0o664) }},
		{"others may write", "writable by group or others (mode 0602)", func(p string) error { return os.Chmod(p, 0o602) }},
		{"directory", "not a regular file", func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o755)) }},
		{"symbolic link", "not a regular file", func(p string) error { return errors.Join(os.Remove(p), os.Symlink("/bin/true", p)) }},
		{"fifo", "not a regular file", func(p string) error { return errors.Join(os.Remove(p), unix.Mkfifo(p, 0o600)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := t.TempDir() + "/x"
			if err := errors.Join(os.WriteFile(path, nil, 0o600), c.change(path)); err != nil {
				t.Fatal(err)
			}
			fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			if err := Trusted(fd); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
			if c.name == "symbolic link" {
				return
			}
			init, err := Init(path, false)
			if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path)) {
				t.Errorf("init: %v", err)
			}
			if err == nil {
				unix.Close(init)
			}
		})
	}
	if err := Trusted(-1); !errors.Is(err, unix.EBADF) {
		t.Errorf("no descriptor: %v", err)
	}
}
