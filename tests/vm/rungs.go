// Package vm boots the virtual machines that tests run in: unmodified Debian kernels
// with AppArmor or SELinux enforcing, a pure cgroup v2 hierarchy, systemd as PID 1. It
// is the third and second tier of the tests; the first runs on the host.
//
//	kernel.go vmlinux.go modules.go   the kernel, from its Debian package, kept by version
//	cpio.go image.go                  an initramfs: the guest's init, a shell, what is tested
//	boot.go accelerator.go            QEMU, its serial line, the closing line
//	rungs.go                          the machines
//	guest/                            /init of the guest
//
// A machine whose closing line is missing, whose security module is not the one that was
// asked for, or that runs too long has failed; nothing of it is skipped.
package vm

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// rung is one kind of machine.
type rung struct {
	name    string
	cmdline string
	lsm     string // must be active; "" for any
	without string // must not be
	modules []string
	cpus    string // "1" unless stated
	disk    bool   // an empty ext4 at /disk
	limit   time.Duration
	load    func(*image) error // what is tested, and the commands that test it
}

// rungs in the order of running.
var rungs = []rung{
	{name: "cgroup2", cmdline: "security=none apparmor=0 selinux=0", without: "apparmor", limit: 100 * time.Second,
		modules: []string{"virtio_pci", "virtio_blk", "ext4"}, cpus: "2", disk: true,
		load: integration("TestConfinement|TestRefused|TestLimit|TestMDWEIsDemanded|TestS42LandlockDescriptors")},
	{name: "images", cmdline: "security=none apparmor=0 selinux=0", limit: 200 * time.Second,
		modules: []string{"loop", "dm_mod", "dm_verity", "erofs", "squashfs"}, cpus: "2", load: rootImages},
	{name: "apparmor", cmdline: "apparmor=1 security=apparmor", lsm: "apparmor", limit: 200 * time.Second, cpus: "2", load: appArmor},
	{name: "selinux", cmdline: "security=selinux selinux=1 enforcing=1", lsm: "selinux", limit: 100 * time.Second, cpus: "2", load: seLinux},
	{name: "systemd", cmdline: "apparmor=1 security=apparmor " + toSystemd, lsm: "apparmor", limit: 240 * time.Second,
		modules: []string{"virtio_pci", "virtio_blk", "erofs"}, cpus: "2", load: systemd},
	{name: "systemd-selinux", cmdline: "security=selinux selinux=1 enforcing=1 " + toSystemd, lsm: "selinux", limit: 240 * time.Second,
		modules: []string{"virtio_pci", "virtio_blk", "erofs"}, cpus: "2", load: systemdSELinux},
}

// integration are the tests of casemate/tests that match, with the binaries under test.
func integration(pattern string) func(*image) error {
	return func(i *image) error {
		dir, err := os.MkdirTemp("", "casemate-vm-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := binaries(dir); err != nil {
			return err
		}
		if err := i.tree(filepath.Join(dir, "bin"), "casemate/bin"); err != nil {
			return err
		}
		// The tool is linked with libseccomp.
		if err := i.program(filepath.Join(dir, "bin/casemate"), "casemate/bin/casemate"); err != nil {
			return err
		}
		if err := i.copy(filepath.Join(dir, "tests.test"), "casemate/tests/tests.test"); err != nil {
			return err
		}
		tests, err := directory()
		if err != nil {
			return err
		}
		if err := i.tree(filepath.Join(tests, "testdata"), "casemate/tests/testdata"); err != nil {
			return err
		}
		i.guest.Env = append(i.guest.Env, "CASEMATE_TEST_BINARIES=/casemate")
		i.guest.Commands = append(i.guest.Commands, []string{"/bin/sh", "-c",
			"cd /casemate/tests && exec ./tests.test -test.v -test.short -test.run '" + pattern + "'"})
		return nil
	}
}

// directory is that of casemate/tests.
func directory() (string, error) {
	out, err := run("", "go", "list", "-f", "{{.Dir}}", "casemate/tests")
	return strings.TrimSpace(out), err
}

// binaries builds the integration tests, static, and has them build what they test.
func binaries(dir string) error {
	test := filepath.Join(dir, "tests.test")
	if _, err := run("", "env", "CGO_ENABLED=0", "go", "test", "-c", "-ldflags", "-s -w", "-o", test, "casemate/tests"); err != nil {
		return err
	}
	tests, err := directory()
	if err != nil {
		return err
	}
	cmd := exec.Command(test, "-test.run", "^$")
	cmd.Dir = tests
	cmd.Env = append(os.Environ(), "CASEMATE_TEST_BINARIES="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build what is tested: %w\n%s", err, out)
	}
	return nil
}

// machine makes the rung bootable.
func (r rung) machine(k kernel) (machine, error) {
	i, err := newImage(k, r.modules)
	if err != nil {
		return machine{}, err
	}
	if err := r.load(i); err != nil {
		return machine{}, err
	}
	if r.disk {
		i.dir("disk", 0o755)
		i.disks = append(i.disks, disk{make: emptyExt4})
		i.guest.Mounts = []string{"ext4 /dev/vda /disk"}
	}
	initrd, err := i.bytes()
	if err != nil {
		return machine{}, err
	}
	which, err := accelerator(k)
	if err != nil {
		return machine{}, err
	}
	m := machine{kernel: k, initrd: initrd, cmdline: r.cmdline, memory: "1024", cpus: cmp.Or(r.cpus, "1"), limit: r.limit, accelerator: which}
	m.disks = i.disks
	return m, nil
}

// fault says why a boot of the rung proves nothing; "" when it does.
func (r rung) fault(t transcript) string {
	active := strings.Split(t.lsm(), ",")
	switch {
	case t.lsm() == "":
		return "the guest did not come up"
	case r.lsm != "" && !slices.Contains(active, r.lsm):
		return fmt.Sprintf("%s is not active, but %s", r.lsm, active)
	case r.without != "" && slices.Contains(active, r.without):
		return r.without + " is active"
	case !t.closed():
		return "the closing line is missing"
	}
	return ""
}

// Shell boots a rung with a shell on this terminal in place of its tests. CTRL-A X of
// QEMU's is not there: the machine ends with its shell.
func Shell(name string) error {
	i := slices.IndexFunc(rungs, func(r rung) bool { return r.name == name })
	if i < 0 {
		return fmt.Errorf("no rung %q; there are %s", name, strings.Join(Names(), ", "))
	}
	k, err := fetchKernel()
	if err != nil {
		return err
	}
	r := rungs[i]
	load := r.load
	r.load = func(i *image) error {
		err := load(i)
		i.guest.Commands = [][]string{{"/bin/sh", "-i"}}
		return err
	}
	m, err := r.machine(k)
	if err != nil {
		return err
	}
	m.shell = true
	_, err = m.boot()
	return err
}

// Names lists the rungs.
func Names() []string {
	var names []string
	for _, r := range rungs {
		names = append(names, r.name)
	}
	return names
}
