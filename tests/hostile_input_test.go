package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The state directory is root's own, or nothing starts: what others have put there before is
// neither used nor changed (CVE-2021-44731, CVE-2026-3888).
func TestS51StateDirectory(t *testing.T) {
	needRoot(t)
	h := newHostileRoot(t)
	h.untouched(t)
	sealed := compiled(t, policy("staged", `"/app/probe", "exit", "9"`, ""))
	for name, script := range map[string]string{
		"link":              `ln -s "$2" /run/casemate`,
		"file":              `touch /run/casemate`,
		"of somebody else":  `mkdir -m 700 /run/casemate; chown 1234 /run/casemate`,
		"writable":          `mkdir /run/casemate; chmod 777 /run/casemate`,
		"service is a link": `mkdir -m 700 /run/casemate; ln -s "$2" /run/casemate/staged`,
		"service a file":    `mkdir -m 700 /run/casemate; touch /run/casemate/staged`,
	} {
		r := command(t, "unshare", "-m", "sh", "-c", "mount -t tmpfs -o mode=755 none /run && "+script+` && exec "$0" run "$1"`, filepath.Join(bin, "casemate-shim"), sealed, h.canary)
		if r.code != 248 || !strings.Contains(r.stderr, "/run/casemate") {
			t.Errorf("%s: %s", name, r)
		}
	}
	command(t, "unshare", "-m", "sh", "-c", `mount -t tmpfs -o mode=755 none /run && exec "$0" run "$1"`, filepath.Join(bin, "casemate-shim"), sealed).expect(t, 9)
}

// What comes from a policy is escaped in what the shim and init say: one line, no control
// characters, bounded.
func TestS55TextInMessages(t *testing.T) {
	needRoot(t)
	for _, text := range []string{`\u001b[31mred`, `a\ncasemate-shim: started`, `\u202eevil`, strings.Repeat("x", 3000)} {
		source := write(t, policy("words", `"/app/`+text+`"`, ""))
		out := filepath.Join(t.TempDir(), "x")
		r := command(t, filepath.Join(bin, "casemate"), "compile", "-o", out, source)
		if r.code == 0 {
			r = launch(t, out)
			if r.code != 127 && r.code != 126 {
				t.Errorf("%q: %s", text, r)
			}
		}
		if strings.Count(r.stderr, "\n") != 1 || strings.ContainsFunc(strings.TrimSuffix(r.stderr, "\n"), func(c rune) bool { return c < ' ' || c == 0x7f || c == 0x202e }) || len(r.stderr) > 4600 {
			t.Errorf("%q: %q", text, r.stderr)
		}
	}
}

// An init that was written by half, or is something else, is not started; no other one is
// looked for in its place.
func TestS60DamagedInit(t *testing.T) {
	needRoot(t)
	sealed := compiled(t, policy("damaged", `"/app/probe", "exit", "9"`, ""))
	good, err := os.ReadFile(filepath.Join(bin, "casemate-init"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "init")
	for name, b := range map[string][]byte{"empty": {}, "a page": good[:4096], "half": good[:len(good)/2], "text": []byte("hello\n"), "other machine": append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 4096)...)} {
		if err := os.WriteFile(path, b, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := &process{cmd: exec.Command(filepath.Join(bin, "casemate-shim"), "run", "-init", path, sealed), done: make(chan error, 1)}
		cmd.cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		cmd.start(t)
		r := cmd.wait(t)
		if r.code != 248 && r.code != 249 || r.stdout != "" || strings.Count(r.stderr, "\n") < 1 {
			t.Errorf("%s: %s", name, r)
		}
	}
}
