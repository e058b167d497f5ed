package tests

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// needSELinux skips, by name, where the module is not active. tests/vm fails where it is
// not.
func needSELinux(t *testing.T) {
	t.Helper()
	needRoot(t)
	if !hostHas(t, "selinux") {
		t.Skip("needs SELinux (tests/vm has it)")
	}
}

// The workload's first action finds the whole context. S22.
func TestSELinuxS22LabelIsApplied(t *testing.T) {
	needSELinux(t)
	r := confined(t, "[lsm]\nselinux = { type = \"casemate_test_t\", level = \"s0:c1,c2\" }\n")
	equal(t, "label", r.Label, "system_u:system_r:casemate_test_t:s0:c1,c2")
}

// Nothing is started where SELinux would not confine: 247 or 248, and the line. S22, S23.
func TestSELinuxS22RefusedLabels(t *testing.T) {
	needSELinux(t)
	canary := canaryDir(t)
	mounts := "[mounts]\nbind = [{ from = \"" + bin + "/app\", at = \"/app\", exec = true }, { from = \"" + canary + "\", at = \"/canary\", writable = true }]\n"
	for _, c := range []struct {
		name, label string
		code        int
		want        string
	}{
		{"a domain that no module has", `type = "casemate_absent_t"`, 247, "does not know the context"},
		{"the role of files", `label = "system_u:object_r:casemate_test_t:s0"`, 248, "does not let the shim's domain change"},
		{"a user that is not there", `label = "nobody_u:system_r:casemate_test_t:s0"`, 247, "does not know the context"},
		{"a sensitivity that is not there", `type = "casemate_test_t", level = "s1"`, 247, "does not know the context"},
		{"a permissive domain", `type = "casemate_loose_t"`, 247, "the SELinux domain is permissive"},
		{"a domain of files", `type = "bin_t"`, 247, "does not know the context"},
		{"no transition", `type = "casemate_stranger_t"`, 248, "does not let the shim's domain change"},
		{"no transition under no_new_privs", `type = "casemate_nonnp_t"`, 248, "does not let the shim's domain change"},
		{"preferred, and no domain", `type = "casemate_absent_t", require = false`, 248, "casemate_absent_t"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sealed := compiled(t, policy("refused", `"/app/probe", "confinement", "write:/canary/ran"`, mounts+"[lsm]\nselinux = { "+c.label+" }\n"))
			launch(t, sealed).expect(t, c.code, c.want, "test.toml:")
			if _, err := os.Stat(canary + "/ran"); err == nil {
				t.Error("the workload ran")
			}
		})
	}
}

// Where the policy demands enforcing and the system is permissive, nothing starts. S22.
func TestSELinuxS22PermissiveSystem(t *testing.T) {
	needSELinux(t)
	sealed := compiled(t, policy("refused", `"/app/probe"`, "[lsm]\nselinux = { type = \"casemate_test_t\" }\n"))
	enforce(t, "0")
	launch(t, sealed).expect(t, 247, "SELinux is permissive", "test.toml:")
	enforce(t, "1")
	launch(t, sealed).expect(t, 0)
}

// enforce sets the mode of the system, and enforcing again after the test.
func enforce(t *testing.T, mode string) {
	t.Helper()
	const file = "/sys/fs/selinux/enforce"
	if err := os.WriteFile(file, []byte(mode), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(file, []byte("1"), 0); err != nil {
			t.Error(err)
		}
	})
}

// Two containers of one domain at different levels cannot touch each other's files, one
// at the level of a file can, and the mode of the file allows all three. S24.
func TestSELinuxS24LevelsKeepContainersApart(t *testing.T) {
	needSELinux(t)
	shared := canaryDir(t)
	for name, level := range map[string]string{"one": "s0:c1,c9", "two": "s0:c2,c9"} {
		file := filepath.Join(shared, name)
		if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Chmod(file, 0o666), unix.Setxattr(file, "security.selinux", []byte("system_u:object_r:casemate_test_file_t:"+level), 0)); err != nil {
			t.Fatal(err)
		}
	}
	mounts := "[mounts]\nbind = [{ from = \"" + bin + "/app\", at = \"/app\", exec = true }, { from = \"" + shared + "\", at = \"/shared\", writable = true }]\n"
	for _, c := range []struct{ level, one, two string }{
		{"s0:c1,c9", "ok", "EACCES"}, {"s0:c2,c9", "EACCES", "ok"}, {"s0:c3,c9", "EACCES", "EACCES"}, {"s0:c1,c2,c9", "ok", "ok"},
	} {
		r := confined(t, mounts+"[lsm]\nselinux = { type = \"casemate_test_t\", level = \""+c.level+"\" }\n",
			"read:/shared/one", "write:/shared/one", "read:/shared/two", "write:/shared/two")
		r.attempts(t, c.one, "read:/shared/one", "write:/shared/one")
		r.attempts(t, c.two, "read:/shared/two", "write:/shared/two")
	}
}
