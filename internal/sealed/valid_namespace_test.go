package sealed

import (
	"fmt"
	"strings"
	"testing"
)

// uids changes the map of user ids.
func uids(m ...IDRange) func(*Policy) { return func(p *Policy) { p.Namespaces.UIDs = m } }

// lines are n ranges of one id each.
func lines(n int, outside uint32) []IDRange {
	var m []IDRange
	for i := range uint32(n) {
		m = append(m, IDRange{Inside: 2 * i, Outside: outside + 2*i, Count: 1})
	}
	return m
}

func TestUserNamespace(t *testing.T) {
	refused(t, []refusal{
		{"no map", uids(), "without a map"},
		{"a map without a namespace", func(p *Policy) { p.Namespaces.New &^= cloneNewUser }, "without a map, or a map without one"},
		{"no ids", uids(IDRange{0, 100000, 0, ""}), "0 100000 0 is empty"},
		{"beyond the largest inside", uids(IDRange{4294967290, 0, 6, ""}), "beyond the largest id"},
		{"beyond the largest outside", uids(IDRange{0, 4294967290, 6, ""}), "beyond the largest id"},
		{"overlap inside", uids(IDRange{0, 0, 100, ""}, IDRange{99, 1000, 10, ""}), "99 1000 10 overlaps"},
		{"not ascending", uids(IDRange{100, 0, 100, ""}, IDRange{0, 1000, 100, ""}), "not in ascending order"},
		{"overlap outside", uids(IDRange{0, 1000, 100, ""}, IDRange{100, 950, 51, ""}), "100 950 51 maps ids of the host that 0 1000 100 maps too"},
		{"too many lines", uids(lines(341, 0)...), "341 lines"},
		{"too much text", uids(lines(340, 4000000000)...), "the kernel takes 4095 at most"},
		{"place of a line", uids(IDRange{0, 0, noID, "x\ny"}), "place"},
		{"user outside the map", uids(IDRange{100, 0, 5, ""}), "user 33 is not in the user namespace"},
		{"group outside the map", func(p *Policy) {
			p.Namespaces.GIDs = []IDRange{{34, 0, 1, ""}}
		}, "group 5 is not in the user namespace"},
		{"owner outside the map", func(p *Policy) {
			p.Namespaces.UIDs, p.Mounts[tmpfsMount].UID = []IDRange{{33, 0, 1, ""}}, 70000
		}, "owner 70000:34 is not in the user namespace"},
		{"mapped ids without a namespace", func(p *Policy) {
			p.Namespaces.New &^= cloneNewUser
			p.Namespaces.UIDs, p.Namespaces.GIDs = nil, nil
		}, "mount /usr has its ids mapped and there is no user namespace"},
		{"mapped root without a namespace", func(p *Policy) {
			p.Namespaces.New &^= cloneNewUser
			p.Namespaces.UIDs, p.Namespaces.GIDs = nil, nil
			p.Root = Root{Path: "/srv", IDMap: true}
		}, "the root has its ids mapped"},
		{"mapped assembled root", func(p *Policy) { p.Root.IDMap = true }, "assembled root"},
		{"mapped tmpfs", func(p *Policy) { p.Mounts[tmpfsMount].IDMap = true }, "its kind does not know"},
		{"processes alone in sysfs", func(p *Policy) { p.Mounts[sysMount].PIDOnly = true }, "its kind does not know"},
		{"a mask among processes alone", func(p *Policy) { p.Mounts[procMount].PIDOnly = true }, "/proc/kcore: /proc shows processes alone"},
	})
	accepted(t, []refusal{
		{name: "all ids", change: uids(IDRange{0, 0, noID, ""})},
		{name: "340 lines", change: func(p *Policy) {
			p.Namespaces.UIDs, p.Exec.UID, p.Mounts[tmpfsMount].UID = lines(340, 1), 0, 0
		}},
		{name: "the root's owner of a mount", change: func(p *Policy) {
			p.Namespaces.UIDs = []IDRange{{33, 100000, 1, ""}}
			p.Mounts[tmpfsMount].UID, p.Mounts[tmpfsMount].GID = 0, 0
		}},
		{name: "processes alone", change: func(p *Policy) {
			p.Mounts[procMount].PIDOnly, p.Masks, p.ReadOnly = true, nil, nil
		}},
		{name: "mapped image", change: func(p *Policy) {
			p.Root = Root{Image: Image{File: "/srv/x.erofs"}, IDMap: true}
		}},
		{name: "mapped root", change: func(p *Policy) { p.Root = Root{Path: "/srv", IDMap: true} }},
		{name: "no user namespace", change: func(p *Policy) {
			p.Namespaces.New &^= cloneNewUser
			p.Namespaces.UIDs, p.Namespaces.GIDs, p.Mounts[bindMount].IDMap = nil, nil, false
		}},
	})
}

func TestClocksAndNetwork(t *testing.T) {
	refused(t, []refusal{
		{"offset too large", func(p *Policy) { p.Namespaces.Clocks.Monotonic = MaxOffset + 1 }, "offset"},
		{"offset too small", func(p *Policy) { p.Namespaces.Clocks.Boottime = -MaxOffset - 1 }, "offset"},
		{"offset of the host's clocks", func(p *Policy) { p.Namespaces.New &^= cloneNewTime }, "without a time namespace"},
		{"new and joined", func(p *Policy) { p.Namespaces.New |= cloneNewNet }, "both new and that of"},
		{"relative", func(p *Policy) { p.Namespaces.Join = "netns/web" }, "not absolute"},
		{"unclean", func(p *Policy) { p.Namespaces.Join = "/run/../netns" }, "not clean"},
		{"the root", func(p *Policy) { p.Namespaces.Join = "/" }, "root itself"},
	})
	accepted(t, []refusal{
		{name: "no offsets", change: func(p *Policy) { p.Namespaces.Clocks = Clocks{} }},
		{name: "no time namespace", change: func(p *Policy) { p.Namespaces.New &^= cloneNewTime; p.Namespaces.Clocks = Clocks{} }},
		{name: "the host's network", change: func(p *Policy) { p.Namespaces.Join = "" }},
	})
}

func TestOutside(t *testing.T) {
	m := []IDRange{{0, 100000, 10, ""}, {65534, 5, 1, ""}}
	for _, c := range []struct {
		id, want uint32
		mapped   bool
	}{{0, 100000, true}, {9, 100009, true}, {10, 10, false}, {65533, 65533, false}, {65534, 5, true}, {65535, 65535, false}} {
		if got, ok := Outside(m, c.id); got != c.want || ok != c.mapped {
			t.Errorf("%d is %d, %v", c.id, got, ok)
		}
	}
	if got, ok := Outside(nil, 7); got != 7 || !ok {
		t.Errorf("without a map 7 is %d, %v", got, ok)
	}
	if got := MapText(m); got != "0 100000 10\n65534 5 1\n" || fmt.Sprint(m[1]) != "65534 5 1" || strings.Count(got, "\n") != 2 {
		t.Errorf("%q", got)
	}
}
