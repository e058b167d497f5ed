//go:build amd64

package trace

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The roles of processes in a launch. What a test does not know beforehand, a second
// child of the shim say, is called by the role of its parent and a number.
const (
	Launcher = "launcher" // what executes the shim
	Shim     = "shim"
	Child    = "child" // between clone3 and the exec of init
	Init     = "init"
	Spawn    = "spawn" // between init's vfork and the exec of the workload
	Workload = "workload"
	Orphan   = "orphan" // whose parent was gone before it was seen
)

// task is one traced thread.
type task struct {
	tid, pid int
	role     string
	children int
	program  *code // nil between clone and exec, and where it is not asked for
	began    bool  // main.main was reached
	inCall   bool
	call     Call
	verdict  Verdict
	seen     map[string]int
	seq      int
	trap     []byte // what stood where main.main begins
}

// Call is a system call of the main thread of a process.
type Call struct {
	Role string
	PID  int
	Name string
	Args [6]uint64
	// Own is true of a call of the program's code, from main.main on, or between clone
	// and exec; the Go runtime's are not.
	Own    bool
	Nth    int // among the calls of this role, name and Own, from 1
	Seq    int // among all calls of the role
	Result int64
}

// Between tells whether a role is that of a process between clone and exec: the child that
// becomes init, or one of the shim's that does not.
func Between(role string) bool { return strings.HasPrefix(role, Child) }

// Site names the call within its launch.
func (c *Call) Site() Site { return Site{c.Role, c.Name, c.Own, c.Nth} }

// Site is a place in a launch that is found again in the next one.
type Site struct {
	Role, Name string
	Own        bool
	Nth        int
}

func (s Site) String() string {
	whose := ""
	if !s.Own {
		whose = " of the runtime"
	}
	return fmt.Sprintf("%s: %s %d%s", s.Role, s.Name, s.Nth, whose)
}

func (c *Call) key() string { return c.Name + strconv.FormatBool(c.Own) }

// newTask finds out what a task is that has just come into being.
func (t *Tracer) newTask(tid int) *task {
	k := &task{tid: tid, pid: tid, role: Orphan, seen: map[string]int{}}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", tid))
	if err != nil {
		return k
	}
	if k.pid = number(status, "Tgid"); k.pid != tid {
		k.role = "" // a thread
		return k
	}
	if parent := t.tasks[number(status, "PPid")]; parent != nil {
		k.role = childRole(parent)
		parent.children++
	}
	return k
}

func number(status []byte, field string) int {
	_, rest, _ := bytes.Cut(status, []byte("\n"+field+":"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	n, _ := strconv.Atoi(string(bytes.TrimSpace(line)))
	return n
}

func childRole(parent *task) string {
	role := parent.role + " child"
	switch parent.role {
	case Shim:
		role = Child
	case Init:
		role = Spawn
	}
	if parent.children > 0 {
		role += strconv.Itoa(parent.children + 1)
	}
	return role
}

// executed follows a process through an exec.
func (t *Tracer) executed(k *task) error {
	from := k.role
	k.program, k.began, k.trap, k.seen, k.seq = nil, false, nil, map[string]int{}, 0
	exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", k.pid))
	switch {
	case from == Launcher:
		if filepath.Base(exe) == "casemate-shim" {
			k.role = Shim
		}
	case from == Spawn:
		k.role = Workload
	case Between(from):
		k.role = Init
	}
	// The exec's own exit is reported next.
	k.inCall, k.call, k.verdict = true, Call{Role: from, PID: k.pid, Name: "execve"}, Verdict{}
	if k.role != Shim && k.role != Init {
		return nil
	}
	program, err := t.codeOf(k.pid)
	if err != nil {
		return err
	}
	if k.program = program; t.loose {
		return nil
	}
	return k.plant()
}

// breakpoint is the instruction int3.
const breakpoint = 0xcc

// plant puts a breakpoint where main.main begins.
func (k *task) plant() error {
	k.trap = make([]byte, 1)
	if _, err := unix.PtracePeekText(k.tid, uintptr(k.program.main), k.trap); err != nil {
		return err
	}
	_, err := unix.PtracePokeText(k.tid, uintptr(k.program.main), []byte{breakpoint})
	return err
}

// begins tells whether a SIGTRAP is that breakpoint, and takes it away.
func (k *task) begins() bool {
	if k.trap == nil {
		return false
	}
	var r unix.PtraceRegs
	if unix.PtraceGetRegs(k.tid, &r) != nil || r.Rip != k.program.main+1 {
		return false
	}
	r.Rip--
	if _, err := unix.PtracePokeText(k.tid, uintptr(k.program.main), k.trap); err != nil {
		return false
	}
	k.trap, k.began = nil, true
	return unix.PtraceSetRegs(k.tid, &r) == nil
}
