package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"casemate/tests/lab"
)

// pty is a pair of a master and a slave (pts(4)).
func pty(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, slave, err := lab.Terminal()
	if err != nil {
		t.Skipf("needs pseudo terminals: %v", err)
	}
	t.Cleanup(func() { master.Close(); slave.Close() })
	return master, slave
}

// onTerminal is a policy whose workload is a shell of busybox, with a terminal or not.
func onTerminal(t *testing.T, service, script string, tty bool) string {
	t.Helper()
	busybox, err := filepath.EvalSymlinks("/bin/busybox")
	if err != nil {
		t.Skip("needs /bin/busybox, statically linked, for a shell in the container")
	}
	more := fmt.Sprintf("[exec]\nargv = [\"/bin/busybox\", \"sh\", \"-c\", %s]\ntty = %t\n", "'''"+script+"'''", tty)
	return compiled(t, policy(service, "", more+"[mounts]\nbind = [{ from = \""+busybox+"\", at = \"/bin/busybox\", exec = true, type = \"file\" }]\n"))
}

// from starts the shim with a terminal for its standard input.
func from(t *testing.T, sealed string, stdin *os.File, attr *syscall.SysProcAttr, before ...string) *process {
	t.Helper()
	argv := append(before, filepath.Join(bin, "casemate-shim"), "run", sealed)
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), done: make(chan error, 1)}
	if stdin != nil {
		p.cmd.Stdin = stdin
	}
	p.cmd.SysProcAttr = attr
	p.start(t)
	return p
}

// leadsTerminal makes the shim lead a session whose terminal is its standard input; alone, one
// that has none.
var (
	leadsTerminal = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	leadsNothing  = &syscall.SysProcAttr{Setsid: true}
)

// The workload has the terminal and its foreground, whether the shim gave it up or it was
// nobody's: it reads, and the interrupt key reaches it.
func TestR18Terminal(t *testing.T) {
	needRoot(t)
	// One line, as a string of a policy is.
	const script = `trap "echo hup" HUP; trap "echo cont" CONT; trap "echo int" INT; ` +
		`read -r pid name state ppid group session tty tpgid rest < /proc/self/stat; ` +
		`echo leads $((group == pid)) terminal $((tty != 0)) foreground $((tpgid == group)) session $session; ` +
		`echo up; while :; do read x && echo "read $x" && [ "$x" = end ] && exit 3; done`
	sealed := onTerminal(t, "tty", script, true)
	for name, attr := range map[string]*syscall.SysProcAttr{"given up": leadsTerminal, "nobody's": leadsNothing} {
		t.Run(name, func(t *testing.T) {
			master, slave := pty(t)
			p := from(t, sealed, slave, attr)
			p.until(t, "up")
			if got, want := p.stdout.String(), "leads 1 terminal 1 foreground 1 session 1\n"; !strings.HasPrefix(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			master.WriteString("hello\n")
			p.until(t, "read hello")
			master.Write([]byte{3})
			p.until(t, "int")
			master.WriteString("end\n")
			p.until(t, "read end")
			r := p.wait(t)
			r.expect(t, 3)
			if strings.Contains(r.stdout, "hup") || strings.Contains(r.stdout, "cont") {
				t.Errorf("HUP or CONT of the terminal that was given up came through: %s", r)
			}
		})
	}
}

// A terminal that goes away ends the workload by HUP.
func TestR18TerminalHangsUp(t *testing.T) {
	needRoot(t)
	sealed := onTerminal(t, "tty-hangup", `echo up; while :; do sleep 1000; done`, true)
	master, slave := pty(t)
	p := from(t, sealed, slave, leadsTerminal)
	p.until(t, "up")
	slave.Close()
	master.Close()
	p.wait(t).expect(t, 128+1)
}

// No terminal, one of the shim's session that it does not lead, one of another session: the
// launch is refused, and nothing has run.
func TestR18TerminalRefused(t *testing.T) {
	needRoot(t)
	sealed := onTerminal(t, "tty-refused", `echo ran`, true)
	refused := func(t *testing.T, p *process, code int, want string) {
		t.Helper()
		r := p.wait(t)
		r.expect(t, code, want)
		if r.stdout != "" {
			t.Errorf("the workload ran: %s", r)
		}
	}
	t.Run("none", func(t *testing.T) {
		refused(t, from(t, sealed, nil, leadsNothing), 247, "exec.tty: descriptor 0 is not a terminal")
	})
	t.Run("not the leadsTerminal", func(t *testing.T) {
		_, slave := pty(t)
		refused(t, from(t, sealed, slave, leadsTerminal, "/bin/sh", "-c", `"$@"; exit $?`, "sh"), 247, "exec.tty: the terminal is another session's: let the shim lead it")
	})
	t.Run("another session's", func(t *testing.T) {
		_, slave := pty(t)
		other := &process{cmd: exec.Command("sleep", "1000"), done: make(chan error, 1)}
		other.cmd.Stdin, other.cmd.SysProcAttr = slave, leadsTerminal
		other.start(t)
		refused(t, from(t, sealed, slave, leadsNothing), 248, "the terminal is another session's: let the shim lead it")
		other.cmd.Process.Kill()
		other.wait(t)
	})
}

// Without tty the workload has no terminal, though the shim has.
func TestR18NoTerminalByDefault(t *testing.T) {
	needRoot(t)
	_, slave := pty(t)
	sealed := onTerminal(t, "tty-none", `read -r pid name state ppid group session tty rest < /proc/self/stat; echo terminal $tty`, false)
	r := from(t, sealed, slave, leadsTerminal).wait(t)
	r.expect(t, 0)
	if r.stdout != "terminal 0\n" {
		t.Errorf("%s", r)
	}
}
