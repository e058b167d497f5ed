package verify

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// tracerEnv has this program trace a process until it is killed.
const tracerEnv = "CASEMATE_TRACES"

func trace(pid string) {
	n, err := strconv.Atoi(pid)
	if err == nil {
		err = unix.PtraceSeize(n)
	}
	if err != nil {
		os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString("traces\n")
	time.Sleep(time.Hour)
}

// reason is why something could not be read; "" where it could.
func reason(found Result, name string) string {
	n := slices.IndexFunc(found.Unread, func(u Unread) bool { return u.Name == name })
	if n < 0 {
		return ""
	}
	return found.Unread[n].Why
}

func compared(found Result, name string) bool {
	return slices.ContainsFunc(found.Checks, func(c Check) bool { return c.Name == name })
}

// Somebody else traces init: strace(1), a debugger. Its filter cannot be asked for, and that
// is on record; all the rest is compared.
func TestFilterOfATracedInit(t *testing.T) {
	target := started(t, declared(), asPlanned)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{tracerEnv + "=" + strconv.Itoa(target.PID)}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	said := make([]byte, 80)
	if n, err := out.Read(said); err != nil || string(said[:n]) != "traces\n" {
		t.Fatalf("%q, %v", said[:n], err)
	}
	found, err := Run(target)
	if err != nil || len(Differences(found.Checks)) != 0 {
		t.Errorf("%v, %q", err, Differences(found.Checks))
	}
	if why := reason(found, "seccomp program"); !strings.HasSuffix(why, "init is traced by process "+strconv.Itoa(cmd.Process.Pid)) || compared(found, "seccomp program") {
		t.Errorf("%q, %+v", why, found.Unread)
	}
}

// A kernel or a shim that cannot show a filter is one that is known before. Where the facts
// say that it can, a failure is one.
func TestFilterThatIsHidden(t *testing.T) {
	target := started(t, declared(), asPlanned)
	host := *target.Facts
	target.Facts = &host
	host.Hidden = "it is a secret"
	found, err := Run(target)
	if err != nil || reason(found, "seccomp program") != "it is a secret" || compared(found, "seccomp program") {
		t.Errorf("%v, %+v", err, found.Unread)
	}
	host.Hidden = ""
	target.Policy.Filters = nil
	if _, err := Run(target); err == nil || !strings.Contains(err.Error(), "seccomp program") {
		t.Errorf("no filter of this architecture: %v", err)
	}
	if traced := tracerOf(t, target.PID); traced != "0" {
		t.Errorf("init is left with the tracer %s", traced)
	}
}

// Init goes on, whatever was found.
func TestFilterLetsInitGoOn(t *testing.T) {
	target := started(t, declared(), func(p *plan.Plan) {})
	target.Policy = &sealed.Policy{Filters: target.Policy.Filters}
	for range 20 {
		if found, err := Run(target); err != nil || len(Differences(found.Checks)) == 0 {
			t.Fatalf("%v, %q", err, Differences(found.Checks))
		}
		if traced := tracerOf(t, target.PID); traced != "0" {
			t.Fatalf("init is left with the tracer %s", traced)
		}
	}
}

func tracerOf(t *testing.T, pid int) string {
	t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	return field(b, "TracerPid")
}

// One that does not stop, or has ended, is an error, in bounded time.
func TestFilterOfAnInitThatDoesNotStop(t *testing.T) {
	needRoot(t)
	defer func(old time.Duration) { stopTime = old }(stopTime)
	stopTime = 50 * time.Millisecond
	cmd := exec.Command("/bin/sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	if err := stopped(cmd.Process.Pid); err == nil || !strings.Contains(err.Error(), "init does not stop in 50ms") {
		t.Errorf("%v", err)
	}
	cmd.Process.Kill()
	stopTime = time.Minute
	if err := stopped(cmd.Process.Pid); err == nil || !strings.Contains(err.Error(), "init has ended") {
		t.Errorf("%v", err)
	}
	r := &reader{traced: "0"}
	r.stop(Target{PID: cmd.Process.Pid, Facts: started(t, declared(), asPlanned).Facts})()
	if r.err == nil || !strings.Contains(r.err.Error(), "PTRACE_SEIZE") {
		t.Errorf("a dead process: %v", r.err)
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: launches")
	}
}
