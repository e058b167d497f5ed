// The tests are outside of the package: inside they would give it imports, and with
// them a later place in the order of initialisation.
package nofile_test

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"casemate/internal/nofile"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "limits" {
		var now syscall.Rlimit
		syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now)
		fmt.Println(nofile.AtStart.Soft, nofile.AtStart.Hard, now.Cur > 100)
		return
	}
	os.Exit(m.Run())
}

// The limit is the one of the start, though it has been raised since.
func TestAtStart(t *testing.T) {
	out, err := exec.Command("/bin/sh", "-c", `ulimit -Sn 100; ulimit -Hn 1000; exec "$0" limits`, os.Args[0]).Output()
	if err != nil || string(out) != "100 1000 true\n" {
		t.Errorf("soft, hard, raised since: %s, %v", out, err)
	}
}
