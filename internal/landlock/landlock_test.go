package landlock

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func everything() *sealed.Policy {
	p := &sealed.Policy{}
	p.LSM.Landlock = sealed.Landlock{
		Files: sealed.FileRights, Net: sealed.PortRights, Scoped: sealed.ScopeRights, Log: true, At: "p:1",
		Beneath: []sealed.Beneath{
			{Path: "/", Allow: sealed.FileRead | sealed.DirRead, At: "p:2"},
			{Path: "/dev/tty", Type: sealed.RegularFile, Allow: sealed.FileIoctl, At: "p:3"},
			{Path: "/srv", Allow: sealed.FileWrite | sealed.FileTruncate, At: "p:4"},
		},
		Ports: []sealed.Port{{Number: 80, Allow: sealed.PortBind, At: "p:5"}, {Number: 443, Allow: sealed.PortRights, At: "p:5"}},
	}
	return p
}

// What each ABI makes of one policy, from facts alone: which rights are denied, which rules
// are left, what is said to be missing.
func TestEachABI(t *testing.T) {
	const ten = "{EXECUTE|WRITE_FILE|READ_FILE|READ_DIR|REMOVE_DIR|REMOVE_FILE|MAKE_CHAR|MAKE_DIR|MAKE_REG|MAKE_SOCK|MAKE_FIFO|MAKE_BLOCK|MAKE_SYM|REFER"
	read, write := `{READ_FILE|READ_DIR fd=12}`, `{WRITE_FILE fd=12}`
	cut, tty := `{WRITE_FILE|TRUNCATE fd=12}`, `{IOCTL_DEV fd=12}`
	http, https := `{BIND_TCP 80}`, `{BIND_TCP|CONNECT_TCP 443}`
	for abi, c := range []struct {
		attr  string
		rules []string
		flags string
		lack  string
	}{
		{lack: "p:1: Landlock is not there (CONFIG_SECURITY_LANDLOCK, lsm=landlock), 2 is the least that is used (Linux 5.19)"},
		{lack: "p:1: Landlock has ABI 1, 2 is the least that is used (Linux 5.19)"},
		{ten + "}, 8", []string{read, write}, "0", "truncating files, TCP ports, ioctl on devices, abstract sockets and signals, the audit log"},
		{ten + "|TRUNCATE}, 8", []string{read, cut}, "0", "TCP ports, ioctl on devices, abstract sockets and signals, the audit log"},
		{ten + "|TRUNCATE BIND_TCP|CONNECT_TCP}, 16", []string{http, https, read, cut}, "0", "ioctl on devices, abstract sockets and signals, the audit log"},
		{ten + "|TRUNCATE|IOCTL_DEV BIND_TCP|CONNECT_TCP}, 16", []string{http, https, read, tty, cut}, "0", "abstract sockets and signals, the audit log"},
		{ten + "|TRUNCATE|IOCTL_DEV BIND_TCP|CONNECT_TCP ABSTRACT_UNIX_SOCKET|SIGNAL}, 24", []string{http, https, read, tty, cut}, "0", "the audit log"},
		{ten + "|TRUNCATE|IOCTL_DEV BIND_TCP|CONNECT_TCP ABSTRACT_UNIX_SOCKET|SIGNAL}, 24", []string{http, https, read, tty, cut}, "LOG_NEW_EXEC_ON|LOG_SUBDOMAINS_OFF", ""},
		{ten + "|TRUNCATE|IOCTL_DEV BIND_TCP|CONNECT_TCP ABSTRACT_UNIX_SOCKET|SIGNAL}, 24", []string{http, https, read, tty, cut}, "LOG_NEW_EXEC_ON|LOG_SUBDOMAINS_OFF", ""},
	} {
		t.Run(fmt.Sprint(abi), func(t *testing.T) {
			p, f, l := everything(), &facts.Facts{Landlock: abi}, &plan.List{}
			Rules(l, p, f, 5, 9)
			Restrict(l, p, f)
			must, prefer := Lack(p, f)
			if must != "" || !strings.HasSuffix(prefer, c.lack) || (prefer == "") != (c.lack == "") {
				t.Errorf("lacks %q, %q", must, prefer)
			}
			if c.attr == "" {
				if len(l.Steps) != 0 {
					t.Errorf("%d steps", len(l.Steps))
				}
				return
			}
			var rules []string
			for _, s := range l.Steps {
				if s.Op == plan.LandlockAddRule && s.Tolerate == "" {
					rules = append(rules, s.Args[2].String())
				}
			}
			if d := cmp.Diff(c.rules, rules); d != "" {
				t.Error(d)
			}
			last := len(l.Steps) - 1
			for n, want := range map[int]string{
				0:        "landlock_create_ruleset(" + c.attr + ", 0) -> ruleset",
				last - 1: "landlock_restrict_self(ruleset, " + c.flags + ")",
				last:     `mkdirat(outside, "after", 0700) must be EACCES`,
			} {
				if got := l.Steps[n].String(); got != want {
					t.Errorf("step %d is %s, not %s", n, got, want)
				}
			}
		})
	}
}

// min_abi turns what is missing from a line of the receipt into a refusal.
func TestMinABI(t *testing.T) {
	for abi := range 9 {
		for least := uint8(2); least <= sealed.MaxLandlock; least++ {
			p := everything()
			p.LSM.Landlock.MinABI = least
			must, _ := Lack(p, &facts.Facts{Landlock: abi})
			if refused := must != ""; refused != (abi < int(least)) {
				t.Errorf("ABI %d, %d demanded: %q", abi, least, must)
			}
		}
	}
	p := everything()
	p.LSM.Landlock.MinABI = 4
	if must, prefer := Lack(p, &facts.Facts{}); must != "p:1: Landlock is not there (CONFIG_SECURITY_LANDLOCK, lsm=landlock), and 4 is demanded (Linux 6.7)" || prefer != "" {
		t.Errorf("%q, %q", must, prefer)
	}
}

// A policy without a domain makes no step and lacks nothing, on any kernel.
func TestNoDomain(t *testing.T) {
	for abi := range 9 {
		l, p, f := &plan.List{}, &sealed.Policy{}, &facts.Facts{Landlock: abi}
		Rules(l, p, f, 5, 9)
		Restrict(l, p, f)
		if must, prefer := Lack(p, f); len(l.Steps) != 0 || must != "" || prefer != "" {
			t.Errorf("ABI %d: %d steps, %q, %q", abi, len(l.Steps), must, prefer)
		}
	}
}

// Without rules for files no path is opened, and nothing can be shown.
func TestScopesAlone(t *testing.T) {
	l, p, f := &plan.List{}, &sealed.Policy{}, &facts.Facts{Landlock: 7}
	p.LSM.Landlock.Scoped = sealed.ScopeSignals
	Rules(l, p, f, 5, 9)
	Restrict(l, p, f)
	if len(l.Steps) != 2 || l.Steps[0].String() != "landlock_create_ruleset({0 0 SIGNAL}, 24, 0) -> ruleset" || l.Steps[1].String() != "landlock_restrict_self(ruleset, LOG_SUBDOMAINS_OFF)" {
		t.Error(l.Steps)
	}
	// On a kernel that knows no scopes nothing is left of it.
	l = &plan.List{}
	f.Landlock = 5
	Rules(l, p, f, 5, 9)
	if _, prefer := Lack(p, f); len(l.Steps) != 0 || !strings.Contains(prefer, "abstract sockets and signals") {
		t.Errorf("%d steps, %q", len(l.Steps), prefer)
	}
}

func TestNeeds(t *testing.T) {
	for _, c := range []struct {
		files, net, scoped uint64
		want               int
	}{
		{0, 0, 0, 0}, {sealed.FileRead, 0, 0, 2}, {sealed.FileTruncate, 0, 0, 3}, {sealed.FileRead, sealed.PortBind, 0, 4},
		{sealed.FileIoctl, 0, 0, 5}, {sealed.FileTruncate, 0, sealed.ScopeSignals, 6},
	} {
		if got := Needs(c.files, c.net, c.scoped); got != c.want {
			t.Errorf("%#x %#x %#x needs %d, not %d", c.files, c.net, c.scoped, got, c.want)
		}
	}
}

// The structures as x/sys has them.
func TestStructuresAreTheKernels(t *testing.T) {
	p := everything()
	arg, size := rulesetAttr(&p.LSM.Landlock, 7)
	var attr unix.LandlockRulesetAttr
	want := unix.LandlockRulesetAttr{Handled_access_fs: sealed.FileRights, Handled_access_net: sealed.PortRights, Scoped: sealed.ScopeRights}
	if err := binary.Read(bytes.NewReader(append(arg.Data, make([]byte, 24)...)), binary.NativeEndian, &attr); err != nil || attr != want || size != 24 || len(arg.Data) != 24 {
		t.Errorf("%+v, %d bytes, %v", attr, size, err)
	}
	data := beneathAttr(sealed.FileWrite, 10).Data
	var rule unix.LandlockPathBeneathAttr
	field, _ := reflect.TypeOf(rule).FieldByName("Parent_fd")
	if err := binary.Read(bytes.NewReader(data), binary.NativeEndian, &rule); err != nil || len(data) != 12 || field.Offset != 8 || rule.Allowed_access != sealed.FileWrite || rule.Parent_fd != 10 {
		t.Errorf("%+v of %d bytes, %v", rule, len(data), err)
	}
}
