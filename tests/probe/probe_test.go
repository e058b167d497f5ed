package main

import (
	"bufio"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain lets the test binary be the probe: the modes run it again by its name.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if _, ok := modes[os.Args[1]]; ok {
			main()
		}
	}
	os.Exit(m.Run())
}

// probe runs a mode of the probe.
func probe(args ...string) *exec.Cmd { return exec.Command(os.Args[0], args...) }

// TestShape: the document has the fields that the integration tests read, and no
// list in it is null.
func TestShape(t *testing.T) {
	b, err := json.Marshal(gather())
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(`argv attempts caps cgroup cwd dumpable env errors fds hostname interfaces keyring keyring_label label limits
		mountinfo namespaces oom_score_adj pgid pid ppid root securebits sid status`)
	if got := slices.Sorted(maps.Keys(doc)); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for key, v := range doc {
		if v == nil {
			t.Errorf("%s is null", key)
		}
	}
}

// TestGather compares what it says of this very process with other sources.
func TestGather(t *testing.T) {
	r := gather()
	cwd, _ := os.Getwd()
	name, _ := os.Hostname()
	if r.PID != os.Getpid() || r.PPID != os.Getppid() || r.Cwd != cwd || r.Hostname != name {
		t.Errorf("pid %d, ppid %d, cwd %s, hostname %s", r.PID, r.PPID, r.Cwd, r.Hostname)
	}
	if len(r.Mounts) == 0 || len(r.Namespaces) < 7 || len(r.Limits) != 16 || r.Status["Uid"] == "" {
		t.Errorf("%d mounts, namespaces %v, limits %v, status %v", len(r.Mounts), r.Namespaces, r.Limits, r.Status)
	}
	for _, name := range []string{"fds", "sid", "status", "caps", "limits", "mountinfo", "namespaces"} {
		if e, ok := r.Errors[name]; ok {
			t.Errorf("%s: %s", name, e)
		}
	}
}

// TestInherited: a descriptor that this process has opened is not inherited; one
// without close-on-exec is.
func TestInherited(t *testing.T) {
	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	left, err := unix.Dup(int(f.Fd())) // dup(2) clears close-on-exec
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(left)
	fds, err := inherited("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(fds, FD{int(f.Fd()), "/dev/null"}) || !slices.Contains(fds, FD{left, "/dev/null"}) {
		t.Errorf("%d is close-on-exec, %d is not: %v", f.Fd(), left, fds)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTables(t *testing.T) {
	s, err := status(write(t, "Name:\tx: y\nUid:\t1\t2\t3\t4\nVmPeak:\t1 kB\nGroups:\t \n"))
	if err != nil || !maps.Equal(s, map[string]string{"Name": "x: y", "Uid": "1 2 3 4", "Groups": ""}) {
		t.Errorf("status %v %v", s, err)
	}
	l, err := limits(write(t, "Limit                     Soft Limit           Hard Limit           Units     \n"+
		"Max open files            1024                 4096                 files     \n"+
		"Max nice priority         0                    unlimited            \nshort\n"))
	if err != nil || !maps.Equal(l, map[string][2]string{"Max open files": {"1024", "4096"}, "Max nice priority": {"0", "unlimited"}}) {
		t.Errorf("limits %v %v", l, err)
	}
	i, err := interfaces(write(t, "Inter-|\n face |\n    lo: 0 0\nnosuch0: 1 2\n"))
	if err != nil || len(i) != 2 || !i[0].Loopback || i[1] != (Interface{Name: "nosuch0", Flags: "ENODEV"}) {
		t.Errorf("interfaces %v %v", i, err)
	}
	if _, err := lines("/nonexistent"); outcome(err) != "ENOENT" {
		t.Error(err)
	}
}

// TestAttempts takes those that are harmless where nothing is confined.
func TestAttempts(t *testing.T) {
	dir := t.TempDir()
	file := write(t, "x")
	for attempt, want := range map[string]string{
		"read:" + file:            "ok",
		"read:/dev/null":          "empty",
		"read:/nonexistent":       "ENOENT",
		"read:" + dir:             "EISDIR",
		"list:" + dir:             "empty",
		"list:/proc":              "ok",
		"list:" + file:            "ENOTDIR",
		"write:" + dir + "/new":   "ok",
		"write:" + file:           "ok",
		"write:/nonexistent/file": "ENOENT",
		"exec:/bin/true":          "ok",
		"exec:/bin/false":         "exit 1",
		"exec:" + file:            "EACCES",
		"socket:unix":             "ok",
		"socket:nosuch":           "unknown name",
		"signal1:x":               "unknown name",
		"cap:nosuch":              "unknown name",
		"umount:/nonexistent":     "ENOENT",
		"setns:/nonexistent":      "ENOENT",
	} {
		if !known(attempt) {
			t.Errorf("%s is not known", attempt)
		} else if got := outcome(try(attempt)); got != want {
			t.Errorf("%s: %s, want %s", attempt, got, want)
		}
	}
	if _, err := os.Lstat(dir + "/new"); err == nil {
		t.Error("write has left a file behind")
	}
	if b, err := os.ReadFile(file); string(b) != "x" {
		t.Errorf("write has changed the file: %q %v", b, err)
	}
	if known("reed:/etc/passwd") || report([]string{"read:/", "reed:/"}) != statusUsage {
		t.Error("a misspelt attempt was taken")
	}
}

func TestExit(t *testing.T) {
	for arg, want := range map[string]int{"0": 0, "7": 7, "255": 255, "256": 2, "-1": 2, "x": 2} {
		cmd := probe("exit", arg)
		cmd.Run() // the status is compared below
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("exit %s: %d, want %d", arg, got, want)
		}
	}
}

func TestSignals(t *testing.T) {
	cmd := probe("signals")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	next := func(want string) {
		t.Helper()
		if !lines.Scan() || lines.Text() != want {
			t.Errorf("%q, want %q", lines.Text(), want)
		}
	}
	next("ready")
	for _, s := range []struct {
		signal syscall.Signal
		line   string
	}{{unix.SIGHUP, "1 SIGHUP"}, {unix.SIGSEGV, "11 SIGSEGV"}, {35, "35 SIGRTMIN+1"}, {64, "64 SIGRTMIN+30"}, {unix.SIGTERM, "15 SIGTERM"}} {
		if err := cmd.Process.Signal(s.signal); err != nil {
			t.Fatal(err)
		}
		next(s.line)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestOrphans(t *testing.T) {
	out, err := probe("orphans", "3").Output()
	var doc struct{ Orphans, Zombies *int }
	if err != nil || json.Unmarshal(out, &doc) != nil || doc.Orphans == nil || *doc.Orphans != 3 || doc.Zombies == nil {
		t.Errorf("%s %v", out, err)
	}
	for stat, want := range map[string]bool{"1 (a) Z 1": true, "1 (a) S 1": false, "1 (a) Z) R 1": false, "1 (Z) Z 1": true, "": false} {
		if isZombie(stat) != want {
			t.Errorf("%q: %v", stat, !want)
		}
	}
}

// TestDie builds the C program and ends it by every signal.
func TestDie(t *testing.T) {
	if _, err := exec.LookPath("musl-gcc"); err != nil {
		t.Skip("musl-gcc is missing (musl-tools)")
	}
	program := filepath.Join(t.TempDir(), "die")
	if out, err := exec.Command("musl-gcc", "-static", "-Wall", "-Werror", "-o", program, "die.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	goesOn := []int{17, 18, 23, 28} // CHLD CONT URG WINCH, signal(7)
	stops := []int{19, 20, 21, 22}  // STOP TSTP TTIN TTOU
	for n := 1; n <= 64; n++ {
		if slices.Contains(stops, n) {
			continue
		}
		cmd := exec.Command(program, strconv.Itoa(n))
		cmd.Dir = filepath.Dir(program) // for core files, where they are made
		cmd.Run()                       // the status is compared below
		ws := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if slices.Contains(goesOn, n) && ws.ExitStatus() == 3 {
			continue
		}
		if !ws.Signaled() || int(ws.Signal()) != n {
			t.Errorf("signal %d: %s", n, cmd.ProcessState)
		}
	}
}
