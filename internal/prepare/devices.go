package prepare

import (
	"errors"
	"fmt"

	"casemate/internal/exit"
	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// keepFromDevices attaches the device program of the policy to the group and asks the
// kernel whether it is there.
func (g *Group) keepFromDevices(program []byte, at string) error {
	if len(program) == 0 {
		return nil
	}
	fd, err := sys.LoadDeviceProgram(program)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EPERM) {
		return exit.Wrap(exit.Lacking, fmt.Errorf("bpf(BPF_PROG_LOAD): device program: %w; CONFIG_CGROUP_BPF and CAP_BPF are needed (%s)", err, at))
	}
	if err != nil {
		return fmt.Errorf("bpf(BPF_PROG_LOAD): device program: %w (%s)", err, at)
	}
	defer unix.Close(fd)
	if err := sys.AttachDeviceProgram(g.dir, fd); err != nil {
		return fmt.Errorf("cgroup %s: bpf(BPF_PROG_ATTACH): device program: %w (%s)", g.path, err, at)
	}
	n, err := sys.DevicePrograms(g.dir)
	if err != nil || n != 1 {
		return fmt.Errorf("cgroup %s: bpf(BPF_PROG_QUERY): %d device programs are attached, not 1: %w (%s)", g.path, n, err, at)
	}
	return nil
}
