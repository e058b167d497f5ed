package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// needAppArmor skips, by name, where the module is not active. tests/vm fails where it is
// not.
func needAppArmor(t *testing.T) {
	t.Helper()
	needRoot(t)
	if !hostHas(t, "apparmor") {
		t.Skip("needs AppArmor (tests/vm has it)")
	}
}

const (
	apparmorfs = "/sys/kernel/security/apparmor"
	generated  = "[lsm]\napparmor = { generate = true }\n"
)

func named(profile string) string {
	return fmt.Sprintf("[lsm]\napparmor = { profile = %q }\n", profile)
}

// binaryOf compiles the text of a profile.
func binaryOf(t *testing.T, text string) []byte {
	t.Helper()
	cmd := exec.Command("apparmor_parser", "-S", "-K", "-Q", "-M", "/etc/apparmor.d/abi/3.0", "--config-file=/dev/null")
	cmd.Stdin = strings.NewReader("abi <abi/3.0>,\n" + text)
	var words bytes.Buffer
	cmd.Stderr = &words
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("apparmor_parser: %v: %s", err, &words)
	}
	return b
}

// load puts the profile of a text into the kernel, in place of one of that name.
func load(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(apparmorfs+"/.replace", binaryOf(t, text), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.WriteFile(apparmorfs+"/.remove", []byte(name), 0) })
}

// loaded is what the kernel says of a profile: its mode, "" for none.
func loaded(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(apparmorfs + "/profiles")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if mode, ok := strings.CutPrefix(line, name+" ("); ok {
			return strings.TrimSuffix(mode, ")\n")
		}
	}
	return ""
}

// under runs a command with an exec label.
func under(t *testing.T, profile string, argv ...string) result {
	t.Helper()
	return beginUnder(t, profile, argv...).wait(t)
}

func beginUnder(t *testing.T, profile string, argv ...string) *process {
	t.Helper()
	script := `printf 'exec %s' "$0" >/proc/self/attr/apparmor/exec && exec "$@"`
	return begin(t, "/bin/sh", append([]string{"-c", script, profile}, argv...)...)
}

// The workload's first action finds the label, whole and in enforce mode. S22.
func TestAppArmorLabelS22(t *testing.T) {
	needAppArmor(t)
	r := confined(t, generated, "exec:/app/die")
	equal(t, "label", r.Label, "casemate-confined (enforce)")
	r.attempts(t, "exit 2", "exec:/app/die") // executed, under the same profile
	equal(t, "mode", loaded(t, "casemate-confined"), "enforce")
}

// A program that is linked to libraries, which it maps to execute them, from a mount that
// allows it and from one that does not.
func TestAppArmorSharedLibraries(t *testing.T) {
	needAppArmor(t)
	mounts := func(exec string) string {
		return `[mounts]
bind = [
  { from = "/usr/lib", at = "/lib", exec = ` + exec + ` },
  { from = "/usr/lib64", at = "/lib64", exec = true },
  { from = "` + bin + `/casemate", at = "/bin/casemate", type = "file", exec = true },
]
[seccomp]
allow = ["@default", "@io", "@file-read", "@process", "@signals", "@threads", "@memory", "@time", "@sched"]
` + generated
	}
	r := launch(t, compiled(t, policy("linked", `"/bin/casemate", "version"`, mounts("true"))))
	r.expect(t, 0)
	if !strings.Contains(r.stdout, "casemate") {
		t.Errorf("%s", r)
	}
	launch(t, compiled(t, policy("linked", `"/bin/casemate", "version"`, mounts("false")))).expect(t, 127, "failed to map segment")
}

// A root that has files in the place of procfs's: the label is written through a procfs
// of the launch's own, not to them. S20, CVE-2019-16884.
func TestAppArmorDecoysS20(t *testing.T) {
	needAppArmor(t)
	root := canaryDir(t)
	decoys := []string{"self/attr/exec", "self/attr/apparmor/exec", "thread-self/attr/apparmor/exec", "self/oom_score_adj"}
	for _, dir := range []string{"app", "dev"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range decoys {
		path := filepath.Join(root, "proc", d)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	r := confined(t, "[root]\npath = \""+root+"\"\n"+generated)
	equal(t, "label", r.Label, "casemate-confined (enforce)")
	for _, d := range decoys {
		equal(t, d, readFile(t, filepath.Join(root, "proc", d)), "")
	}
}

// openProfile is a profile for tests that allows much; flags and rules are added.
func openProfile(name, flags, more string) string {
	return fmt.Sprintf("profile %s flags=(attach_disconnected%s) {\n/** rwlkmix,\nsignal,\nptrace,\nnetwork unix,\n%s}\n", name, flags, more)
}

// What the mounts and the ids allow and the profile does not is denied: the label
// confines, it does not only stand there.
func TestAppArmorDenies(t *testing.T) {
	needAppArmor(t)
	canary := canaryDir(t)
	if err := os.WriteFile(canary+"/secret", []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	load(t, "casemate-test", openProfile("casemate-test", "", "deny /canary/secret rw,\ndeny /app/die x,\ncapability setuid,\n"))
	more := `[mounts]
bind = [{ from = "` + bin + `/app", at = "/app", exec = true }, { from = "` + canary + `", at = "/canary", writable = true }]
[capabilities]
keep = ["SYS_ADMIN", "SETUID", "SETGID"]
ambient = ["SYS_ADMIN", "SETUID", "SETGID"]
[seccomp]
allow = ["@default", "@io", "@file-read", "@file-write", "@process", "@signals", "@threads", "@memory", "@time", "@sched", "capget", "mount", "umount2", "ptrace", "setgroups", "setgid", "setuid", "socket"]
[why]
"capabilities.SYS_ADMIN" = "the profile has to be what denies"
"capabilities.SETUID" = "the profile has to be what denies"
"capabilities.SETGID" = "the profile has to be what denies"
"seccomp.mount" = "the profile has to be what denies"
"seccomp.umount2" = "the profile has to be what denies"
"seccomp.ptrace" = "the profile has to be what denies"
"seccomp.socket" = "the profile has to be what denies"
`
	attempts := []string{"read:/canary/secret", "exec:/app/die", "socket:inet", "socket:netlink", "mount", "umount:/proc", "setgid:0", "write:/canary/open"}
	r := confined(t, more+named("casemate-test"), attempts...)
	equal(t, "label", r.Label, "casemate-test (enforce)")
	r.attempts(t, "EACCES", "read:/canary/secret", "exec:/app/die", "socket:inet", "socket:netlink")
	for _, a := range r.Attempts {
		if (a.Name == "mount" || strings.HasPrefix(a.Name, "umount") || a.Name == "setgid:0") && a.Result != "EACCES" && a.Result != "EPERM" {
			t.Errorf("%s: %s", a.Name, a.Result)
		}
	}
	r.attempts(t, "ok", "write:/canary/open")

	// The generated profile grants what the policy does, and no mount for all that.
	r = confined(t, more+generated, attempts...)
	r.attempts(t, "ok", "read:/canary/secret", "socket:inet", "socket:netlink", "write:/canary/open", "setgid:0")
	r.attempts(t, "EACCES", "mount", "umount:/proc")
	r = confined(t, generated, "write:/proc/self/attr/current", "write:/proc/self/attr/apparmor/exec", "write:/proc/self/oom_score_adj")
	r.attempts(t, "EACCES", "write:/proc/self/attr/current", "write:/proc/self/attr/apparmor/exec")
	r.attempts(t, "ok", "write:/proc/self/oom_score_adj")
}

// Signals pass through the shim and init to the workload; another confined process of the
// host, be it root's, reaches neither it nor init.
func TestAppArmorSignals(t *testing.T) {
	needAppArmor(t)
	load(t, "casemate-outsider", openProfile("casemate-outsider", "", "capability,\n"))
	p := running(t, compiled(t, policy("signals", `"/app/probe", "signals"`, generated)))
	p.until(t, "ready")
	var receipt struct {
		PID    int `json:"init_pid"`
		Checks []struct{ Name, Want, Got string }
	}
	if err := json.Unmarshal([]byte(readFile(t, "/run/casemate/signals/receipt.json")), &receipt); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, c := range receipt.Checks {
		found = found || c.Name == "apparmor" && c.Got == "casemate-signals (enforce)"
	}
	equal(t, "the receipt has the label", found, true)
	init := fmt.Sprint(receipt.PID)
	workload := strings.TrimSpace(readFile(t, "/proc/"+init+"/task/"+init+"/children"))
	for _, pid := range []string{init, workload} {
		equal(t, "label of "+pid, strings.TrimSpace(readFile(t, "/proc/"+pid+"/attr/apparmor/current")), "casemate-signals (enforce)")
		r := under(t, "casemate-outsider", "/bin/kill", "-USR1", pid)
		if r.code == 0 || !strings.Contains(r.stderr, "ermission denied") {
			t.Errorf("a signal from outside: %s", r)
		}
		// Reading what a debugger may is the same question (ptrace_may_access).
		command(t, "/bin/cat", "/proc/"+pid+"/environ").expect(t, 0)
		if r := under(t, "casemate-outsider", "/bin/cat", "/proc/"+pid+"/environ"); r.code == 0 || !strings.Contains(r.stderr, "ermission denied") {
			t.Errorf("a look from outside: %s", r)
		}
	}
	p.signal(t, 1)
	p.until(t, "\n1 ")
	p.signal(t, 15)
	r := p.wait(t)
	r.expect(t, 0)
	if strings.Contains(r.stdout, "\n10 ") {
		t.Errorf("the signal from outside arrived: %s", r)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Where the module cannot confine as the policy wants, nothing starts: 247. S22.
func TestAppArmorLacksS22(t *testing.T) {
	needAppArmor(t)
	refused := func(label string, texts ...string) {
		t.Helper()
		r := launch(t, compiled(t, policy("lacks", `"/app/probe"`, label)))
		r.expect(t, 247, append(texts, "test.toml:")...)
		equal(t, "what the workload has printed", r.stdout, "")
	}
	refused(named("casemate-absent"), `"casemate-absent" is not loaded in enforce mode`)

	load(t, "casemate-lenient", openProfile("casemate-lenient", ",complain", ""))
	refused(named("casemate-lenient"), `"casemate-lenient" is not loaded in enforce mode`)

	// All of AppArmor in complain mode: profiles still say "enforce" of themselves.
	load(t, "casemate-strict", openProfile("casemate-strict", "", ""))
	const mode = "/sys/module/apparmor/parameters/mode"
	if err := os.WriteFile(mode, []byte("complain"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.WriteFile(mode, []byte("enforce"), 0) })
	refused(named("casemate-strict"), "AppArmor is in complain mode")
	refused(generated, "AppArmor is in complain mode")
}

// The profile of the policy is in the kernel whatever was there under its name.
func TestAppArmorLoads(t *testing.T) {
	needAppArmor(t)
	sealed := compiled(t, policy("loads", `"/app/probe", "exit", "0"`, generated))
	check := func() {
		t.Helper()
		launch(t, sealed).expect(t, 0)
		equal(t, "mode", loaded(t, "casemate-loads"), "enforce")
	}
	os.WriteFile(apparmorfs+"/.remove", []byte("casemate-loads"), 0)
	equal(t, "mode", loaded(t, "casemate-loads"), "")
	check() // absent
	number := revision(t)
	check() // there
	equal(t, "revision of a kernel that has the profile already", revision(t), number)
	for _, flags := range []string{",complain", ""} {
		load(t, "casemate-loads", openProfile("casemate-loads", flags, "network inet,\n"))
		check() // another one
	}
	if number == revision(t) {
		t.Error("another profile was left in place")
	}
}

// revision changes with every load (policy/revision of apparmorfs).
func revision(t *testing.T) string {
	t.Helper()
	f, err := os.Open(apparmorfs + "/policy/revision")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 32)
	n, err := f.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b[:n]))
}

// no_new_privs and labels, S23: an unconfined shim may go to any profile, be it a subset of
// nothing; a confined one only stacks, whatever the other profile is.
func TestAppArmorNoNewPrivsS23(t *testing.T) {
	needAppArmor(t)
	const installed = "/usr/lib/casemate/casemate-init"
	if _, err := os.Stat(installed); err != nil {
		t.Skip("needs casemate-init where the shim's profile expects it: ", err)
	}
	text := readFile(t, "../dist/apparmor/casemate-shim")
	load(t, "casemate-shim", text)
	load(t, "casemate-subset", openProfile("casemate-subset", "", ""))
	load(t, "other", openProfile("other", "", ""))
	load(t, "casemate-wider", openProfile("casemate-wider", "", "network,\ncapability,\nmount,\nchange_profile,\n"))
	labelled := func(r result) string {
		t.Helper()
		r.expect(t, 0)
		var out report
		if err := json.Unmarshal([]byte(r.stdout), &out); err != nil {
			t.Fatalf("%v: %s", err, r)
		}
		return out.Label
	}
	shim := filepath.Join(bin, "casemate-shim")
	for _, c := range []struct{ lsm, unconfined, confined string }{
		{named("casemate-subset"), "casemate-subset (enforce)", "casemate-shim//&casemate-subset (enforce)"},
		{named("casemate-wider"), "casemate-wider (enforce)", "casemate-shim//&casemate-wider (enforce)"},
		{generated, "casemate-confined (enforce)", "casemate-confined//&casemate-shim (enforce)"},
	} {
		sealed := compiled(t, policy("confined", `"/app/probe"`, c.lsm))
		equal(t, "from unconfined", labelled(launch(t, sealed)), c.unconfined)
		equal(t, "from casemate-shim", labelled(under(t, "casemate-shim", shim, "run", "-init", installed, sealed)), c.confined)
		equal(t, "from casemate-shim, in place", labelled(under(t, "casemate-shim", shim, "run", "-init-in-place", "-init", installed, sealed)), c.confined)
	}
	// Signals pass from the one label to both, and among those who have both.
	p := beginUnder(t, "casemate-shim", shim, "run", "-init", installed, compiled(t, policy("signals", `"/app/probe", "signals"`, generated)))
	p.until(t, "ready")
	p.signal(t, 1)
	p.until(t, "\n1 ")
	p.signal(t, 15)
	p.wait(t).expect(t, 0)
	// All that it executes keeps the label: it can take another on top, and no other.
	for text, want := range map[string]bool{"exec unconfined": false, "exec casemate-wider": false, "stack casemate-wider": true, "stack other": false} {
		r := under(t, "casemate-shim", "/bin/sh", "-c", "printf '"+text+"' >/proc/self/attr/apparmor/exec && exec /bin/cat /proc/self/attr/apparmor/current")
		if ok := r.code == 0 && r.stdout == "casemate-shim//&casemate-wider (enforce)\n"; ok != want {
			t.Errorf("%s: %s", text, r)
		}
	}
	// A service without a profile does not start from a confined shim.
	sealed := compiled(t, policy("confined", `"/app/probe"`, "[lsm]\n"))
	under(t, "casemate-shim", shim, "run", "-init", installed, sealed).expect(t, 248, "execveat", "permission denied")
	under(t, "casemate-shim", shim, "run", "-init-in-place", "-init", installed, sealed).expect(t, 248, "execveat", "permission denied")
	// Nor does any where the shim's own profile only complains.
	load(t, "casemate-shim", strings.Replace(text, "mediate_deleted", "mediate_deleted, complain", 1))
	sealed = compiled(t, policy("confined", `"/app/probe"`, generated))
	under(t, "casemate-shim", shim, "run", "-init", installed, sealed).expect(t, 247, `the shim's own AppArmor label is "casemate-shim (complain)"`)
}

// The shim's profile as it is keeps time namespaces from a shim, and says how they are had;
// with what an image adds they are there.
func TestAppArmorShimsClocks(t *testing.T) {
	needAppArmor(t)
	if os.Getenv(shimEnv) != "" {
		t.Skip("needs shims that are not confined already (make vm RUNG=apparmor)")
	}
	needTime(t)
	text := readFile(t, "../dist/apparmor/casemate-shim")
	more := "[namespaces]\ntime = { boottime = 3600 }\n"
	alone, mapped := compiled(t, policy("clocks", `"/app/probe"`, more)), compiled(t, policy("clocks", "", strings.Replace(rootInside, "[namespaces]\n", more, 1)))
	shim := []string{filepath.Join(bin, "casemate-shim"), "run"}
	load(t, "casemate-shim", text)
	// The kernel tells the shim that it has the capability only where its profile has it, too.
	under(t, "casemate-shim", append(shim, alone)...).expect(t, 247, "the shim needs CAP_SYS_TIME", "test.toml:")
	under(t, "casemate-shim", append(shim, mapped)...).expect(t, 248, "timens_offsets", "operation not permitted", "local/casemate-shim", "test.toml:")
	const last = "include if exists <local/casemate-shim>"
	if !strings.Contains(text, last) {
		t.Fatalf("the profile has no %q", last)
	}
	load(t, "casemate-shim", strings.Replace(text, last, "capability sys_time,", 1))
	for _, sealed := range []string{alone, mapped} {
		under(t, "casemate-shim", append(shim, sealed)...).expect(t, 0)
	}
}
