package inherit_test

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"casemate/internal/inherit"
	_ "casemate/internal/inherit/hook"
	"casemate/internal/sys"
	"casemate/tests/lab"
)

const room = 1024 // of inherit.vectors

func TestMain(m *testing.M) {
	if os.Getenv("CASEMATE_INHERIT") != "" {
		os.Stdout.WriteString(strconv.Itoa(runtime.GOMAXPROCS(0)) + " " + strings.Join(os.Args[1:], " ") + "\n" + strings.Join(inherit.Own(sys.Environ()), "\n") + "\n")
		if own := inherit.Environment(); own != nil && len(own) != len(inherit.Own(sys.Environ()))+1 || own != nil && own[len(own)-1] != 0 {
			os.Stdout.WriteString("a vector of " + strconv.Itoa(len(own)) + "\n")
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// started is how many processors, which arguments and which environment a program finds
// that this package is part of.
func started(t *testing.T, args, env []string) (procs int, rest string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	number, rest, _ := strings.Cut(string(out), " ")
	procs, err = strconv.Atoi(number)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return procs, rest
}

// The runtime starts with one processor, whatever the environment says of it, and the
// environment is found as it was given, with the auxiliary vector behind it.
func TestOneProcessor(t *testing.T) {
	many := []string{"CASEMATE_INHERIT=1"}
	for i := range room - 200 {
		many = append(many, "V"+strconv.Itoa(i)+"=x")
	}
	for _, env := range [][]string{
		{"CASEMATE_INHERIT=1"},
		{"CASEMATE_INHERIT=1", "GOMAXPROCS=2", "A=1", "B="},
		{"A=", "GOMAXPROCS=no", "CASEMATE_INHERIT=1"},
		many,
	} {
		procs, rest := started(t, []string{"one", "", "two"}, env)
		if want := "one  two\n" + strings.Join(env, "\n") + "\n"; procs != 1 || rest != want {
			t.Errorf("%.50q: %d processors, %.200q", env, procs, rest)
		}
	}
}

// What does not fit is left as it was: the runtime then has the processors it finds.
func TestTooLargeForOneProcessor(t *testing.T) {
	var sizes []int
	for more := 1; more >= -60; more-- { // the auxiliary vector is the last that does not fit
		sizes = append(sizes, more)
	}
	for _, more := range lab.Some(t, sizes) {
		env := []string{"CASEMATE_INHERIT=1", "GOMAXPROCS=3"}
		for len(env) < room+more {
			env = append(env, "V"+strconv.Itoa(len(env))+"=x")
		}
		procs, rest := started(t, nil, env)
		if procs != 1 && procs != 3 || more > -20 && procs != 3 || rest != "\n"+strings.Join(env, "\n")+"\n" {
			t.Errorf("%d variables: %d processors, %.200q", len(env), procs, rest)
		}
	}
	var args []string
	for range room {
		args = append(args, "x")
	}
	if procs, rest := started(t, args, []string{"CASEMATE_INHERIT=1", "GOMAXPROCS=3"}); procs != 3 || !strings.HasPrefix(rest, strings.Join(args, " ")+"\nCASEMATE_INHERIT=1\nGOMAXPROCS=3\n") {
		t.Errorf("%d arguments: %d processors, %.200q", len(args), procs, rest)
	}
}

// Nothing but the environment is put elsewhere: the program name is the kernel's.
func TestNoArguments(t *testing.T) {
	pid, err := syscall.ForkExec("/proc/self/exe", nil, &syscall.ProcAttr{Env: []string{"CASEMATE_INHERIT=1"}})
	if err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || status != 0 {
		t.Errorf("%#x, %v", status, err)
	}
}
