package diff

import (
	"testing"

	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// The first device of a policy brings the program that keeps all others away, and with the
// last one it goes: for who can come by a node, that weighs more than the one device.
func TestDeviceProgram(t *testing.T) {
	with := func(held uint64, devices bool) *sealed.Policy {
		p := full()
		p.Caps.Keep |= held
		p.Caps.Ambient |= held
		if !devices {
			p.Devices = nil
		}
		return p
	}
	for _, c := range []struct {
		name string
		held uint64
		want Order
	}{
		{"nothing passes by nodev", 0, Stricter},
		{"MKNOD", 1 << unix.CAP_MKNOD, Incomparable},
		{"SYS_ADMIN", 1 << unix.CAP_SYS_ADMIN, Incomparable},
	} {
		if r := compare(t, with(c.held, true), with(c.held, false)); r.Order != c.want {
			t.Errorf("%s, no devices any more: %s, not %s\n%s", c.name, r.Order, c.want, r.Text())
		}
		if r := compare(t, with(c.held, false), with(c.held, true)); r.Order != c.want.reverse() {
			t.Errorf("%s, a first device: %s, not %s\n%s", c.name, r.Order, c.want.reverse(), r.Text())
		}
	}
}
