package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/tests/lab"
)

// The four inits, by the names of their programs. What ours must do like the others is run
// under each of them: equal, or the difference stands in the table.
const (
	ours      = "casemate-init"
	tini      = "tini"
	dumb      = "dumb-init"
	catatonit = "catatonit"
)

// setup is how one init is called in a scenario: its options, up to the --.
type setup map[string]string

// outcome is what became of it: the exit code and what the workload printed.
type outcome struct {
	code int
	said string
}

type scenario struct {
	name   string
	setup  setup
	env    string // a variable more
	script string // of /bin/sh; when it has said "up", the signals are sent
	send   []syscall.Signal
	want   outcome
	differ map[string]outcome // whose result is not the one above
}

// everybody without options.
var everybody = setup{ours: "", tini: "", dumb: "", catatonit: ""}

const (
	sigterm, sighup, sigusr1 = syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1

	// idle waits for signals in a shell.
	idle = `echo up; while :; do sleep 1000 & wait $!; done`
	// household is a parent and a child of its group that both tell of USR1; TERM ends them.
	household = `trap 'echo parent' USR1; trap 'kill $c; exit 3' TERM
(trap 'echo child; kill -TERM $PPID' USR1; echo up; while :; do sleep 1000 & wait $!; done) & c=$!; while :; do wait $c; done`
	// leads tells whether the shell leads its group, its session.
	leads = `read -r pid name state ppid group session rest < /proc/self/stat; exec echo $((group == pid)) $((session == pid))`
)

var scenarios = []scenario{
	{name: "exit status", setup: everybody, script: `exit 7`, want: outcome{7, ""}},
	{name: "exit 0", setup: everybody, script: `exit 0`, want: outcome{0, ""}},
	{name: "exit 255", setup: everybody, script: `exit 255`, want: outcome{255, ""}},
	{name: "killed", setup: everybody, script: `kill -KILL $$`, want: outcome{137, ""}},
	{name: "ended by TERM", setup: everybody, script: `kill -TERM $$`, want: outcome{143, ""}},
	{name: "TERM is passed on", setup: everybody, script: `trap 'echo got; exit 4' TERM; ` + idle, send: []syscall.Signal{sigterm}, want: outcome{4, "got"}},
	{name: "HUP is passed on", setup: everybody, script: `trap 'echo got; exit 4' HUP; ` + idle, send: []syscall.Signal{sighup}, want: outcome{4, "got"}},
	{name: "a real-time signal is passed on", setup: everybody, script: `trap 'echo got; exit 4' 40; ` + idle, send: []syscall.Signal{40}, want: outcome{4, "got"}},

	{name: "expected code", setup: setup{ours: "-e 3", tini: "-e 3"}, script: `exit 3`, want: outcome{0, ""}},
	{name: "one of several", setup: setup{ours: "-e 3 -e143", tini: "-e 3 -e143"}, script: `kill -TERM $$`, want: outcome{0, ""}},
	{name: "another than expected", setup: setup{ours: "-e 3", tini: "-e 3"}, script: `exit 4`, want: outcome{4, ""}},

	{name: "rewritten", setup: setup{ours: "-r 15:10", dumb: "-r 15:10"}, script: `trap 'echo usr1; exit 4' USR1; ` + idle, send: []syscall.Signal{sigterm}, want: outcome{4, "usr1"}},
	{name: "rewritten, long, the last counts", setup: setup{ours: "-c --rewrite 15:12 --rewrite 15:10", dumb: "-c --rewrite 15:12 --rewrite 15:10"}, script: `trap 'echo usr1; exit 4' USR1; ` + idle, send: []syscall.Signal{sigterm}, want: outcome{4, "usr1"}},
	{name: "dropped", setup: setup{ours: "-r 1:0", dumb: "-r 1:0"}, script: `trap 'echo hup' HUP; trap 'echo usr1; exit 5' USR1; ` + idle, send: []syscall.Signal{sighup, sigusr1}, want: outcome{5, "usr1"}},
	{name: "TERM dropped", setup: setup{ours: "-r 15:0", dumb: "-r 15:0"}, script: `trap 'echo term' TERM; trap 'echo cont' CONT; trap 'echo usr1; exit 5' USR1; ` + idle, send: []syscall.Signal{sigterm, sigusr1}, want: outcome{5, "usr1"}},

	{name: "the child alone", setup: setup{ours: "-c", tini: "", dumb: "-c", catatonit: ""}, script: `trap 'echo parent; exit 6' USR1; (trap 'echo child' USR1; ` + idle + `) & while :; do wait $!; done`, send: []syscall.Signal{sigusr1}, want: outcome{6, "parent"}},
	{name: "the group", setup: setup{ours: "-g", tini: "-g", dumb: "", catatonit: "-g"}, script: household, send: []syscall.Signal{sigusr1}, want: outcome{3, "child parent"}},
	{name: "the group, by tini's variable", setup: setup{ours: "", tini: ""}, env: "TINI_KILL_PROCESS_GROUP=", script: household, send: []syscall.Signal{sigusr1}, want: outcome{3, "child parent"}},

	{name: "a group of its own", setup: setup{ours: "", tini: "", catatonit: ""}, script: leads, want: outcome{0, "1 0"}},
	{name: "a session of its own", setup: setup{ours: "-S", dumb: ""}, script: leads, want: outcome{0, "1 1"}},
	{name: "a session, by dumb-init's variable", setup: setup{ours: "", dumb: ""}, env: "DUMB_INIT_SETSID=1", script: leads, want: outcome{0, "1 1"}},
	{name: "dumb-init makes no group without a session", setup: setup{ours: "-c", dumb: "-c"}, script: leads, want: outcome{0, "1 0"}, differ: map[string]outcome{dumb: {0, "0 0"}}},

	{name: "not found", setup: setup{ours: "no-such-program", tini: "no-such-program", dumb: "no-such-program", catatonit: "no-such-program"}, want: outcome{127, ""},
		differ: map[string]outcome{dumb: {2, ""}, catatonit: {1, ""}}},
	{name: "not executable", setup: setup{ours: "/etc/passwd", tini: "/etc/passwd", dumb: "/etc/passwd", catatonit: "/etc/passwd"}, want: outcome{126, ""},
		differ: map[string]outcome{dumb: {2, ""}, catatonit: {1, ""}}},
	{name: "unknown option", setup: setup{ours: "-x", tini: "-x", dumb: "-x", catatonit: "-x"}, script: "exit 0", want: outcome{246, ""},
		differ: map[string]outcome{tini: {1, ""}, dumb: {1, ""}, catatonit: {1, ""}}},
	{name: "no command", setup: setup{ours: "--", tini: "--", dumb: "--", catatonit: "--"}, want: outcome{246, ""},
		differ: map[string]outcome{tini: {1, ""}, dumb: {1, ""}, catatonit: {1, ""}}},
	{name: "options of the command", setup: setup{ours: "echo -g", tini: "echo -g", dumb: "echo -g", catatonit: "echo -g"}, want: outcome{0, "-g"},
		differ: map[string]outcome{tini: {0, ""}, catatonit: {0, ""}}}, // they take it for theirs

	{name: "who is left behind has time to stop", setup: everybody, script: `trap 'exit 8' USR1; (trap 'sleep 0.2; echo stopped; exit' TERM; echo up; while :; do sleep 1000 & wait $!; done) & while :; do wait; done`,
		send: []syscall.Signal{sigusr1}, want: outcome{8, "stopped"}, differ: map[string]outcome{tini: {8, ""}, dumb: {8, ""}, catatonit: {8, ""}}},
	{name: "who is left behind does not stop", setup: setup{ours: "--grace 300ms", tini: ""}, script: `trap 'exit 8' USR1; (trap '' TERM; echo up; while :; do sleep 1000 & wait $!; done) & while :; do wait; done`,
		send: []syscall.Signal{sigusr1}, want: outcome{8, ""}},
	{name: "the grace is over", setup: setup{ours: "--grace 300ms"}, script: `trap 'echo no' TERM; ` + idle, send: []syscall.Signal{sigterm}, want: outcome{137, "no"}},
}

// program finds an init, or skips.
func program(t *testing.T, name string) string {
	t.Helper()
	if name == ours {
		return binary
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("needs %s, beside which ours is tested", name)
	}
	return path
}

func TestBesidePeers(t *testing.T) {
	needRoot(t)
	for _, s := range scenarios {
		for name, args := range s.setup {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				want, differs := s.differ[name]
				if !differs {
					want = s.want
				}
				if got := s.play(t, program(t, name), strings.Fields(args)); got != want {
					t.Errorf("%d %q, want %d %q", got.code, got.said, want.code, want.said)
				}
			})
		}
	}
}

// play runs a scenario.
func (s scenario) play(t *testing.T, path string, args []string) outcome {
	t.Helper()
	if s.script != "" {
		args = append(args, "--", "/bin/sh", "-c", s.script)
	}
	cmd := exec.Command(path, args...)
	cmd.SysProcAttr, cmd.Env = pidns(), append(os.Environ(), s.env)
	i := begin(t, cmd)
	if len(s.send) > 0 {
		i.until(t, "up")
	}
	for _, n := range s.send {
		i.signal(t, n)
		time.Sleep(20 * time.Millisecond) // so that a shell takes them in turn
	}
	code := i.end(t)
	return outcome{code, strings.ReplaceAll(i.rest(), ", ", " ")}
}

// zombies counts the dead below a process.
func zombies(t *testing.T, pid int) (n int) {
	for _, p := range children(t, pid) {
		if p.state == "Z" {
			n++
		}
	}
	return n
}

// Orphans are reaped, by PID 1 and by a subreaper.
func TestOrphansBesidePeers(t *testing.T) {
	needRoot(t)
	for name, args := range map[string]string{ours: "", tini: "-s", dumb: "", catatonit: ""} {
		for _, below := range []bool{false, true} {
			if below && (name == dumb || name == catatonit) {
				continue // they are none
			}
			t.Run(name+map[bool]string{false: "", true: " below another"}[below], func(t *testing.T) {
				args := append(append([]string{program(t, name)}, strings.Fields(args)...), "--", "/bin/sh", "-c", `"$0" probe orphans 400; exec sleep 1000`, self)
				cmd := exec.Command(args[0], args[1:]...)
				if below {
					cmd = exec.Command(self, append([]string{"probe", "parent"}, args...)...)
				}
				cmd.SysProcAttr = pidns()
				i := begin(t, cmd)
				i.until(t, "done")
				if below {
					i.pid = children(t, i.pid)[0].pid
				}
				for end := time.Now().Add(patience); zombies(t, i.pid) > 0 || len(children(t, i.pid)) != 1; time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("left: %v", children(t, i.pid))
					}
				}
			})
		}
	}
}

// -p: the signal comes when the parent dies.
func TestParentDeathBesidePeers(t *testing.T) {
	needRoot(t)
	for name, want := range map[string]string{ours: "got", tini: "got"} {
		t.Run(name, func(t *testing.T) {
			// The shell in the middle dies and the outer one, PID 1, waits for what init's child says.
			script := `sh -c '"$0" -s -p SIGUSR1 -- sh -c "$1" & read -r x < "$2"; exit' "$0" "$1" "$2"; exec sleep 1000`
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("/bin/sh", "-c", script, program(t, name), `trap 'echo got; exit' USR1; echo up; while :; do sleep 1000 & wait $!; done`, fifo)
			cmd.SysProcAttr = pidns()
			i := begin(t, cmd)
			i.until(t, "up")
			if err := os.WriteFile(fifo, []byte("die\n"), 0); err != nil {
				t.Fatal(err)
			}
			if got := i.line(t); got != want {
				t.Errorf("the workload said %q", got)
			}
		})
	}
}

// -P: nothing runs, orphans are reaped, INT and TERM end it with 0.
func TestPauseBesidePeers(t *testing.T) {
	needRoot(t)
	for _, name := range []string{ours, catatonit} {
		for _, n := range []syscall.Signal{syscall.SIGINT, sigterm} {
			t.Run(name+" "+strconv.Itoa(int(n)), func(t *testing.T) {
				// A child that it is executed with becomes its own to reap.
				cmd := exec.Command("/bin/sh", "-c", `(sleep 0.1) & echo up; exec "$0" -P`, program(t, name))
				cmd.SysProcAttr = pidns()
				i := begin(t, cmd)
				i.until(t, "up")
				for end := time.Now().Add(patience); len(children(t, i.pid)) > 0; time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatal("the child was not reaped")
					}
				}
				i.signal(t, n)
				i.ends(t, 0)
			})
		}
	}
	t.Run("others are dropped", func(t *testing.T) {
		i := run(t, "init", "-P")
		for end := time.Now().Add(patience); i.status(t, "Threads") != "1" || i.status(t, "SigCgt") != "fffffffffffbfeff"; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("init does not wait")
			}
		}
		i.signal(t, sighup)
		i.signal(t, sigusr1)
		i.signal(t, sigterm)
		i.ends(t, 0)
	})
}

// Ignored and blocked signals as they came: tini gives them back too, but for what it
// catches itself; dumb-init and catatonit do not.
func TestInheritedSignalsBesidePeers(t *testing.T) {
	needRoot(t)
	const ignored, blocked = 1<<(syscall.SIGHUP-1) | 1<<(syscall.SIGUSR2-1), 1<<(syscall.SIGUSR1-1) | 1<<(40-1)
	for name, want := range map[string][2]uint64{ours: {ignored, blocked}, tini: {ignored, blocked}, dumb: {0, 0}, catatonit: {ignored, 1<<(syscall.SIGTSTP-1) | 1<<(syscall.SIGTTIN-1) | 1<<(syscall.SIGTTOU-1) | blocked}} {
		t.Run(name, func(t *testing.T) {
			m := masks(t, begin(t, given(ignored, blocked, program(t, name), "--")).output(t))
			if got := [2]uint64{m["SigIgn"], m["SigBlk"]}; got != want {
				t.Errorf("the workload has %#x ignored and blocked, want %#x", got, want)
			}
		})
	}
}

// What -v, -vv and -w say.
func TestReports(t *testing.T) {
	needRoot(t)
	for _, c := range lab.Some(t, []struct {
		args string
		env  string
		want string
	}{
		{"-vv", "", "started the main child, process N: /bin/sh|got signal 12|sent signal 12 to the main child|reaped orphan N|the main child exited with status 7"},
		{"", "", ""},
		{"-v", "", "started the main child, process N: /bin/sh|the main child exited with status 7"},
		{"-w", "", "reaped orphan N"},
		{"-vw", "", "started the main child, process N: /bin/sh|reaped orphan N|the main child exited with status 7"},
		{"-vvg -r USR2:0", "", "started the main child, process N: /bin/sh|got signal 12, which is not passed on|reaped orphan N|the main child exited with status 7"},
		{"", "DUMB_INIT_DEBUG=1", "started the main child, process N: /bin/sh|got signal 12|sent signal 12 to the main child|reaped orphan N|the main child exited with status 7"},
		{"-w", "TINI_VERBOSITY=0", ""},
	}) {
		cmd := exec.Command(binary, append(strings.Fields(c.args), "/bin/sh", "-c", `trap : USR2; (kill -USR2 $PPID; :) ; sleep 0.1; (sleep 0 &); sleep 0.1; exit 7`)...)
		cmd.SysProcAttr, cmd.Env = pidns(), append(os.Environ(), c.env)
		i := begin(t, cmd)
		i.end(t)
		var said []string
		for line := range strings.Lines(i.stderr.String()) {
			text := strings.TrimPrefix(strings.TrimSpace(line), "casemate-init: ")
			if head, tail, ok := strings.Cut(text, "process "); ok {
				_, rest, _ := strings.Cut(tail, ":")
				text = head + "process N:" + rest
			} else if strings.HasPrefix(text, "reaped orphan ") {
				text = "reaped orphan N"
			}
			said = append(said, text)
		}
		if got := strings.Join(said, "|"); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.args, c.env, got, c.want)
		}
	}
}
