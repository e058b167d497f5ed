package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// prepare makes of an initramfs what tests and shim expect of a host.
func prepare(r rung) error {
	if err := leaveRootfs(); err != nil {
		return err
	}
	for _, m := range []struct{ fstype, target, options string }{
		{"proc", "/proc", ""},
		{"sysfs", "/sys", ""},
		{"devtmpfs", "/dev", ""},
		{"devpts", "/dev/pts", "gid=5,mode=620,ptmxmode=666"},
		{"tmpfs", "/dev/shm", "mode=1777"},
		{"tmpfs", "/tmp", "mode=1777"},
		{"tmpfs", "/run", "mode=755"},
		{"securityfs", "/sys/kernel/security", ""},
		{"cgroup2", "/sys/fs/cgroup", ""},
		{"tracefs", "/sys/kernel/tracing", ""},
	} {
		if err := os.MkdirAll(m.target, 0o755); err != nil && !errors.Is(err, os.ErrExist) && !errors.Is(err, unix.EPERM) {
			return err
		}
		if err := unix.Mount(m.fstype, m.target, m.fstype, unix.MS_NOSUID, m.options); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	if _, err := os.Stat("/sys/fs/selinux"); err == nil {
		if err := unix.Mount("selinuxfs", "/sys/fs/selinux", "selinuxfs", 0, ""); err != nil {
			return fmt.Errorf("mount selinuxfs: %w", err)
		}
	}
	for _, m := range r.Modules {
		if err := load(m); err != nil {
			return fmt.Errorf("load %s: %w", m, err)
		}
	}
	if err := loadPolicy(r); err != nil { // after the modules, whose files have no label
		return err
	}
	for _, m := range r.Mounts {
		f := strings.Fields(m)
		if len(f) != 3 {
			return fmt.Errorf("mount %q: want a file system, a device and a directory", m)
		}
		if err := unix.Mount(f[1], f[2], f[0], unix.MS_NOSUID, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m, err)
		}
	}
	return errors.Join(label(r), delegate(), loopback(), unix.Sethostname([]byte("vm")))
}

// leaveRootfs puts a mount of the root over the root: the one that the kernel unpacks an
// initramfs into has no parent, and pivot_root(2) refuses it.
func leaveRootfs() error {
	if err := os.MkdirAll("/root-mount", 0o755); err != nil {
		return err
	}
	if err := unix.Mount("/", "/root-mount", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind /: %w", err)
	}
	if err := unix.Chdir("/root-mount"); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move the root: %w", err)
	}
	return errors.Join(unix.Chroot("."), unix.Chdir("/"))
}

func load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); !errors.Is(err, unix.EEXIST) {
		return err
	}
	return nil
}

// delegate has every controller for the children of the root group, as systemd would
// for a unit with Delegate=yes.
func delegate() error {
	b, err := os.ReadFile("/sys/fs/cgroup/cgroup.controllers")
	if err != nil {
		return err
	}
	for _, c := range strings.Fields(string(b)) {
		if err := os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte("+"+c), 0); err != nil {
			return fmt.Errorf("delegate %s: %w", c, err)
		}
	}
	return nil
}

func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}

// switchRoot goes over to the root of the image and its own init.
func switchRoot(r rung) error {
	fstype, device, ok := strings.Cut(r.Root, " ")
	if !ok {
		return fmt.Errorf("root %q: want a file system and a device", r.Root)
	}
	if err := os.MkdirAll("/new", 0o755); err != nil {
		return err
	}
	if err := unix.Mount(device, "/new", fstype, unix.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("mount %s: %w", r.Root, err)
	}
	// The service manager mounts its own.
	for _, m := range []string{"/sys/kernel/tracing", "/sys/fs/cgroup", "/sys/kernel/security", "/sys/fs/selinux", "/run", "/tmp", "/dev/shm", "/dev/pts", "/dev", "/sys", "/proc"} {
		if err := unix.Unmount(m, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("unmount %s: %w", m, err)
		}
	}
	if err := unix.Chdir("/new"); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move the root: %w", err)
	}
	if err := errors.Join(unix.Chroot("."), unix.Chdir("/")); err != nil {
		return err
	}
	return unix.Exec(r.Init, []string{r.Init}, []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_COLORS=0"})
}
