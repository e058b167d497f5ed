// Package vm boots the virtual machines that tests run in: unmodified Debian kernels
// with AppArmor or SELinux enforcing, a pure cgroup v2 hierarchy, systemd as PID 1. It
// is the third and second tier of the tests; the first runs on the host.
//
//	kernel.go vmlinux.go modules.go   the kernel, from its Debian package, kept by version
//	cpio.go image.go                  an initramfs: the guest's init, a shell, what is tested
//	boot.go accelerator.go            QEMU, its serial line, the closing line
//	rungs.go                          the machines
//	integration.go userland.go        the tests of casemate/tests in them
//	rooms.go                          the tests of the packages that ask the kernel in them
//	guest/                            /init of the guest
//
// A machine whose closing line is missing, whose security module is not the one that was
// asked for, or that runs too long has failed; nothing of it is skipped.
package vm

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// rung is one kind of machine.
type rung struct {
	name     string
	cmdline  string
	lsm      string // must be active; "" for any
	without  string // must not be
	modules  []string
	cpus     string // "1" unless stated
	disk     bool   // an empty ext4 at /disk
	limit    time.Duration
	rooms    []string           // whose own tests run in it
	tests    string             // of casemate/tests, by pattern: what the machine is about
	policies string             // a line of [lsm] for the policies of those
	rest     string             // for those of the others, where that is another
	meant    *regexp.Regexp     // denials of shim and init that its tests are about
	load     func(*image) error // what else is tested, and the commands that test it; nil for nothing
}

// shimTests are of everything that a policy can ask for, for a shim that is confined itself.
const shimTests = "TestShim(IsConfined|ConfinedDemands|DomainRefuses|DomainIsNot|ProfileRefuses)|TestConfinement(ByDefault|OfMounts|OfProc|ByPolicy|InRoot)|TestRootImageVerity$/erofs|TestS53Mapped|TestS45|TestS12|TestS59Clocks(OfA)|" +
	"TestTimeNamespace|TestJoinedNetwork|TestUserNamespace|TestS31DevicesOf|TestInitImageIsPrivate|TestProcOfProcesses|TestNotifyReady$|" +
	"TestRecover$|TestManager(Credentials|Sockets|IsTold)$|TestLimitMemory$"

// inTestDomain is the domain of the tests.
const inTestDomain = `selinux = { type = "casemate_test_t", level = "auto", file_type = "casemate_test_file_t" }`

// rungs in the order of running: the longest first.
var rungs = []rung{
	// The second processor waits for the tests that need it: emulated ones wait for each other.
	{name: "cgroup2", cmdline: "security=none apparmor=0 selinux=0 maxcpus=1", cpus: "2", without: "apparmor", limit: 400 * time.Second,
		modules: append([]string{"virtio_pci", "virtio_blk", "ext4"}, used...), disk: true, rooms: rooms, load: rootImages,
		tests: "TestLimit|TestControl|TestThreaded|TestProcessors|TestR08|TestR09|TestR21|TestS29|TestS31|TestConfinement|TestHostLacks|TestRefused|TestRecover|TestKilled|TestRootImageVerity|TestCoreSchedulingWithout|TestMDWEIsDemanded|TestS42LandlockDescriptors"},
	{name: "systemd", cmdline: "apparmor=1 security=apparmor " + toSystemd + logsDenials, lsm: "apparmor", limit: 400 * time.Second,
		modules: append([]string{"virtio_pci", "virtio_blk"}, used...), cpus: "2", load: systemd, meant: refusedToUnits},
	{name: "selinux", cmdline: "security=selinux selinux=1 enforcing=1" + logsDenials, lsm: "selinux", limit: 400 * time.Second, modules: used, rooms: confining, load: seLinux, meant: refusedBySELinux,
		tests: "SELinux|TestConfinement|TestS19|TestS20|TestS29|TestS31|TestForwardMap|TestRefused", policies: inTestDomain},
	// To compile a profile takes the parser seconds in a machine. Those of the tests of other
	// things are launched under one that is loaded.
	{name: "apparmor", cmdline: "apparmor=1 security=apparmor" + logsDenials, lsm: "apparmor", limit: 400 * time.Second, modules: used, rooms: confining, load: appArmor, meant: refusedByAppArmor,
		tests:    "AppArmor|TestConfinement|TestS19|TestS20|TestS29|TestS31|TestForwardMap",
		policies: "apparmor = { generate = true }", rest: "apparmor = { profile = \"" + broadProfile + "\" }"},
	{name: "apparmor-shim", cmdline: "apparmor=1 security=apparmor" + logsDenials, lsm: "apparmor", limit: 400 * time.Second, load: appArmorShim,
		modules: used, meant: refusedToShim, tests: shimTests, policies: "apparmor = { generate = true }"},
	{name: "systemd-selinux", cmdline: "security=selinux selinux=1 enforcing=1 " + toSystemd + logsDenials, lsm: "selinux", limit: 400 * time.Second,
		modules: []string{"virtio_pci", "virtio_blk", "erofs"}, cpus: "2", load: systemdSELinux, meant: refusedToDomains},
	{name: "selinux-shim", cmdline: "security=selinux selinux=1 enforcing=1" + logsDenials, lsm: "selinux", limit: 400 * time.Second, load: seLinuxShim,
		modules: used, meant: refusedToShim, tests: shimTests, policies: inTestDomain},
}

// used are the modules that tests of casemate/tests use where they are.
var used = []string{"fuse", "loop", "dm_mod", "dm_verity", "erofs", "squashfs"}

// machine makes the rung bootable.
func (r rung) machine(k kernel) (machine, error) {
	i, err := newImage(k, r.modules)
	if err != nil {
		return machine{}, err
	}
	if err := r.fill(i); err != nil {
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
	limit := r.limit
	if os.Getenv(others) != "" || os.Getenv(whole) != "" {
		limit = time.Hour
	}
	m := machine{kernel: k, initrd: initrd, cmdline: r.cmdline, memory: "1024", cpus: cmp.Or(r.cpus, "1"), limit: limit, accelerator: which}
	m.disks = i.disks
	return m, nil
}

// fill brings what is tested, and says how.
func (r rung) fill(i *image) error {
	if r.tests != "" {
		if err := i.integration(r); err != nil {
			return err
		}
	}
	if r.rooms != nil {
		if err := i.rooms(r.rooms); err != nil {
			return err
		}
	}
	if r.load == nil {
		return nil
	}
	return r.load(i)
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
	shelled := r
	r.tests, r.load = "", func(i *image) error {
		err := shelled.fill(i)
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
