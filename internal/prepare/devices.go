package prepare

import (
	"errors"
	"fmt"

	"casemate/internal/exit"
	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// keepFromDevices attaches the device program of the policy to the group. Whether it is
// there is verified at the gate.
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
	if g.devices, err = sys.ProgramID(fd); err != nil {
		return fmt.Errorf("cgroup %s: bpf(BPF_OBJ_GET_INFO_BY_FD): device program: %w (%s)", g.path, err, at)
	}
	return nil
}

// Devices gives the device programs that are attached to the group, and the one that is ours.
func (g *Group) Devices() (attached []uint32, ours uint32, err error) {
	attached, err = sys.DevicePrograms(g.dir)
	return attached, g.devices, err
}
