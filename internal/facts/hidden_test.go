package facts

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// hiddenEnv has the test say what hides a filter's program, where it runs.
const hiddenEnv = "CASEMATE_FACTS_HIDDEN"

// What hides the program of another process's filter is said before anybody asks for it. The
// other reasons need another kernel, or a filter: TestAsDeclaredBelowAFilter in internal/verify.
func TestHiddenInAUserNamespace(t *testing.T) {
	f := new(Facts)
	if err := HostView().hidden(f); err != nil {
		t.Fatal(err)
	}
	if os.Getenv(hiddenEnv) != "" {
		os.Stdout.WriteString("<" + f.Hidden + ">")
		os.Exit(0)
	}
	if f.Hidden != "" {
		t.Skip("needs a host where it is not hidden for another reason: ", f.Hidden)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestHiddenInAUserNamespace$")
	cmd.Env = []string{hiddenEnv + "=1"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Skipf("needs a user namespace: %v: %s", err, out)
	}
	if want := "<the shim is not in the first user namespace>"; string(out) != want {
		t.Errorf("%s, not %s", out, want)
	}
}
