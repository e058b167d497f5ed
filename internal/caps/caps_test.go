package caps

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"github.com/syndtr/gocapability/capability"
	"golang.org/x/sys/unix"
)

// The names are those of an independent list.
func TestNamesAreGocapabilitys(t *testing.T) {
	for _, c := range capability.List() {
		if got, want := Name(int(c)), "CAP_"+strings.ToUpper(c.String()); got != want {
			t.Errorf("%d is %s, not %s", c, got, want)
		}
	}
	if len(capability.List()) > len(names) {
		t.Errorf("%d names; the other list has %d", len(names), len(capability.List()))
	}
	for c, want := range map[int]string{unix.CAP_CHOWN: "CAP_CHOWN", unix.CAP_SYS_ADMIN: "CAP_SYS_ADMIN", unix.CAP_LAST_CAP: "CAP_CHECKPOINT_RESTORE", len(names): "CAP_41", 63: "CAP_63"} {
		if Name(c) != want {
			t.Errorf("%d is %s, not %s", c, Name(c), want)
		}
	}
}

func TestText(t *testing.T) {
	for set, want := range map[uint64]string{
		0: "0", 1: "CAP_CHOWN", 1<<21 | 1<<1: "CAP_DAC_OVERRIDE|CAP_SYS_ADMIN", 1<<63 | 1<<41: "CAP_41|CAP_63",
	} {
		if got := Text(set); got != want {
			t.Errorf("%#x is %s, not %s", set, got, want)
		}
	}
}

// Each number up to the kernel's last is dropped or kept, also those that are newer
// than the policy and than our names.
func TestBoundCountsToTheKernelsLast(t *testing.T) {
	const keep = 1<<unix.CAP_CHOWN | 1<<unix.CAP_BPF | 1<<45
	for _, last := range []uint8{0, 36, 40, 45, 62, 63} {
		l := &plan.List{}
		Bound(l, &sealed.Policy{Caps: sealed.Capabilities{Keep: keep, At: "p:1"}}, &facts.Facts{CapLast: last})
		var dropped []uint64
		for _, s := range l.Steps {
			if s.Op != plan.Prctl || s.Args[0].Int != unix.PR_CAPBSET_DROP || s.At != "p:1" {
				t.Fatalf("%s", s)
			}
			dropped = append(dropped, s.Args[1].Int)
		}
		var want []uint64
		for c := range uint64(last) + 1 {
			if keep>>c&1 == 0 {
				want = append(want, c)
			}
		}
		if !slices.Equal(dropped, want) {
			t.Errorf("up to %d drops %v", last, dropped)
		}
	}
}

// capsetOf reads the structures back with x/sys's idea of them.
func capsetOf(t *testing.T, s plan.Step) (effective, permitted, inheritable uint64) {
	t.Helper()
	var header unix.CapUserHeader
	var data [2]unix.CapUserData
	for _, part := range []struct {
		bytes []byte
		into  any
	}{{s.Args[0].Data, &header}, {s.Args[1].Data, &data}} {
		if n, err := binary.Decode(part.bytes, binary.NativeEndian, part.into); err != nil || n != len(part.bytes) {
			t.Fatalf("%s: %d of %d bytes, %v", s, n, len(part.bytes), err)
		}
	}
	if header.Version != unix.LINUX_CAPABILITY_VERSION_3 || header.Pid != 0 {
		t.Errorf("header %+v", header)
	}
	join := func(f func(unix.CapUserData) uint32) uint64 { return uint64(f(data[1]))<<32 | uint64(f(data[0])) }
	return join(func(d unix.CapUserData) uint32 { return d.Effective }),
		join(func(d unix.CapUserData) uint32 { return d.Permitted }),
		join(func(d unix.CapUserData) uint32 { return d.Inheritable })
}

func TestBecome(t *testing.T) {
	const ambient = 1<<unix.CAP_NET_BIND_SERVICE | 1<<unix.CAP_BPF
	p := &sealed.Policy{
		Exec: sealed.Exec{UID: 7, GID: 8, Groups: []uint32{3, 1 << 31}, At: "p:1"},
		Caps: sealed.Capabilities{Keep: ambient | 1, Ambient: ambient, At: "p:2"},
	}
	l := &plan.List{}
	Become(l, p, &facts.Facts{})
	var text []string
	for _, s := range l.Steps {
		text = append(text, s.String())
	}
	want := []string{
		"prctl(PR_SET_KEEPCAPS, 1)",
		"setgroups(2, [3 2147483648])", "setresgid(8, 8, 8)", "setresuid(7, 7, 7)",
		"capset({VERSION_3}, {effective=permitted=CAP_SETPCAP|CAP_NET_BIND_SERVICE|CAP_BPF inheritable=CAP_NET_BIND_SERVICE|CAP_BPF})",
		"prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)",
		"prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE)",
		"prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_BPF)",
		"prctl(PR_SET_SECUREBITS, NOROOT|NOROOT_LOCKED|NO_SETUID_FIXUP_LOCKED|KEEP_CAPS_LOCKED|NO_CAP_AMBIENT_RAISE|NO_CAP_AMBIENT_RAISE_LOCKED)",
		"capset({VERSION_3}, {effective=permitted=CAP_NET_BIND_SERVICE|CAP_BPF inheritable=CAP_NET_BIND_SERVICE|CAP_BPF})",
	}
	if !slices.Equal(text, want) {
		t.Fatalf("got\n%s", strings.Join(text, "\n"))
	}
	for i, held := range map[int]uint64{4: ambient | 1<<unix.CAP_SETPCAP, 9: ambient} {
		if e, p, in := capsetOf(t, l.Steps[i]); e != held || p != held || in != ambient {
			t.Errorf("step %d sets %#x %#x %#x", i, e, p, in)
		}
	}
	if got := l.Steps[1].Args[1].Data; binary.NativeEndian.Uint32(got) != 3 || binary.NativeEndian.Uint32(got[4:]) != 1<<31 || len(got) != 8 {
		t.Errorf("groups are %x", got)
	}
}

// Without groups the list is emptied, not left as root's.
func TestBecomeWithoutGroups(t *testing.T) {
	l := &plan.List{}
	Become(l, &sealed.Policy{}, &facts.Facts{})
	if got := l.Steps[1].String(); got != "setgroups(0, NULL)" {
		t.Error(got)
	}
}

// The bits as capabilities(7) numbers them: SECBIT_NOROOT 0, NO_SETUID_FIXUP 2,
// KEEP_CAPS 4, NO_CAP_AMBIENT_RAISE 6, and the lock of each one above it.
func TestSecurebits(t *testing.T) {
	const locks = 1<<1 | 1<<3 | 1<<5 | 1<<7
	if Securebits != 0xeb || Securebits&locks != locks {
		t.Errorf("%#x", Securebits)
	}
	for bit, on := range map[int]bool{0: true, 2: false, 4: false, 6: true} {
		if got := Securebits>>bit&1 == 1; got != on {
			t.Errorf("bit %d is %v", bit, got)
		}
	}
	var all uint64
	for _, f := range secureFlags {
		if f.Bit&(f.Bit-1) != 0 || all&f.Bit != 0 {
			t.Errorf("%s is no single bit of its own", f.Name)
		}
		all |= f.Bit
	}
	if all != Securebits {
		t.Errorf("names for %#x", all)
	}
}
