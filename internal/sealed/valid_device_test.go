package sealed

import "testing"

func TestDevices(t *testing.T) {
	device := func(change func(*Device)) func(*Policy) { return func(p *Policy) { change(&p.Devices[0]) } }
	refused(t, []refusal{
		{"elsewhere", device(func(d *Device) { d.Path = "/srv/fuse" }), "does not lie in /dev"},
		{"below a directory", device(func(d *Device) { d.Path = "/dev/net/tun" }), "does not lie in /dev"},
		{"not a path", device(func(d *Device) { d.Path = "fuse" }), "device"},
		{"a name of every /dev", device(func(d *Device) { d.Path = "/dev/null" }), "is in every /dev"},
		{"kmem", device(func(d *Device) { d.Major, d.Minor = 1, 2 }), "memory device"},
		{"no major", device(func(d *Device) { d.Major = 0 }), "no device"},
		{"a major of 13 bits", device(func(d *Device) { d.Major = 4096 }), "no device"},
		{"a minor of 21 bits", device(func(d *Device) { d.Minor = 1 << 20 }), "no device"},
		{"no access", device(func(d *Device) { d.Access = 0 }), "no such access"},
		{"mknod", device(func(d *Device) { d.Access = 7 }), "no such access"},
		{"order", func(p *Policy) { p.Devices[0], p.Devices[1] = p.Devices[1], p.Devices[0] }, "ascending"},
		{"twice", func(p *Policy) { p.Devices[1] = p.Devices[0] }, "ascending"},
		{"no /dev", func(p *Policy) {
			for i := range p.Mounts {
				if p.Mounts[i].Kind == Dev {
					p.Mounts[i].Kind, p.Mounts[i].Devices, p.Mounts[i].Mode = Tmpfs, false, 0o755
				}
			}
			p.Manager = Manager{}
		}, "no /dev"},
		{"place", device(func(d *Device) { d.At = "a\nb" }), "place"},
	})
	accepted(t, []refusal{{"none", func(p *Policy) { p.Devices = nil }, ""}})
}
