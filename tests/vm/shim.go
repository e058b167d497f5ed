package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// shimEnv tells the tests that every shim they start is confined itself, and by what.
const shimEnv = "CASEMATE_TEST_SHIM"

// refusedToShim are denials that tests of a confined shim are about: what their program tries
// in its place (refusedProbe), and init without a label of its own.
var refusedToShim = regexp.MustCompile(`comm="refused"|operation="exec" profile="casemate-shim" name="/" |execute_no_trans .*tcontext=\S*:casemate_init_exec_t:`)

// appArmorShim is the rung in which every shim runs under its own AppArmor profile, as
// dist/ has it but for two things: it attaches to the shim under test, and what it denies
// outright is logged too.
func appArmorShim(i *image) error {
	if err := appArmor(i); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	const head = "profile casemate-shim flags="
	source := string(i.archive["casemate/dist/apparmor/casemate-shim"].data)
	if strings.Count(source, head) != 1 {
		return fmt.Errorf("dist/apparmor/casemate-shim has no %q", head)
	}
	text := strings.NewReplacer(head, "profile casemate-shim /casemate/bin/casemate-shim flags=", "\n  deny ", "\n  audit deny ").Replace(source)
	from, to := filepath.Join(dir, "casemate-shim"), filepath.Join(dir, "binary")
	if err := os.WriteFile(from, []byte(text), 0o644); err != nil {
		return err
	}
	// What its comments say of time namespaces.
	if err := shimProfile(from, to, "capability sys_time,\n"); err != nil {
		return err
	}
	if err := i.copy(to, "casemate/casemate-shim.apparmor"); err != nil {
		return err
	}
	i.first("/bin/sh", "-c", "cat /casemate/casemate-shim.apparmor >/sys/kernel/security/apparmor/.replace")
	i.guest.Env = append(i.guest.Env, shimEnv+"=apparmor")
	return nil
}

// seLinuxShim is the rung in which every shim runs in its own domain, by Debian's policy
// and dist/selinux. The tests are the kernel's own, kernel_t, which may do what it wants.
func seLinuxShim(i *image) error {
	tests, err := directory()
	if err != nil {
		return err
	}
	dist := filepath.Join(tests, "../dist/selinux")
	modules, err := filepath.Glob(dist + "/*.cil")
	if err != nil {
		return err
	}
	root, err := referencePolicy("shim", append(modules, filepath.Join(tests, "vm/testdata/selinux-shim.cil"))...)
	if err != nil {
		return err
	}
	policies, err := filepath.Glob(filepath.Join(root, "etc/selinux/default/policy/policy.*"))
	if err != nil || len(policies) != 1 {
		return fmt.Errorf("policies in %s: %q, %v", root, policies, err)
	}
	if err := i.copy(policies[0], "policy"); err != nil {
		return err
	}
	i.guest.Policy = "/policy"
	// As file_contexts(5) of Debian's policy and ours have it.
	for path, kind := range map[string]string{
		"/casemate/bin/casemate-init": "casemate_init_exec_t", "/casemate/bin/casemate-shim": "casemate_shim_exec_t",
		"/casemate/bin/app": "bin_t", "/etc": "etc_t", "/usr": "usr_t", "/usr/bin": "bin_t", "/usr/sbin": "bin_t", "/usr/lib": "lib_t",
		"/run": "var_run_t", "/dev/null": "null_device_t", "/dev/zero": "zero_device_t",
		"/dev/loop-control": "loop_control_device_t", "/dev/mapper/control": "lvm_control_t",
	} {
		i.guest.Labels = append(i.guest.Labels, [2]string{path, "system_u:object_r:" + kind + ":s0"})
	}
	slices.SortFunc(i.guest.Labels, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) }) // what is below comes later
	i.guest.Env = append(i.guest.Env, shimEnv+"=selinux")
	return rootImages(i)
}
