package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// imageEnv names a directory with root images that are ready: a virtual machine has no
// mkfs.erofs.
const imageEnv = "CASEMATE_TEST_IMAGES"

// rootImage is an image of the kind with the probe in it and the mount points that a
// launch needs, in a directory that only root can write.
func rootImage(t *testing.T, kind string) string {
	t.Helper()
	dir := imageDir(t)
	path := filepath.Join(dir, "root."+kind)
	if ready := os.Getenv(imageEnv); ready != "" {
		writeFile(t, path, readFile(t, filepath.Join(ready, "root."+kind)))
		return path
	}
	tree := filepath.Join(dir, "tree")
	for _, d := range []string{"app", "dev", "proc", "tmp"} {
		if err := os.MkdirAll(filepath.Join(tree, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"app/probe": readFile(t, filepath.Join(bin, "app/probe")), "app/data": strings.Repeat("verified ", 20000)} {
		writeFile(t, filepath.Join(tree, name), text)
		if err := os.Chmod(filepath.Join(tree, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	make := map[string][]string{"erofs": {"mkfs.erofs", path, tree}, "squashfs": {"mksquashfs", tree, path, "-quiet", "-no-progress"}}[kind]
	if _, err := exec.LookPath(make[0]); err != nil {
		t.Skip("needs erofs-utils and squashfs-tools: ", err)
	}
	if out, err := exec.Command(make[0], make[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// imageDir is a directory of root's; those of t.TempDir lie in one that everybody writes
// to, which is no matter for a file.
func imageDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// inImage is a policy of the probe in an image. more comes behind [root].
func inImage(service, image, more string) string {
	return fmt.Sprintf(`policy = 1
service = %q
arch = [%q]
[exec]
argv = ["/app/probe"]
[root.image]
file = %q
%s
[mounts]
tmpfs = [{ at = "/tmp", size = "1M" }]
[seccomp]
allow = ["@default", "@io", "@file-read", "@file-write", "@process", "@signals", "@threads", "@memory", "@time", "@sched", "capget"]
%s`, service, runtime.GOARCH, image, more, lsmOf(""))
}

// loops lists the loop devices of this machine that are of a file with this in its path.
func loops(t *testing.T, part string) (list []string) {
	t.Helper()
	files, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && strings.Contains(string(b), part) {
			list = append(list, f)
		}
	}
	return list
}

// noLoops demands that none is left; the last user is gone a moment after the container.
func noLoops(t *testing.T, image string) {
	t.Helper()
	eventually(t, func() bool { return loops(t, image) == nil }, func() string { return fmt.Sprintf("left behind: %q", loops(t, image)) })
}

// needLoop skips where there are no loop devices.
func needLoop(t *testing.T) {
	t.Helper()
	needRoot(t)
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		t.Skip("needs loop devices: ", err)
	}
}

func TestRootImage(t *testing.T) {
	needLoop(t)
	for _, kind := range []string{"erofs", "squashfs"} {
		t.Run(kind, func(t *testing.T) {
			image := rootImage(t, kind)
			sealed, sleeps := compiled(t, inImage("image", image, "")), sleeping(t, inImage("image", image, ""))
			// What is there, and that none of it can be changed.
			frozen := []string{"write:/app/data", "write:/new", "write:/app/new"}
			r := decoded(t, launch(t, sealed, append([]string{"--", "read:/app/data", "write:/tmp/new"}, frozen...)...))
			r.attempts(t, "ok", "read:/app/data", "write:/tmp/new")
			r.attempts(t, "EROFS", frozen...)
			noLoops(t, image)
			// The receipt has compared it; the device is there while it runs and no longer.
			p := running(t, sleeps)
			p.until(t, "ready")
			if got := loops(t, image); len(got) != 1 {
				t.Errorf("devices of the image: %q", got)
			}
			p.signal(t, unix.SIGTERM)
			p.wait(t)
			noLoops(t, image)
			// A shim that is killed leaves no device either.
			p = running(t, sleeps)
			p.until(t, "ready")
			p.signal(t, unix.SIGKILL)
			p.wait(t)
			noLoops(t, image)
			command(t, filepath.Join(bin, "casemate-shim"), "recover", "image").expect(t, 0)
		})
	}
}

// sleeping is the policy with a probe that stays.
func sleeping(t *testing.T, text string) string {
	t.Helper()
	return compiled(t, strings.Replace(text, `["/app/probe"]`, `["/app/probe", "sleep"]`, 1))
}

// Many at once ask for the same free number of a device.
func TestRootImagesAtOnce(t *testing.T) {
	needLoop(t)
	image := rootImage(t, "erofs")
	var all []*process
	for n := range 12 {
		all = append(all, running(t, compiled(t, strings.Replace(inImage(fmt.Sprintf("image-%d", n), image, ""), `["/app/probe"]`, `["/app/probe", "exit", "5"]`, 1))))
	}
	for _, p := range all {
		p.wait(t).expect(t, 5)
	}
	noLoops(t, image)
}

// What is not an image, or not root's alone, is refused, and leaves nothing behind.
func TestRootImageRefused(t *testing.T) {
	needLoop(t)
	good := readFile(t, rootImage(t, "erofs"))
	squash := readFile(t, rootImage(t, "squashfs"))
	patched := func(image string, at int, b ...byte) string { return image[:at] + string(b) + image[at+len(b):] }
	for _, c := range some(t, []struct {
		name, text string
		change     func(path string) error
		code       int
		says       string
	}{
		{"empty", "", nil, 248, "shorter than a superblock"},
		{"zeroes", strings.Repeat("\x00", 8192), nil, 248, "neither an erofs nor a squashfs image"},
		{"text", strings.Repeat("not an image ", 1000), nil, 248, "neither an erofs nor a squashfs image"},
		{"ext4", patched(strings.Repeat("\x00", 65536), 1080, 0x53, 0xef), nil, 248, "neither an erofs nor a squashfs image"},
		{"erofs cut off", good[:len(good)-4096], nil, 248, "it is cut off"},
		{"squashfs cut off", squash[:len(squash)/2/512*512], nil, 248, "it is cut off"},
		{"of both kinds", patched(good, 0, 'h', 's', 'q', 's'), nil, 248, "magic numbers of erofs and of squashfs"},
		{"not of sectors", good + "x", nil, 248, "no multiple of 512"},
		{"an erofs that the kernel refuses", patched(good, 1024+80, 0xff, 0xff, 0xff, 0xff), nil, 248, "mount erofs from /dev/loop"},
		{"a squashfs that the kernel refuses", patched(squash, 64, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0), nil, 248, "mount squashfs from /dev/loop"},
		{"writable for others", good, func(p string) error { return os.Chmod(p, 0o646) }, 248, "writable by group or others"},
		{"somebody's", good, func(p string) error { return os.Chown(p, 1, 0) }, 248, "owned by uid 1"},
		{"gone", good, os.Remove, 248, "no such file"},
		{"directory", good, func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o755)) }, 248, "not a regular file"},
		{"link", good, func(p string) error { return errors.Join(os.Rename(p, p+"x"), os.Symlink(p+"x", p)) }, 248, "symbolic link"},
		{"fifo", good, func(p string) error { return errors.Join(os.Remove(p), unix.Mkfifo(p, 0o600)) }, 248, "not a regular file"},
		{"device", good, func(p string) error {
			return errors.Join(os.Remove(p), unix.Mknod(p, unix.S_IFBLK|0o600, int(unix.Mkdev(7, 250))))
		}, 248, "image"},
		{"no mount point", emptyImage(t), nil, 248, "no such file or directory"},
	}) {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(imageDir(t), "image")
			writeFile(t, path, c.text)
			if c.change != nil {
				if err := c.change(path); err != nil {
					t.Fatal(err)
				}
			}
			launch(t, compiled(t, inImage("refused", path, ""))).expect(t, c.code, c.says)
			noLoops(t, path)
		})
	}
}

// emptyImage is an erofs with nothing in it.
func emptyImage(t *testing.T) string {
	t.Helper()
	if ready := os.Getenv(imageEnv); ready != "" {
		return readFile(t, filepath.Join(ready, "empty.erofs"))
	}
	path := filepath.Join(t.TempDir(), "empty")
	if out, err := exec.Command("mkfs.erofs", path, t.TempDir()).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return readFile(t, path)
}
