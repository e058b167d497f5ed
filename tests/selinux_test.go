package tests

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

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
		{"a stranger", `type = "casemate_stranger_t"`, 248, "does not let the shim's domain make a keyring"},
		{"no transition", `type = "casemate_still_t"`, 248, "does not let the shim's domain change"},
		{"no transition under no_new_privs", `type = "casemate_nonnp_t"`, 248, "does not let the shim's domain change"},
		{"preferred, and no domain", `type = "casemate_absent_t", require = false`, 248, "casemate_absent_t"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sealed := compiled(t, policy("refused", `"/app/probe", "write:/canary/ran"`, mounts+"[lsm]\nselinux = { "+c.label+" }\n"))
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

const ownLevel = "[lsm]\nselinux = { type = \"casemate_test_t\", level = \"auto\", file_type = \"casemate_test_file_t\" }\n"

// Each container has a level of its own, which is in its label, in its file systems, in
// the receipt, and nobody's any more when it has ended or was killed. S22, S24.
func TestSELinuxS24LevelOfItsOwn(t *testing.T) {
	needSELinux(t)
	var shims []*process
	levels := map[string]bool{}
	for _, name := range []string{"one", "two", "three"} {
		p := running(t, compiled(t, policy(name, `"/app/probe", "signals"`, ownLevel)))
		p.until(t, "ready")
		shims = append(shims, p)
		r := command(t, bin+"/casemate-shim", "status", name)
		m := regexp.MustCompile(`system_u:system_r:casemate_test_t:(s0:c\d+,c\d+)`).FindStringSubmatch(r.stdout)
		if m == nil {
			t.Fatalf("the receipt has no level: %s", r)
		}
		levels[m[1]] = true
	}
	equal(t, "different levels", len(levels), 3)
	equal(t, "levels taken", levelsTaken(t), true)
	shims[0].signal(t, syscall.SIGTERM)
	shims[0].wait(t)
	for _, p := range shims[1:] {
		p.signal(t, syscall.SIGKILL)
		p.wait(t)
	}
	for end := time.Now().Add(patience); levelsTaken(t) && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	equal(t, "levels taken in the end", levelsTaken(t), false)
	command(t, bin+"/casemate-shim", "recover").expect(t, 0)
}

// levelsTaken tells whether any shim has a level.
func levelsTaken(t *testing.T) bool {
	t.Helper()
	f, err := os.OpenFile("/run/casemate/.levels", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock); err != nil {
		t.Fatal(err)
	}
	return lock.Type != unix.F_UNLCK
}

// What the launch makes is of the file type and at the level of the container: its file
// systems and its keyring. S24.
func TestSELinuxS24MountsAndKeyring(t *testing.T) {
	needSELinux(t)
	r := confined(t, "[mounts]\nbind = [{ from = \""+bin+"/app\", at = \"/app\", exec = true }]\ntmpfs = [{ at = \"/tmp\", mode = \"1777\" }]\n"+
		"[seccomp]\nallow = [\"@default\", \"@io\", \"@file-read\", \"@file-write\", \"@process\", \"@signals\", \"@threads\", \"@memory\", \"@time\", \"@sched\", \"capget\", \"keyctl\"]\n[why]\n\"seccomp.keyctl\" = \"asks for the label of its keyring\"\n"+ownLevel,
		"write:/tmp/x")
	r.attempts(t, "ok", "write:/tmp/x")
	_, level, _ := strings.Cut(r.Label, "casemate_test_t:")
	if !regexp.MustCompile(`^s0:c\d+,c\d+$`).MatchString(level) {
		t.Errorf("label %q", r.Label)
	}
	equal(t, "label of the keyring", r.KeyringLabel, r.Label)
	for _, m := range r.Mounts {
		f := strings.Fields(m)
		ours := slices.Contains([]string{"/", "/dev", "/dev/pts", "/tmp"}, f[4])
		if has := strings.Contains(m, "context=\"system_u:object_r:casemate_test_file_t:"+level+"\"") || strings.Contains(m, "context=system_u:object_r:casemate_test_file_t:"+level); has != ours {
			t.Errorf("%s: labelled %v, want %v: %s", f[4], has, ours, m)
		}
	}
}

// A service in its generated domain does its work, reaches its own files and not those of
// the machine that a mount shows it. S22, S24.
func TestSELinuxGeneratedModule(t *testing.T) {
	needSELinux(t)
	text, err := os.ReadFile("testdata/strict.toml")
	if err != nil {
		t.Fatal(err)
	}
	sealed := compiled(t, string(text))
	loaded, err := os.ReadFile("/casemate/strict.cil")
	if err != nil {
		t.Skipf("needs the machine's policy with the module (tests/vm has it): %v", err)
	}
	if r := command(t, bin+"/casemate", "show", "--selinux", sealed); r.stdout != string(loaded) {
		t.Fatalf("another module than the one that is loaded: %s", r)
	}
	const data = "/tmp/strict"
	if err := errors.Join(os.Mkdir(data, 0o777), os.Chmod(data, 0o777), os.WriteFile(data+"/machines", []byte("x"), 0o644)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	// What restorecon(8) does in an image.
	if err := unix.Setxattr(data, "security.selinux", []byte("system_u:object_r:casemate_strict_file_t:s0"), 0); err != nil {
		t.Fatal(err)
	}
	r := launch(t, sealed, "--", "read:/data/machines", "write:/data/own", "write:/tmp/own", "read:/proc/sys/kernel/ostype")
	r.expect(t, 0)
	out := new(report)
	if err := json.Unmarshal([]byte(r.stdout), out); err != nil {
		t.Fatalf("%v: %s", err, r)
	}
	out.attempts(t, "ok", "write:/data/own", "write:/tmp/own", "read:/proc/sys/kernel/ostype")
	out.attempts(t, "EACCES", "read:/data/machines")
	if !regexp.MustCompile(`^system_u:system_r:casemate_strict_t:s0:c\d+,c\d+$`).MatchString(out.Label) {
		t.Errorf("label %q", out.Label)
	}
}
