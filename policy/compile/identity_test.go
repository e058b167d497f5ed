package compile

import (
	"strings"
	"testing"

	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// inside is root of a user namespace whose ids are nobody's on the host.
const inside = `exec.user = "0"
exec.group = "0"
`

func TestUserNamespace(t *testing.T) {
	p := good(t, inside+`exec.groups = ["5"]
namespaces.user = { uid = ["1000 0 1", "0 100000 1000"], gid = ["0 200000 65536"] }
mounts.bind = [{ from = "/usr", idmap = true }]
mounts.tmpfs = [{ at = "/tmp" }]
why."namespaces.user" = "uid 1000 has to be the host's root"
`)
	n := p.Namespaces
	equal(t, n.New&unix.CLONE_NEWUSER != 0, true)
	equal(t, n.UIDs, []sealed.IDRange{{Inside: 0, Outside: 100000, Count: 1000, At: "p.toml:8"}, {Inside: 1000, Outside: 0, Count: 1, At: "p.toml:8"}})
	equal(t, n.GIDs, []sealed.IDRange{{Inside: 0, Outside: 200000, Count: 65536, At: "p.toml:8"}})
	equal(t, p.Exec.UID, uint32(0))
	for _, m := range p.Mounts {
		equal(t, m.IDMap, m.Target == "/usr")
		if m.Kind == sealed.Tmpfs {
			equal(t, [2]uint32{m.UID, m.GID}, [2]uint32{0, 0})
		}
	}
	// The default user has to be in the map as any other.
	p = good(t, `namespaces.user = { uid = ["65534 100000 1"], gid = ["65534 100000 1"] }`)
	equal(t, p.Exec.UID, uint32(nobody))
	// A reason is asked for by what an id is on the host.
	p = good(t, "root.path = \"/srv/x\"\nroot.idmap = true\n"+inside+`namespaces.user = { uid = ["0 1 1"], gid = ["0 1 1"] }`)
	equal(t, p.Root.IDMap, true)
	p = good(t, "root.image.file = \"/usr/share/x.erofs\"\nroot.idmap = true\n"+inside+`namespaces.user = { uid = ["0 1 1"], gid = ["0 1 1"] }`)
	equal(t, p.Root.IDMap, true)
}

func TestTimeNamespace(t *testing.T) {
	p := good(t, `namespaces.time = { monotonic = -2, monotonic_nsec = 5, boottime = 86400 }`)
	equal(t, p.Namespaces.New&unix.CLONE_NEWTIME != 0, true)
	equal(t, p.Namespaces.Clocks, sealed.Clocks{Monotonic: -2e9 + 5, Boottime: 86400e9})
	equal(t, p.Namespaces.Clocks.Text(), "monotonic -2 5\nboottime 86400 0\n")
	p = good(t, `namespaces.time = {}`)
	equal(t, p.Namespaces.New&unix.CLONE_NEWTIME != 0, true)
}

func TestJoinedNetwork(t *testing.T) {
	p := good(t, `network.mode = "join:/run/netns/web"`)
	equal(t, p.Namespaces.Join, "/run/netns/web")
	equal(t, p.Namespaces.JoinAt, "p.toml:5")
	equal(t, p.Namespaces.New&unix.CLONE_NEWNET == 0, true)
}

func TestProcOfProcessesAlone(t *testing.T) {
	p := good(t, "mounts.proc = \"pid-only\"\nmounts.sysfs = true")
	for _, m := range p.Mounts {
		equal(t, m.PIDOnly, m.Kind == sealed.Proc)
	}
	for _, list := range [][]sealed.Path{p.Masks, p.ReadOnly} {
		for _, m := range list {
			if strings.HasPrefix(m.Path, "/proc/") {
				t.Errorf("%s is covered, and is not there", m.Path)
			}
		}
	}
	if len(p.Masks) == 0 {
		t.Error("nothing of sysfs is masked")
	}
}
