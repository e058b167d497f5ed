package compile

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"casemate/internal/sealed"
)

// deviceNumber is "c 10:229", as /proc/devices and ls(1) have them.
var deviceNumber = regexp.MustCompile(`^([bc]) (0|[1-9][0-9]{0,3}):(0|[1-9][0-9]{0,6})$`)

// devices resolves the nodes of /dev. The numbers are the policy's: none is looked up
// on the host that builds the image.
func (c *compiler) devices() {
	for i, d := range c.file.Cgroup.Devices {
		p, number := c.file.Pos("cgroup.devices", i, "at"), c.file.Pos("cgroup.devices", i, "device")
		m := deviceNumber.FindStringSubmatch(d.Device)
		if m == nil {
			c.fail(number, d.Device, `"c MAJOR:MINOR" for a character device, "b MAJOR:MINOR" for a block device`, "not a device")
			continue
		}
		path := c.cleanPath(d.At, p)
		if path == "" {
			continue
		}
		access := map[string]uint8{"r": sealed.AccessRead, "w": sealed.AccessWrite, "rw": sealed.AccessRead | sealed.AccessWrite}[given(d.Access, "rw")]
		device := sealed.Device{Path: path, Block: m[1] == "b", Major: decimal32(m[2]), Minor: decimal32(m[3]), Access: access, At: at(p)}
		if why := device.Fault(); why != "" {
			hint := ""
			if strings.HasPrefix(why, "is in every /dev") {
				hint = "leave it out"
			}
			c.fail(p, d.At, hint, "the device %s", why)
			continue
		}
		c.out.Devices = append(c.out.Devices, device)
		c.need("cgroup.devices."+path, p, "a driver of the kernel is in reach, and the hardware behind it")
	}
	if given(c.file.Mounts.Dev, "minimal") == "none" && len(c.file.Cgroup.Devices) > 0 {
		c.fail(c.file.KeyPos("cgroup.devices"), "devices", `leave mounts.dev = "none" out`, "there is no /dev to make them in")
	}
	slices.SortFunc(c.out.Devices, func(a, b sealed.Device) int { return cmp.Compare(a.Path, b.Path) })
}

// decimal32 reads digits that an expression has let through.
func decimal32(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return uint32(n)
}
