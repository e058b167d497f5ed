package prepare

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"casemate/internal/cgroup"
	"casemate/internal/plan"
	"casemate/internal/sealed"
	"casemate/internal/sys"
	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// opens says what the kernel answers to the opening of devices that a process of the
// group makes itself, as root: CAP_MKNOD and a place for nodes are not enough.
func opens(dir string) int {
	for _, d := range []struct {
		name         string
		major, minor uint32
		flags        int
	}{
		{"null", 1, 3, unix.O_RDWR}, {"kmsg", 1, 11, unix.O_RDONLY}, {"loop", 10, 237, unix.O_RDONLY}, {"loop", 10, 237, unix.O_RDWR},
	} {
		path := dir + "/" + d.name
		err := unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(d.major, d.minor)))
		if errors.Is(err, unix.EEXIST) {
			err = nil
		}
		if err == nil {
			var fd int
			if fd, err = unix.Open(path, d.flags|unix.O_CLOEXEC, 0); err == nil {
				unix.Close(fd)
			}
		}
		fmt.Println(d.name, d.flags, err)
	}
	return 0
}

// The kernel keeps a group from devices that are not its own, whoever makes the node. S31.
func TestS31Devices(t *testing.T) {
	c := hierarchy(t)
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		t.Skip("needs the device 10:237: ", err)
	}
	program := cgroup.DeviceProgram([]sealed.Device{{Path: "/dev/loop", Major: 10, Minor: 237, Access: sealed.AccessRead}})
	g, err := NewGroup(c, plan.Cgroup{Name: "casemate-devices", Devices: program, DevicesAt: "x.toml:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	}()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	cmd := helper(t, "opens", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: g.FD(), Pdeathsig: syscall.SIGKILL}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("null %d <nil>\nkmsg %d operation not permitted\nloop %d <nil>\nloop %d operation not permitted\n", unix.O_RDWR, unix.O_RDONLY, unix.O_RDONLY, unix.O_RDWR)
	if string(out) != want {
		t.Errorf("%s\nwant\n%s", out, want)
	}
}

// A program that the kernel does not take: nothing is launched without.
func TestDevicesRefused(t *testing.T) {
	c := hierarchy(t)
	for name, program := range map[string][]byte{
		"no exit":     {0xb7, 0, 0, 0, 1, 0, 0, 0},
		"no such":     {0xff, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0},
		"jumps":       {0x55, 0, 5, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0},
		"reads above": {0x61, 0x10, 0x40, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0},
	} {
		_, err := NewGroup(c, plan.Cgroup{Name: "casemate-devices", Devices: program, DevicesAt: "x.toml:1"})
		if err == nil || !strings.Contains(err.Error(), "BPF_PROG_LOAD") || !strings.Contains(err.Error(), "x.toml:1") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(c.Mount + c.Own + "/casemate-devices"); err == nil {
			t.Errorf("%s: the group is left", name)
		}
	}
}

// Signals that come while the kernel looks at a program, such as the Go runtime's own to
// preempt, do not fail a launch.
func TestDevicesAmongSignals(t *testing.T) {
	needRoot(t)
	program := cgroup.DeviceProgram([]sealed.Device{{Path: "/dev/loop", Major: 10, Minor: 237, Access: sealed.AccessRead}})
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	done, over, thread := make(chan bool), make(chan bool), unix.Gettid()
	go func() {
		defer close(over)
		for {
			select {
			case <-done:
				return
			default:
				unix.Tgkill(unix.Getpid(), thread, unix.SIGURG)
			}
		}
	}()
	for range lab.Times(t, 500) {
		fd, err := sys.LoadDeviceProgram(program)
		if err != nil {
			t.Error(err)
			break
		}
		unix.Close(fd)
	}
	close(done)
	<-over
}
