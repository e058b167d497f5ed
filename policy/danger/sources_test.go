package danger

import "testing"

func TestSource(t *testing.T) {
	const kernel, socket, system = "it is of the kernel's own trees: devices, controls, what the host boots from",
		"a socket there commands a service of the host", "the host runs or reads what is written there"
	for _, c := range []struct {
		source   string
		writable bool
		want     string
	}{
		{"/", false, "all files of the host are visible"},
		{"/dev/kvm", false, kernel}, {"/proc", false, kernel},
		{"/run/docker.sock", false, socket}, {"/var/run/docker.sock", false, socket}, {"/run", false, socket}, {"/var", false, socket},
		{"/run/docker/containerd/containerd.sock", false, socket}, {"/run/containerd", false, socket}, {"/run/containerd/debug.sock", false, socket},
		{"/run/buildkit/buildkitd.sock", false, socket}, {"/run/buildkit", false, socket},
		{"/run/k3s/containerd/containerd.sock", false, socket}, {"/run/k3s", false, socket},
		{"/var/lib/lxd/unix.socket", false, socket}, {"/var/snap/lxd/common/lxd/unix.socket", false, socket}, {"/var/lib/incus/unix.socket", false, socket},
		{"/run/user/1000/bus", false, socket}, {"/run/user", false, socket}, {"/var/run/user/1000/podman/podman.sock", false, socket},
		{"/run/nri/nri.sock", false, socket}, {"/var/lib/kubelet/pod-resources/kubelet.sock", false, socket}, {"/run/libvirt/virtqemud-sock", false, socket},
		{"/run/casemate", false, socket}, {"/run/systemd/private", false, socket},
		{"/etc", true, system}, {"/usr/local", true, system}, {"/run/systemd/system", true, system},
		{"/etc", false, ""}, {"/usr", false, ""}, {"/var/lib/web", true, ""}, {"/srv", true, ""}, {"/run/web", true, ""},
		{"/run/users", false, ""}, {"/run/k3sx", false, ""}, {"/run/systemd/journal/socket", false, ""}, {"/var/running", false, ""},
	} {
		if got := Source(c.source, c.writable); got != c.want {
			t.Errorf("%s, writable %t: %q, want %q", c.source, c.writable, got, c.want)
		}
	}
}
