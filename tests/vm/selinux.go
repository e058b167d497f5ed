package vm

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// systemPolicy is the machine's, but for the categories.
//
//go:embed testdata/selinux.cil
var systemPolicy string

// refusedBySELinux are denials that its tests are about: domains that are not to be entered,
// a shim in casemate_guard_t, which has little, and copies of init without its label.
var refusedBySELinux = regexp.MustCompile(`\{ entrypoint \} .*tcontext=system_u:object_r:tmpfs_t:|scontext=\S*:casemate_guard_t:|tcontext=\S*:casemate_(nonnp|still|stranger)_t:|tcontext=system_u:object_r:casemate_test_t:`)

// seLinux is the rung with SELinux enforcing: the tests of confinement once more, each in
// a domain and at a level of its own, and those of SELinux itself.
func seLinux(i *image) error {
	tests, err := directory()
	if err != nil {
		return err
	}
	module, err := generated(filepath.Join(tests, "testdata/strict.toml"))
	if err != nil {
		return err
	}
	policy, err := seLinuxPolicy(tests, module)
	if err != nil {
		return err
	}
	i.file("casemate/strict.cil", module)
	i.file("policy", policy)
	i.guest.Policy = "/policy"
	i.guest.Labels = [][2]string{
		{"/casemate/bin/casemate-init", "system_u:object_r:casemate_init_exec_t:s0"},
		{"/casemate/bin/app", "system_u:object_r:bin_t:s0"},
	}
	return rootImages(i)
}

// generated is the module of a policy, as an image's build makes it.
func generated(policy string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	sealed := filepath.Join(dir, "sealed")
	if _, err := run("", "go", "run", "casemate/policy", "compile", "-o", sealed, policy); err != nil {
		return nil, err
	}
	module, err := run("", "go", "run", "casemate/policy", "show", "--selinux", sealed)
	return []byte(module), err
}

// seLinuxPolicy compiles the system's policy, what every service has, the modules of the
// tests and a generated one. They are one policy here; an image has semodule(8) put them
// together.
func seLinuxPolicy(tests string, module []byte) ([]byte, error) {
	dir, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	system, out := filepath.Join(dir, "system.cil"), filepath.Join(dir, "policy")
	if err := os.WriteFile(system, []byte(systemPolicy+categories()), 0o644); err != nil {
		return nil, err
	}
	strict := filepath.Join(dir, "strict.cil")
	if err := os.WriteFile(strict, module, 0o644); err != nil {
		return nil, err
	}
	// Version 33 is that of Linux 5.14 and later.
	if _, err := run("", "secilc", "-M", "true", "-c", "33", "-o", out, "-f", filepath.Join(dir, "contexts"), system,
		filepath.Join(tests, "../dist/selinux/casemate.cil"), filepath.Join(tests, "vm/testdata/selinux-tests.cil"), strict); err != nil {
		return nil, fmt.Errorf("%w (package secilc)", err)
	}
	return os.ReadFile(out)
}

// categories are c0 to c1023, as in the policies of distributions.
func categories() string {
	var all, order strings.Builder
	for n := range 1024 {
		fmt.Fprintf(&all, "(category c%d)\n", n)
		fmt.Fprintf(&order, " c%d", n)
	}
	return all.String() + "(categoryorder (" + order.String() + "))\n(sensitivitycategory s0 (range c0 c1023))\n"
}
