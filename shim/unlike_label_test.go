package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"casemate/internal/facts"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// labels are those that a policy demands, by the security module; tests/vm has a domain and
// its rules.
var labels = map[string]string{
	"apparmor": "casemate-unlike", "selinux": "system_u:system_r:casemate_test_t:s0:c1,c2",
}

// What the child asks for in their place, as long.
const (
	otherProfile = "casemate-others"
	otherLevel   = "system_u:system_r:casemate_test_t:s0:c1,c3"
)

// withLabel gives a policy a label, which it requires, and skips without the module.
func withLabel(t *testing.T, p *sealed.Policy, module string) {
	t.Helper()
	f, err := facts.Probe(facts.HostView(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(f.LSMs, module) {
		t.Skipf("needs the security module %s (tests/vm has it)", module)
	}
	l := sealed.Label{Text: labels[module], Require: true, At: "unlike.toml:1"}
	if module == "selinux" {
		p.LSM.SELinux = l
		return
	}
	p.LSM.AppArmor = l
	allowAll(t, l.Text)
	allowAll(t, otherProfile)
}

// allowAll loads a profile under which everything goes.
func allowAll(t *testing.T, name string) {
	t.Helper()
	cmd := exec.Command("apparmor_parser", "-S", "-K", "-Q", "-M", "/etc/apparmor.d/abi/3.0", "--config-file=/dev/null")
	cmd.Stdin = strings.NewReader("abi <abi/3.0>,\nprofile " + name + " flags=(attach_disconnected) { file, capability, network, unix, signal, ptrace, mount, umount, pivot_root, }\n")
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("apparmor_parser: %v", err)
	}
	const fs = "/sys/kernel/security/apparmor"
	if err := os.WriteFile(fs+"/.replace", b, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.WriteFile(fs+"/.remove", []byte(name), 0) })
}

// entryPoint gives init the label by which a domain is entered, and this program, which is the
// workload, that of programs.
func entryPoint(t *testing.T, init string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for path, label := range map[string]string{init: "system_u:object_r:casemate_init_exec_t:s0", self: "system_u:object_r:bin_t:s0"} {
		if err := unix.Setxattr(path, "security.selinux", []byte(label), 0); err != nil {
			t.Fatal(err)
		}
	}
}
