package sealed

import "strings"

// The access bits of a device program, linux/bpf.h.
const (
	AccessRead  = 2
	AccessWrite = 4
)

// Numbers of devices as the kernel has them: 12 bits and 20 (linux/kdev_t.h).
const (
	maxMajor = 1<<12 - 1
	maxMinor = 1<<20 - 1
)

// devNames stand in every /dev, or are directories of ours there.
var devNames = [...]string{
	"casemate", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero",
}

// Fault says why the device cannot be made, "" when it can.
func (d *Device) Fault() string {
	name, ok := strings.CutPrefix(d.Path, "/dev/")
	switch {
	case pathFault(d.Path) != "":
		return pathFault(d.Path)
	case !ok || strings.Contains(name, "/"):
		return "does not lie in /dev itself"
	case among(name, devNames[:]):
		return "is in every /dev, or is a directory there"
	case d.Major == 0 || d.Major > maxMajor || d.Minor > maxMinor:
		return "is no device: majors are 1 to 4095, minors at most 1048575"
	case !d.Block && d.Major == 1:
		// mem(4), kmem, port: the memory of the host.
		return "is a memory device"
	case d.Access == 0 || d.Access&^(AccessRead|AccessWrite) != 0:
		return "has no such access"
	}
	return ""
}

func validDevices(p *Policy) error {
	if len(p.Devices) > maxDevices {
		return invalid("", "%d devices", len(p.Devices))
	}
	if len(p.Devices) > 0 && !p.hasDev() {
		return invalid(p.Devices[0].At, "devices, and no /dev to make them in")
	}
	for i := range p.Devices {
		d := &p.Devices[i]
		if why := d.Fault(); why != "" {
			return invalid(d.At, "device %s %s", clip(d.Path), why)
		}
		if i > 0 && p.Devices[i-1].Path >= d.Path {
			return invalid(d.At, "device %s is not in ascending order", clip(d.Path))
		}
	}
	return nil
}

// hasDev: a /dev of our own is mounted.
func (p *Policy) hasDev() bool {
	for _, m := range p.Mounts {
		if m.Kind == Dev && m.Target == "/dev" {
			return true
		}
	}
	return false
}
