package compile

import (
	"fmt"
	"strings"
	"testing"
)

// mapping is a user namespace with these lines for both kinds of ids.
func mapping(lines ...string) string {
	list := `["` + strings.Join(lines, `", "`) + `"]`
	return inside + "namespaces.user.uid = " + list + "\nnamespaces.user.gid = [\"0 1 1\"]"
}

func TestRefusedUserNamespace(t *testing.T) {
	many := make([]string, 200)
	for i := range many {
		many[i] = fmt.Sprintf("%d %d 1", 4000000000+2*i, 3000000000+2*i)
	}
	refuseAll(t, map[string][2]string{
		"not a line":        {mapping("0-5"), `p.toml:7:24: not a line of an identity map: "0-5"; hint: they look like "0 100000 65536": the first id inside, the first outside, how many`},
		"negative":          {mapping("0 -1 5"), `p.toml:7:24: not a line of an identity map: "0 -1 5"; hint: they look like "0 100000 65536": the first id inside, the first outside, how many`},
		"two blanks":        {mapping("0  1 5"), `p.toml:7:24: not a line of an identity map: "0  1 5"; hint: they look like "0 100000 65536": the first id inside, the first outside, how many`},
		"large id":          {mapping("0 4294967296 1"), `p.toml:7:24: not an id: "4294967296"`},
		"no ids":            {mapping("0 1 0"), `p.toml:7:24: a range without ids: "0 1 0"; hint: the last number says how many ids`},
		"beyond, inside":    {mapping("1 1 4294967295"), `p.toml:7:24: the range reaches beyond the largest id: "1 1 4294967295"; hint: the largest id is 4294967294`},
		"beyond, outside":   {mapping("0 4294967295 1"), `p.toml:7:24: the range reaches beyond the largest id: "0 4294967295 1"; hint: the largest id is 4294967294`},
		"overlap inside":    {mapping("0 100000 10", "9 200000 1"), `p.toml:7:39: its ids inside overlap those of "0 100000 10", p.toml:7: "9 200000 1"`},
		"overlap outside":   {mapping("0 100000 10", "20 99999 2"), `p.toml:7:39: its ids outside overlap those of "0 100000 10", p.toml:7: "20 99999 2"`},
		"too much text":     {mapping(append([]string{"0 1 1"}, many...)...), `p.toml:7:23: the map takes 4806 bytes, and the kernel 4095 at most; hint: use fewer and larger ranges`},
		"the host's root":   {mapping("0 0 1"), "p.toml:5:13: a dangerous grant without a reason (the workload is root to every file of the host that it sees): \"exec.user\"; hint: under [why], write: \"exec.user\" = \"the reason\"\np.toml:7:24: a dangerous grant without a reason (ids inside are the host's root, to every file and check): \"namespaces.user\"; hint: under [why], write: \"namespaces.user\" = \"the reason\""},
		"a reason too many": {mapping("0 1 1") + "\nwhy.\"exec.user\" = \"it is root inside alone\"", `p.toml:9:5: no grant needs this reason: "exec.user"`},
		"user not in the map": {
			"exec.user = \"5\"\nexec.group = \"0\"\nnamespaces.user = { uid = [\"0 1 1\"], gid = [\"0 1 1\"] }",
			`p.toml:5:13: exec.user is not in namespaces.user.uid: "5"; hint: ids of a policy are those inside: add a line to namespaces.user.uid that has it, or take another`,
		},
		"default user not in the map": {
			"namespaces.user = { uid = [\"0 1 1\"], gid = [\"65534 1 1\"] }",
			`p.toml:5:12: exec.user is not in namespaces.user.uid: "65534"; hint: state exec.user, or map 65534`,
		},
		"group not in the map": {
			"exec.user = \"0\"\nexec.group = \"0\"\nexec.groups = [\"7\"]\nnamespaces.user = { uid = [\"0 1 1\"], gid = [\"0 1 1\"] }",
			`p.toml:7:15: exec.groups is not in namespaces.user.gid: "7"; hint: ids of a policy are those inside: add a line to namespaces.user.gid that has it, or take another`,
		},
		"uid alone": {"namespaces.user = { uid = [\"0 1 1\"] }", `p.toml:5:12: the key is missing: "gid"; hint: write: gid = ["0 100000 65536"]`},
		"idmap without a namespace": {
			`mounts.bind = [{ from = "/usr", idmap = true }]`,
			`p.toml:5:41: there is no user namespace whose ids it could be mapped to: "idmap"; hint: state namespaces.user`,
		},
		"writable and mapped": {
			mapping("0 1 1") + "\nmounts.bind = [{ from = \"/srv/x\", idmap = true, writable = true }]",
			`p.toml:9:43: a dangerous grant without a reason (what the workload makes there belongs to the same ids on the host, setuid programs too): "mounts./srv/x"; hint: under [why], write: "mounts./srv/x" = "the reason"`,
		},
		"an assembled root mapped, and no namespace": { // which would not help
			`root.idmap = true`,
			`p.toml:5:14: an assembled root has no files whose owners could be mapped: "root.idmap"; hint: leave it out, or name root.path or root.image; the files of a bind are mapped by its own idmap`,
		},
		"an assembled root mapped": {
			mapping("0 1 1") + "\nroot.idmap = true",
			`p.toml:9:14: an assembled root has no files whose owners could be mapped: "root.idmap"; hint: leave it out, or name root.path or root.image; the files of a bind are mapped by its own idmap`,
		},
	})
}

func TestRefusedClocksNetworkAndProc(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"too many seconds":        {`namespaces.time = { boottime = 4611686018 }`, `p.toml:5:32: out of range: "4611686018"; hint: it takes -4611686017 to 4611686017`},
		"a second of nanoseconds": {`namespaces.time = { boottime_nsec = 1000000000 }`, `p.toml:5:37: out of range: "1000000000"; hint: it takes 0 to 999999999`},
		"shared and joined": {
			"network.mode = \"join:/run/netns/x\"\nnamespaces.share = [\"net\"]",
			`p.toml:5:16: the network is both shared and another's: "join:/run/netns/x"; hint: namespaces.share has net: leave one of the two out`,
		},
		"the root": {`network.mode = "join:/"`, `p.toml:5:16: the root is no namespace: "/"; hint: ip-netns(8) keeps them in /run/netns`},
		"of a process": {
			`network.mode = "join:/proc/1/ns/net"`,
			`p.toml:5:16: the namespace of a process, whose number is another's the next time: "/proc/1/ns/net"; hint: ip-netns(8) gives them names that stay`,
		},
		"a mask where nothing is": {
			"mounts.proc = \"pid-only\"\nmasks.mask = [\"/proc/kcore\"]",
			`p.toml:6:15: nothing is there to cover: "/proc/kcore"; hint: mounts.proc = "pid-only" has none of the kernel's files`,
		},
		"unmasking what is not there": {
			"mounts.proc = \"pid-only\"\nmasks.unmask = [\"/proc/kcore\"]",
			`p.toml:6:17: nothing is there to be uncovered: "/proc/kcore"; hint: mounts.proc = "pid-only" has none of the kernel's files`,
		},
	})
}
