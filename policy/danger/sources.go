package danger

import "strings"

// kernelTrees are not files but the kernel's own controls, and what it boots from.
var kernelTrees = []string{"/proc", "/sys", "/dev", "/boot"}

// controlSockets give whoever can connect the powers of a service of the host.
var controlSockets = []string{
	// Whoever starts containers.
	"/run/containerd", "/run/crio", "/run/docker.sock", "/run/docker", "/run/podman", "/run/buildkit", "/run/k3s", "/run/cri-dockerd.sock",
	"/run/nri", "/var/lib/kubelet", "/run/incus", "/var/lib/incus", "/var/lib/lxd", "/var/snap/lxd", "/run/libvirt", "/run/casemate",
	// The service managers and buses of the system and of its users, whose /run/user/UID/bus
	// starts what it is told to.
	"/run/dbus/system_bus_socket", "/run/systemd/private", "/run/systemd/notify", "/run/systemd/machine", "/run/user",
	"/run/udev/control", "/run/snapd.socket",
}

// hostSystem is what the host runs and is configured by; a workload that writes
// there writes outside its confinement.
var hostSystem = []string{
	"/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt", "/root", "/home",
	"/var/lib/dbus", "/var/lib/systemd", "/var/spool/at", "/var/spool/cron", "/efi", "/lib32", "/libx32", "/nix",
	// What may stand in /etc stands in /run for the time of a boot: file-hierarchy(7).
	"/run/systemd", "/run/udev", "/run/dbus", "/run/tmpfiles.d", "/run/sysusers.d", "/run/sysctl.d", "/run/binfmt.d",
	"/run/modprobe.d", "/run/modules-load.d",
}

// Source says what binding a path of the host opens, "" for nothing known.
func Source(source string, writable bool) string {
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
		if within(source, p) || holds && within(p, source) {
			return true
		}
	}
	return false
}

// within tells whether a clean path is another, or lies in it.
func within(s, parent string) bool { return strings.HasPrefix(s+"/", parent+"/") }
