package diff

import (
	"strings"
	"testing"

	"casemate/internal/sealed"
	"casemate/policy/filter"

	"golang.org/x/sys/unix"
)

// also gives amd64's write a verdict, beside read which is allowed.
func also(verdict filter.Action) func(*sealed.Policy) {
	return func(p *sealed.Policy) {
		p.Filters[1].Program = program(
			[4]uint32{load, 0, 0, 4}, [4]uint32{jeq, 1, 0, sealed.ArchAMD64}, [4]uint32{ret, 0, 0, uint32(filter.ActionKillProcess)},
			[4]uint32{load, 0, 0, 0}, [4]uint32{jeq, 0, 1, 0}, [4]uint32{ret, 0, 0, uint32(filter.ActionAllow)},
			[4]uint32{jeq, 0, 1, 1}, [4]uint32{ret, 0, 0, uint32(verdict)},
			[4]uint32{ret, 0, 0, uint32(filter.ActionEPERM)},
		)
	}
}

// TestVerdicts: pairs of actions of seccomp(2), in the order of the table.
func TestVerdicts(t *testing.T) {
	kill, thread, trap := filter.ActionKillProcess, filter.Action(unix.SECCOMP_RET_KILL_THREAD), filter.Action(unix.SECCOMP_RET_TRAP)
	eperm, enosys, notify := filter.ActionEPERM, filter.ActionENOSYS, filter.Action(unix.SECCOMP_RET_USER_NOTIF)
	trace, log, allow := filter.Action(unix.SECCOMP_RET_TRACE|7), filter.Action(unix.SECCOMP_RET_LOG), filter.ActionAllow
	const strange = filter.Action(0x12340000)
	for _, test := range []struct {
		old, new filter.Action
		want     Order
		note     string
	}{
		{eperm, allow, Weaker, ""}, {allow, eperm, Stricter, ""}, {kill, allow, Weaker, ""}, {allow, kill, Stricter, ""},
		{eperm, log, Weaker, ""}, {log, allow, Weaker, ""}, {allow, log, Stricter, ""}, {eperm, notify, Weaker, ""},
		{notify, log, Weaker, ""}, {trace, notify, Behaviour, ""}, {notify, eperm, Stricter, ""}, {trap, trace, Weaker, ""},
		{kill, eperm, Softened, "lives on"}, {thread, enosys, Softened, "lives on"}, {eperm, kill, Behaviour, ""}, {kill, thread, Behaviour, ""},
		{eperm, enosys, Behaviour, "fall back"}, {enosys, eperm, Behaviour, "fall back"}, {eperm, filter.ActionEACCES, Behaviour, ""},
		{eperm, strange, Unknown, "not known"}, {strange, eperm, Unknown, "not known"},
	} {
		order, note := judge(verdicts{test.old, test.new})
		if order != test.want || !strings.Contains(note, test.note) {
			t.Errorf("%s -> %s: %s (%s), not %s", test.old, test.new, order, note, test.want)
		}
	}
}

const (
	killed  = uint32(filter.ActionKillProcess)
	allowed = uint32(filter.ActionAllow)
	denied  = uint32(filter.ActionEPERM)
)

// TestHandMadeFilters: what a program of other hands lets through is found, wherever in
// the space of calls it is.
func TestHandMadeFilters(t *testing.T) {
	arch := [][4]uint32{{load, 0, 0, 4}, {jeq, 1, 0, sealed.ArchAMD64}, {ret, 0, 0, killed}}
	for _, test := range []struct {
		name                   string
		program                [][4]uint32
		subject, note, witness string
	}{
		{"no look at the architecture",
			[][4]uint32{{load, 0, 0, 0}, {jeq, 0, 1, 0}, {ret, 0, 0, allowed}, {ret, 0, 0, denied}},
			"amd64 other architectures", "", "number 0 of architecture 0x0"},
		{"one other architecture",
			[][4]uint32{{load, 0, 0, 4}, {jeq, 2, 0, sealed.ArchAMD64}, {jeq, 1, 0, 0x40000003}, {ret, 0, 0, killed},
				{load, 0, 0, 0}, {jeq, 0, 1, 0}, {ret, 0, 0, allowed}, {ret, 0, 0, denied}},
			"amd64 other architectures", "only architectures 0x40000003", "number 0 of architecture 0x40000003"},
		{"a number of the x32 ABI",
			append(arch[:3:3], [][4]uint32{{load, 0, 0, 0}, {jeq, 1, 0, 0}, {jeq, 0, 1, 0x40000000}, {ret, 0, 0, allowed}, {ret, 0, 0, denied}}...),
			"amd64 x32 calls", "only numbers 0x40000000", "x32 number 0()"},
		{"a number that is none",
			append(arch[:3:3], [][4]uint32{{load, 0, 0, 0}, {jeq, 1, 0, 0}, {jeq, 0, 1, 5000}, {ret, 0, 0, allowed}, {ret, 0, 0, denied}}...),
			"amd64 unknown numbers", "only numbers 0x1388", "number 5000()"},
	} {
		old, new := full(), full()
		new.Filters[1].Program = program(test.program...)
		r := compare(t, old, new)
		found := false
		for _, c := range r.Changes {
			found = found || c.Order == Weaker && c.Subject == test.subject && strings.Contains(c.Note, test.note) && c.Witness.Text == test.witness
		}
		if r.Order != Weaker || !found {
			t.Errorf("%s: %s", test.name, r.Text())
		}
	}
}

// TestUnreadableFilter: a program that cannot be judged is no program that is equal.
func TestUnreadableFilter(t *testing.T) {
	new := full()
	new.Filters[1].Program = program([4]uint32{0x16, 0, 0, 0}) // RET A
	_, err := Compare(Side{Name: "old", Policy: full()}, Side{Name: "new", Policy: new})
	if err == nil || !strings.Contains(err.Error(), "new: the filter cannot be compared") {
		t.Error(err)
	}
}

// FuzzPrograms: of any two programs that can be read, the comparison ends, and backwards
// it is the reverse.
func FuzzPrograms(f *testing.F) {
	f.Add(says(sealed.ArchAMD64, 0, filter.ActionAllow), says(sealed.ArchAMD64, 1, filter.ActionEPERM))
	f.Add(program([4]uint32{ret, 0, 0, allowed}), program([4]uint32{ret, 0, 0, 0x12340000}))
	f.Add(sums(sealed.ArchAMD64), says(sealed.ArchAMD64, 0, filter.ActionAllow))
	f.Add([]byte(nil), []byte{6, 0, 0, 0})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		old, new := full(), full()
		old.Filters[1].Program, new.Filters[1].Program = a, b
		there, err := Compare(Side{Policy: old}, Side{Policy: new})
		back, err2 := Compare(Side{Policy: new}, Side{Policy: old})
		if (err == nil) != (err2 == nil) {
			t.Fatalf("there %v, back %v", err, err2)
		}
		if err == nil && there.Order.reverse() != back.Order {
			t.Fatalf("there %s, back %s", there.Text(), back.Text())
		}
	})
}
