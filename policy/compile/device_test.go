package compile

import (
	"testing"

	"casemate/internal/sealed"

	"github.com/google/go-cmp/cmp"
)

func TestDevices(t *testing.T) {
	p := good(t, `cgroup.devices = [
  { at = "/dev/kvm", device = "c 10:232" },
  { at = "/dev/disk", device = "b 8:16", access = "r" },
]
why."cgroup.devices./dev/kvm" = "it runs guests"
why."cgroup.devices./dev/disk" = "it reads the raw disk"
`)
	want := []sealed.Device{
		{Path: "/dev/disk", Block: true, Major: 8, Minor: 16, Access: sealed.AccessRead, At: "p.toml:7"},
		{Path: "/dev/kvm", Major: 10, Minor: 232, Access: sealed.AccessRead | sealed.AccessWrite, At: "p.toml:6"},
	}
	if d := cmp.Diff(want, p.Devices); d != "" {
		t.Error(d)
	}
}
