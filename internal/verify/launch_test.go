package verify

import (
	"debug/elf"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"casemate/internal/child"
	"casemate/internal/facts"
	"casemate/internal/gate"
	"casemate/internal/launch"
	"casemate/internal/nofile"
	"casemate/internal/orders"
	"casemate/internal/plan"
	"casemate/internal/prepare"
	"casemate/internal/render"
	"casemate/internal/sealed"
	"casemate/internal/sys"

	"golang.org/x/sys/unix"
)

// TestMain is also the init of the launches below: it says that it is ready and stays
// at the gate.
func TestMain(m *testing.M) {
	if pid := os.Getenv(tracerEnv); pid != "" {
		trace(pid)
	}
	if os.Args[0] != "casemate-init" {
		os.Exit(m.Run())
	}
	unix.Close(orders.FD)
	// What casemate-init does and says.
	unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
	unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: nofile.AtStart.Soft, Max: nofile.AtStart.Hard})
	bits, _ := sys.PrctlGet(unix.PR_GET_SECUREBITS)
	b := gate.Message{Kind: gate.Ready, Value: gate.Report{Securebits: uint16(bits), DeathSignal: 9}.Value()}.Encode()
	unix.Write(orders.GateFD, b[:])
	unix.Read(orders.GateFD, b[:])
}

// allowAll is "return SECCOMP_RET_ALLOW".
var allowAll = []byte{6, 0, 0, 0, 0, 0, 0xff, 0x7f}

const allNew = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP

// declared is a policy with something of everything that is verified.
func declared() *sealed.Policy {
	return &sealed.Policy{
		Service: fmt.Sprintf("verify-%d", os.Getpid()),
		Exec: sealed.Exec{
			Argv: []string{"/app"}, Cwd: "/", UID: 1234, GID: 4321, Groups: []uint32{7, 20}, Umask: 0o022,
			Rlimits: []sealed.Rlimit{{Resource: 4}, {Resource: 7, Soft: 256, Hard: 256}},
		},
		Namespaces: sealed.Namespaces{New: allNew, Hostname: "verify"},
		Mounts: []sealed.Mount{
			{Kind: sealed.Bind, Target: "/usr", Source: "/usr", Exec: true, Recursive: true},
			{Kind: sealed.Tmpfs, Target: "/tmp", Mode: 0o1777, Size: 65536, Inodes: 16, Writable: true},
			{Kind: sealed.Dev, Target: "/dev", Devices: true, Size: 65536, Inodes: 32},
			{Kind: sealed.Proc, Target: "/proc"},
		},
		Signals:  sealed.Signals{Stop: 15},
		Masks:    []sealed.Path{{Path: "/proc/keys", Type: sealed.RegularFile}, {Path: "/proc/sys/kernel/random", Type: sealed.Directory}},
		ReadOnly: []sealed.Path{{Path: "/proc/sys"}, {Path: "/proc/irq"}},
		Caps:     sealed.Capabilities{Keep: 1<<unix.CAP_CHOWN | 1<<unix.CAP_SYS_TIME, Ambient: 1 << unix.CAP_SYS_TIME},
		Filters:  []sealed.Filter{{Arch: sealed.ArchAMD64, Program: allowAll, By: "test"}, {Arch: sealed.ArchARM64, Program: allowAll, By: "test"}},
	}
}

// started launches a policy with this program for init, up to the gate, and gives what
// the shim would verify. change may spoil the plan.
func started(t testing.TB, p *sealed.Policy, change func(*plan.Plan)) Target {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: launches")
	}
	needStatic(t)
	if err := sealed.Validate(p); err != nil {
		t.Fatal(err)
	}
	view, err := facts.PrivateView()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(view.Close)
	f, err := facts.Probe(view, nil)
	if err != nil {
		t.Fatal(err)
	}
	if f.Cgroup.Mount == "" {
		t.Skip("needs cgroup v2: it is not mounted")
	}
	out, err := launch.Lower(p, f)
	if err != nil {
		t.Fatal(err)
	}
	change(out)
	group, err := prepare.NewGroup(f.Cgroup, out.Cgroup)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := group.Remove(); err != nil {
			t.Error(err)
		}
	})
	target := Target{Proc: view.Proc(), Policy: p, Facts: f, Group: group, Descriptors: []Descriptor{{Number: orders.GateFD}}, Sources: map[string]Identity{}}
	cloned(t, out, group, &target)
	return target
}

// cloned starts the child, waits until it is at the gate, and adds to the target what is known of it.
func cloned(t testing.TB, p *plan.Plan, group *prepare.Group, target *Target) {
	t.Helper()
	ours, inits, err := prepare.Gate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(ours) })
	fds := map[string]int{plan.Gate: inits}
	names := []string{}
	for _, o := range p.Opens {
		names = append(names, o.Slot)
		switch o.Slot {
		case plan.Gate:
		case plan.Orders:
			fds[o.Slot], err = prepare.Orders(&orders.Orders{Stop: 15, Argv: []string{"/app"}})
		case plan.Init:
			self, _ := os.Executable()
			fds[o.Slot], err = prepare.OpenInit(self)
		default:
			fds[o.Slot], err = prepare.Tree(o)
		}
		if err != nil {
			t.Fatal(err)
		}
		file, err := Identify(fds[o.Slot])
		if err != nil {
			t.Fatal(err)
		}
		if o.Slot == plan.Init {
			target.Init = file
		}
		if at, isMount := strings.CutPrefix(o.Slot, "mount:"); isMount {
			target.Sources[at] = file
		}
	}
	r, err := render.Plan(p.Steps, names)
	if err != nil {
		t.Fatal(err)
	}
	for slot, fd := range fds {
		r.Set(slot, fd)
		defer unix.Close(fd)
	}
	runtime.LockOSThread() // the child dies with this thread
	c, err := r.Program.Start(child.Clone{Flags: p.Clone.Int, Cgroup: group.FD()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.PidfdSendSignal(c.PIDFD, unix.SIGKILL, nil, 0)
		unix.Wait4(c.PID, nil, 0, nil)
		unix.Close(c.PIDFD)
		runtime.UnlockOSThread()
	})
	if err := c.Wait(); err != nil {
		t.Fatalf("%v: %v", p.Steps[err.(*child.Failure).Step], err)
	}
	unix.Close(inits) // ours tells the end
	var b [gate.Size]byte
	if n, err := unix.Read(ours, b[:]); n != gate.Size || err != nil {
		t.Fatalf("init is not ready: %d, %v", n, err)
	}
	m, _ := gate.Decode(b[:])
	target.PID = c.PID
	target.Report, _ = gate.ReportOf(m.Value)
}

// needStatic skips where this program, which is the init of the launches too, would
// need a loader that the new root does not have.
func needStatic(t testing.TB) {
	t.Helper()
	f, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Skip("needs a static test program: no -race, or CGO_ENABLED=0")
		}
	}
}
