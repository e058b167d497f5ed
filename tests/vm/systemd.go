package vm

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// toSystemd is systemd's part of the kernel's command line: /var in memory, since the
// root is read-only, and of all units those that are tested.
const toSystemd = "systemd.volatile=state systemd.unit=casemate-test.target systemd.show_status=no systemd.log_target=journal"

// refusedToUnits are denials that its tests are about: a service without a profile that a
// confined shim is to start.
var refusedToUnits = regexp.MustCompile(`operation="exec".* profile="casemate-shim" name="/" `)

// systemd is the rung with systemd as PID 1, on a read-only erofs root of Debian, with
// what `make install` installs, and services under its units. The tests of
// casemate/tests/systemd run at the end of the boot, as a service.
func systemd(i *image) error {
	tree, err := debianTree()
	if err != nil {
		return err
	}
	i.disks = append(i.disks, disk{readonly: true, make: func(path string) error {
		return rootImage(path, func(root string) error { return populate(tree, root) })
	}})
	i.guest.Root, i.guest.Init = "erofs /dev/vda", "/lib/systemd/systemd"
	return nil
}

// rootImage makes an erofs of what fill puts into a directory.
func rootImage(path string, fill func(root string) error) error {
	dir, err := cache() // beside the tree, so that its files need no copies
	if err != nil {
		return err
	}
	if err := sweep(filepath.Join(dir, ".image-*")); err != nil {
		return err
	}
	work, err := os.MkdirTemp(dir, ".image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	root := filepath.Join(work, "root")
	if err := fill(root); err != nil {
		return err
	}
	// Without a random number and times of its own, the same files make the same image.
	args := []string{"--quiet", "-T0", "-U00000000-0000-0000-0000-000000000000"}
	// A root with an SELinux policy is labelled by it.
	if contexts := filepath.Join(root, "etc/selinux/default/contexts/files/file_contexts"); exists(contexts) {
		args = append(args, "--file-contexts="+contexts)
	}
	_, err = run("", "mkfs.erofs", append(args, path, root)...)
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// sweep removes what runs have left that were killed an hour ago or earlier.
func sweep(pattern string) error {
	left, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	for _, l := range left {
		if st, err := os.Stat(l); err == nil && time.Since(st.ModTime()) > time.Hour {
			if err := os.RemoveAll(l); err != nil {
				return err
			}
		}
	}
	return nil
}

// populate makes the root of the rung.
func populate(tree, root string) error {
	tests, b, err := furnishTests(tree, root, "systemd")
	if err != nil {
		return err
	}
	own := filepath.Join(tests, "vm/testdata/systemd")
	policies, err := filepath.Glob(own + "/*.toml")
	if err != nil {
		return err
	}
	for _, p := range policies {
		if err := b.seal(p); err != nil {
			return err
		}
	}
	if err := b.copies(filepath.Join(own, "frail.toml"), "devices", "cgroups", "hostname", "namespaces", "bare", "nested", "counted"); err != nil {
		return err
	}
	if err := b.copies(filepath.Join(own, "eater.toml"), "narrow"); err != nil {
		return err
	}
	if err := b.dropIn("bare", "confined.conf"); err != nil {
		return err
	}
	if err := b.services("nginx"); err != nil {
		return err
	}
	if err := b.spoil(filepath.Join(own, "plain.toml")); err != nil {
		return err
	}
	if err := buildStatic(filepath.Join(root, "usr/lib/casemate-test/app/probe"), "casemate/tests/probe"); err != nil {
		return err
	}
	if err := b.demanding(own); err != nil {
		return err
	}
	if _, err := run("", "musl-gcc", "-static", "-O1", "-o", filepath.Join(root, "usr/lib/casemate-test/app/hard"), filepath.Join(tests, "probe/hard.c")); err != nil {
		return err
	}
	return systemdTest(root)
}

// furnishTests begins the root of a rung: with the units of a directory of testdata, and a key.
// It also gives the directory of casemate/tests.
func furnishTests(tree, root, own string) (tests string, b *builder, err error) {
	if err := base(tree, root); err != nil {
		return "", nil, err
	}
	if tests, err = directory(); err != nil {
		return "", nil, err
	}
	if err := copyTree(filepath.Join(tests, "vm/testdata", own, "etc"), filepath.Join(root, "etc")); err != nil {
		return "", nil, err
	}
	if b, err = newBuilder(root); err != nil {
		return "", nil, err
	}
	return tests, b, b.trust()
}

// systemdTest puts the tests into the image.
func systemdTest(root string) error {
	_, err := run("", "env", "CGO_ENABLED=0", "go", "test", "-c", "-ldflags", "-s -w",
		"-o", filepath.Join(root, "usr/lib/casemate-test/systemd.test"), "casemate/tests/systemd")
	return err
}

// base copies the tree, by links, and adds what `make install` does, without the tool.
func base(tree, root string) error {
	if _, err := run("", "cp", "-al", tree, root); err != nil {
		return err
	}
	// Nothing is to be updated, trimmed or backed up.
	if err := os.RemoveAll(filepath.Join(root, "etc/systemd/system/timers.target.wants")); err != nil {
		return err
	}
	// systemd binds a number of its own over an empty file: machine-id(5).
	id := filepath.Join(root, "etc/machine-id")
	if err := os.Remove(id); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.WriteFile(id, nil, 0o444); err != nil {
		return err
	}
	tests, err := directory()
	if err != nil {
		return err
	}
	for _, unit := range []string{"casemate@.service", "casemate-apparmor.service", "casemate.target"} {
		if err := copyFile(filepath.Join(tests, "../dist/systemd", unit), filepath.Join(root, "usr/lib/systemd/system", unit), 0o644); err != nil {
			return err
		}
	}
	if err := shimProfile(filepath.Join(tests, "../dist/apparmor/casemate-shim"), filepath.Join(root, "usr/share/casemate/casemate-shim.apparmor"), ""); err != nil {
		return err
	}
	for out, pkg := range map[string]string{"casemate-shim": "casemate/shim", "casemate-init": "casemate/init"} {
		if err := buildStatic(filepath.Join(root, "usr/lib/casemate", out), pkg); err != nil {
			return err
		}
	}
	return nil
}

// shimProfile compiles the shim's own profile, as `make install` does, with what an image adds
// to it.
func shimProfile(from, to, local string) error {
	base, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	if err := errors.Join(os.Symlink("/etc/apparmor.d/abi", filepath.Join(base, "abi")), os.Mkdir(filepath.Join(base, "local"), 0o755)); err != nil {
		return err
	}
	if local != "" {
		if err := os.WriteFile(filepath.Join(base, "local/casemate-shim"), []byte(local), 0o644); err != nil {
			return err
		}
	}
	b, err := run("", "/usr/sbin/apparmor_parser", "--config-file=/dev/null", "-b", base, "-M", "/etc/apparmor.d/abi/3.0", "-S", "-K", "-Q", "--warn=all", "--Werror", from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, []byte(b), 0o644)
}

func buildStatic(out, pkg string) error {
	_, err := run("", "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, pkg)
	return err
}

// copyFile writes a file anew: the one in its place may be a link into the tree.
func copyFile(from, to string, mode os.FileMode) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.Remove(to); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.WriteFile(to, b, mode)
}

// copyTree copies the files of a directory, and its symbolic links as such.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink == 0 {
			return copyFile(path, filepath.Join(to, rel), 0o644)
		}
		link, err := os.Readlink(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, rel)), 0o755); err != nil {
			return err
		}
		return os.Symlink(link, filepath.Join(to, rel))
	})
}
