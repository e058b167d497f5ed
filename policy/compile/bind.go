package compile

import (
	"strings"

	"casemate/internal/sealed"
)

// bind resolves one entry of mounts.bind. The host's side is looked at when the
// service is launched, not here: the build host is another machine.
func (c *compiler) bind(i int) {
	b := &c.file.Mounts.Bind[i]
	from := c.pos("mounts.bind", i, "from")
	m := sealed.Mount{Kind: sealed.Bind, Writable: b.Writable, Exec: b.Exec, Recursive: b.Recursive}
	m.Type = pathTypes[given(b.Type, "dir")]
	m.At = at(c.file.Pos("mounts.bind", i))
	m.Source = c.hostPath(b.From, from)
	if b.At == nil && strings.HasPrefix(b.From, "./") {
		c.fail(from, b.From, "add: at = \"/…\"", "a path beside the policy needs a place inside")
		return
	}
	if m.Source == "" && b.At == nil {
		return // one fault, reported once
	}
	m.Target = c.target(given(b.At, b.From), c.pos("mounts.bind", i, "at"))
	if m.Source == "" || m.Target == "" {
		return
	}
	if b.Recursive && m.Type != sealed.Directory {
		c.fail(c.pos("mounts.bind", i, "recursive"), m.Target, "", "only the bind of a directory can be recursive")
	}
	if b.Writable && b.Exec {
		c.need("mounts."+m.Target, c.pos("mounts.bind", i, "exec"), "what is written there can be executed")
	}
	if danger := dangerousSource(m.Source, b.Writable); danger != "" {
		c.need("mounts."+m.Target, from, danger)
	}
	c.add(m)
}

var pathTypes = map[string]sealed.PathType{"dir": sealed.Directory, "file": sealed.RegularFile, "socket": sealed.Socket}

// kernelTrees are not files but the kernel's own controls, and what it boots from.
var kernelTrees = []string{"/proc", "/sys", "/dev", "/boot"}

// controlSockets give whoever can connect the powers of a service of the host.
var controlSockets = []string{
	"/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/docker.sock", "/run/podman/podman.sock",
	"/run/dbus/system_bus_socket", "/run/systemd/private", "/run/systemd/notify", "/run/casemate",
	"/run/udev/control", "/run/libvirt/libvirt-sock", "/run/snapd.socket",
}

// hostSystem is what the host runs and is configured by; a workload that writes
// there writes outside its confinement.
var hostSystem = []string{
	"/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt", "/root", "/home",
	"/var/lib/dbus", "/var/lib/systemd", "/var/spool/cron",
}

// dangerousSource says what binding a path of the host opens, "" for nothing known.
func dangerousSource(source string, writable bool) string {
	// /var/run is /run everywhere since FHS 3.0.
	if rest, ok := strings.CutPrefix(source, "/var/run"); ok && (rest == "" || rest[0] == '/') {
		source = "/run" + rest
	}
	switch {
	case source == "/":
		return "all files of the host are visible"
	case meets(source, kernelTrees, false):
		return "it is of the kernel's own trees: devices, controls, what the host boots from"
	case meets(source, controlSockets, true):
		return "a socket there commands a service of the host"
	case writable && meets(source, hostSystem, true):
		return "the host runs or reads what is written there"
	}
	return ""
}

// meets tells whether source is one of the paths or lies in one; with holds, also
// whether one of them lies in source.
func meets(source string, paths []string, holds bool) bool {
	for _, p := range paths {
		if within(source, p) || holds && below(p, source) {
			return true
		}
	}
	return false
}
