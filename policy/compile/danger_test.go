package compile

import (
	"slices"
	"strings"
	"testing"

	"casemate/policy/base"
	"casemate/policy/danger"
	"casemate/policy/filter"

	"github.com/syndtr/gocapability/capability"
)

// No group grants a call that needs a why, but under a condition of the group's own
// where a condition takes the danger away.
func TestGroupsAreSafe(t *testing.T) {
	for _, name := range base.Groups() {
		g, _ := base.FindGroup(name)
		for _, call := range g.Calls {
			if d, ok := danger.Calls[call]; ok && !(d.Narrowed && g.When[call] != "") {
				t.Errorf("%s grants %s: %s", name, call, d.Why)
			}
		}
		if slices.Contains(g.Calls, "clone3") {
			t.Errorf("%s grants clone3", name)
		}
	}
	for _, call := range filter.InitSet() {
		if _, ok := danger.Calls[call]; ok && initWhen[call] == "" {
			t.Errorf("init's own set grants %s without a condition", call)
		}
	}
}

// A name that nobody knows would guard nothing.
func TestDangerousNames(t *testing.T) {
	for call := range danger.Calls {
		if !filter.Known(call) {
			t.Errorf("unknown call %s", call)
		}
	}
	var known []string
	for _, c := range capability.List() {
		known = append(known, strings.ToUpper(c.String()))
	}
	for name := range danger.Capabilities {
		if !slices.Contains(known, name) {
			t.Errorf("unknown capability %s", name)
		}
	}
	for call := range initWhen {
		if !slices.Contains(filter.InitSet(), call) {
			t.Errorf("a condition on %s, which init does not need", call)
		}
	}
}

// Each dangerous call and capability is refused without a why and accepted with one.
func TestDangersNeedReasons(t *testing.T) {
	for call := range danger.Calls {
		needsWhy(t, `seccomp.allow = ["`+call+`"]`, "seccomp."+call)
	}
	for name := range danger.Capabilities {
		needsWhy(t, `capabilities.keep = ["`+name+`"]`, "capabilities."+name)
	}
}

// What the host runs and reads is not written without one, in /run as in /etc.
func TestWritableSourcesNeedReasons(t *testing.T) {
	for _, from := range []string{"/etc/systemd/system", "/run/systemd/system", "/run/systemd/transient", "/var/run/systemd/generator", "/run/udev/rules.d", "/run", "/efi", "/nix/store"} {
		needsWhy(t, `mounts.bind = [{ from = "`+from+`", writable = true }]`, "mounts."+from)
	}
	for _, from := range []string{"/run/systemd/resolve", "/run/x", "/var/lib/x"} {
		good(t, `mounts.bind = [{ from = "`+from+`" }]`)
	}
}

func needsWhy(t *testing.T, text, key string) {
	t.Helper()
	if _, err := fragment(t, text); err == nil || !strings.Contains(err.Error(), "a dangerous grant without a reason") {
		t.Errorf("%s: %v", text, err)
	}
	if _, err := fragment(t, text+"\n[why]\n\""+key+"\" = \"this is only a test\"\n"); err != nil {
		t.Error(err)
	}
}

// A condition that the policy states is reason enough where the danger lies in the
// arguments; where a group's condition is replaced, the call counts as named.
func TestConditionsAndReasons(t *testing.T) {
	good(t, "seccomp.allow = [\"socket\"]\nseccomp.when.socket = \"family == AF_UNIX\"\n")
	good(t, "seccomp.allow = [\"@net-client\"]\nseccomp.when.socket = \"family == AF_INET\"\n")
	refuse(t, "seccomp.allow = [\"@net-client\"]\nseccomp.when.socket = \"family == AF_VSOCK\"\n",
		`p.toml:6:23: a dangerous grant without a reason (its condition lets through what the groups keep closed: AF_VSOCK is in no namespace): "seccomp.socket"; hint: under [why], write: "seccomp.socket" = "the reason"`)
	good(t, "seccomp.allow = [\"socket\"]\nseccomp.when.socket = \"family == AF_NETLINK && protocol == NETLINK_ROUTE\"\n")
	for condition, what := range map[string]string{
		"family == AF_NETLINK && protocol == NETLINK_AUDIT":          "AF_NETLINK reaches the kernel's configuration",
		"type == SOCK_DGRAM && protocol in {3, 5}":                   "AF_NETLINK reaches the kernel's configuration",
		"family in {AF_INET, AF_PACKET} && type & 0xf == SOCK_DGRAM": "AF_PACKET reads and forges packets",
		"family == AF_ALG && protocol == 77":                         "AF_ALG drives the kernel's ciphers (CVE-2026-31431)",
		"family in {AF_INET, AF_BLUETOOTH} && type == SOCK_RAW":      "AF_BLUETOOTH is a protocol that few have looked at, and that the kernel may load a module for",
		"family < 3 || family in {AF_CAN, AF_TIPC}":                  "AF_CAN is a protocol that few have looked at, and that the kernel may load a module for",
		"family > 45": "family 46 is a protocol that few have looked at, and that the kernel may load a module for", // of later kernels
	} {
		refuse(t, "seccomp.allow = [\"socket\"]\nseccomp.when.socket = \""+condition+"\"\n",
			`p.toml:6:23: a dangerous grant without a reason (its condition lets through what the groups keep closed: `+what+`): "seccomp.socket"; hint: under [why], write: "seccomp.socket" = "the reason"`)
	}
	refuse(t, "seccomp.allow = [\"ioctl\"]\nseccomp.when.ioctl = \"cmd != TCGETS\"\n",
		`p.toml:6:22: a dangerous grant without a reason (its condition lets through what the groups keep closed: TIOCSTI types into a terminal (CVE-2017-5226)): "seccomp.ioctl"; hint: under [why], write: "seccomp.ioctl" = "the reason"`)
	refuse(t, "seccomp.allow = [\"ptrace\"]\nseccomp.when.ptrace = \"request == PTRACE_TRACEME\"\n",
		`p.toml:6:23: a dangerous grant without a reason (reads and changes other processes): "seccomp.ptrace"; hint: under [why], write: "seccomp.ptrace" = "the reason"`)
}

// Every family that the kernel has is one that groups open, or wants a reason.
func TestFamiliesNeedReasons(t *testing.T) {
	all := filter.Constants(filter.AMD64, "AF_")
	if len(all) < 45 {
		t.Fatalf("%d families", len(all))
	}
	for _, f := range all {
		text := "seccomp.allow = [\"socket\"]\nseccomp.when.socket = \"family == " + f.Name + "\"\n"
		switch f.Name {
		case "AF_UNSPEC", "AF_UNIX", "AF_LOCAL", "AF_FILE", "AF_INET", "AF_INET6":
			good(t, text)
		default:
			needsWhy(t, text, "seccomp.socket")
		}
	}
}
