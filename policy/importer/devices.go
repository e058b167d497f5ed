package importer

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// staticDevices have numbers that no kernel changes (devices.txt of the kernel's
// Admin Guide): a source that names them by path alone, as units do, says enough.
var staticDevices = map[string]string{
	"/dev/fuse": "c 10:229", "/dev/kvm": "c 10:232", "/dev/cuse": "c 10:203", "/dev/watchdog": "c 10:130", "/dev/hpet": "c 10:228",
	"/dev/loop-control": "c 10:237", "/dev/vhost-net": "c 10:238", "/dev/vhost-vsock": "c 10:241", "/dev/btrfs-control": "c 10:234",
	"/dev/uinput": "c 10:223", "/dev/uhid": "c 10:239", "/dev/rfkill": "c 10:242", "/dev/hwrng": "c 10:183", "/dev/nvram": "c 10:144", "/dev/ppp": "c 108:0",
	"/dev/ttyS0": "c 4:64", "/dev/ttyS1": "c 4:65", "/dev/ttyS2": "c 4:66", "/dev/ttyS3": "c 4:67",
}

// minimalDevices are in every /dev: the nodes, and the terminals of its own devpts.
var minimalDevices = []string{"c 1:3", "c 1:5", "c 1:7", "c 1:8", "c 1:9", "c 5:0", "c 5:2", "c 136:*"}

var minimalNodes = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "char-pts"}

// device grants a node. To make others, mknod(2), is never granted.
func (d *draft) device(at, number, access string) {
	t := table{"at": at, "device": number}
	if access != "rw" {
		t["access"] = access
	}
	d.element("cgroup.devices", t)
}

// access keeps of "rwm" what can be granted; "" for nothing.
func access(s string) string {
	var kept string
	for _, letter := range []string{"r", "w"} {
		if strings.Contains(s, letter) {
			kept += letter
		}
	}
	return kept
}

// withdrawDevice takes a node out.
func (d *draft) withdrawDevice(at string) string {
	all, _ := d.get("cgroup.devices").([]any)
	for i, t := range d.elements("cgroup.devices") {
		if t["at"] == at {
			if len(all) == 1 {
				d.take("cgroup.devices")
			} else {
				d.set("cgroup.devices", slices.Delete(slices.Clone(all), i, i+1))
			}
			return quote(t) + " of cgroup.devices"
		}
	}
	return at + " of cgroup.devices"
}

// devices of a unit are named by path, or by a group of drivers. Those of the minimal
// /dev are there without a word.
func (u *service) devices(directive) {
	for _, one := range u.values["DeviceAllow"] {
		name, rest, _ := strings.Cut(one.value, " ")
		may, number := access(strings.TrimSpace(rest)), staticDevices[path.Clean(name)]
		if strings.TrimSpace(rest) == "" {
			may = "rw"
		}
		switch {
		case slices.Contains(minimalNodes, name):
			u.d.hold("cgroup", one.item)
		case may == "":
			u.d.skip("cgroup", "no node is made by a workload", one.item)
		case number == "":
			u.d.skip("cgroup", "its numbers are the host's: name it with them under cgroup.devices", one.item)
		default:
			u.d.device(path.Clean(name), number, may)
			done(one.item)
		}
	}
}

// nodes of a container's /dev, with the access that the device program leaves them.
func (c *config) nodes(linux *object) {
	rules := c.rules(linux.at("resources", "devices"))
	granted := map[string]bool{}
	for _, e := range c.list(linux.at("devices")) {
		kind := c.text(e.at("type"))
		if kind == "u" { // unbuffered character devices are character devices (mknod(1))
			kind = "c"
		}
		parts := e.under("path", "type", "major", "minor")
		if kind != "c" && kind != "b" {
			c.d.skip("cgroup", "not a device", parts...)
			continue
		}
		number := fmt.Sprintf("%s %d:%d", kind, c.integer(e.at("major")), c.integer(e.at("minor")))
		granted[number] = true
		switch may := rules.of(number); {
		case slices.Contains(minimalDevices, number):
			c.d.hold("cgroup", parts...)
		case may == "":
			c.d.skip("cgroup", "the source makes it and lets nobody use it", parts...)
		default:
			c.d.device(path.Clean(c.text(e.at("path"))), number, may)
			done(parts...)
		}
	}
	for _, r := range rules {
		switch {
		case !r.allow, slices.Contains(minimalDevices, r.number):
			c.d.hold("cgroup", r.items...)
		case access(r.access) == "":
			c.d.skip("cgroup", "no node is made by a workload", r.items...)
		case granted[r.number]:
			done(r.items...)
		default:
			c.d.skip("cgroup", "the source has no node for it: name one under cgroup.devices", r.items...)
		}
	}
}

// deviceRule is one of an OCI runtime's: a later one counts more than an earlier one.
type deviceRule struct {
	allow  bool
	number string // "c 10:229", with * for any; "a *:*" for all devices
	access string
	items  []*item
}

type deviceRules []deviceRule

func (c *config) rules(list *object) (all deviceRules) {
	for _, e := range c.list(list) {
		part := func(key string) string {
			if o := e.at(key); o != nil && c.integer(o) >= 0 {
				return fmt.Sprint(c.integer(o))
			}
			return "*"
		}
		r := deviceRule{access: "rwm", items: e.under("allow", "type", "major", "minor", "access")}
		kind := "a"
		if t := e.at("type"); t != nil && c.text(t) != "" {
			kind = c.text(t)
		}
		if a := e.at("access"); a != nil && c.text(a) != "" {
			r.access = c.text(a)
		}
		if a := e.at("allow"); a != nil {
			r.allow = c.flag(a)
		}
		r.number = kind + " " + part("major") + ":" + part("minor")
		all = append(all, r)
	}
	return all
}

// of gives what the rules leave of a device; without any, everything.
func (all deviceRules) of(number string) string {
	may := map[string]bool{"r": true, "w": true}
	for _, r := range all {
		if !covers(r.number, number) {
			continue
		}
		for letter := range may {
			if strings.Contains(r.access, letter) {
				may[letter] = r.allow
			}
		}
	}
	var left string
	for _, letter := range []string{"r", "w"} {
		if may[letter] {
			left += letter
		}
	}
	return left
}

// covers tells whether a rule is about a device.
func covers(rule, number string) bool {
	kind, numbers, _ := strings.Cut(rule, " ")
	ofKind, of, _ := strings.Cut(number, " ")
	major, minor, _ := strings.Cut(numbers, ":")
	ofMajor, ofMinor, _ := strings.Cut(of, ":")
	return (kind == "a" || kind == ofKind) && (major == "*" || major == ofMajor) && (minor == "*" || minor == ofMinor)
}
