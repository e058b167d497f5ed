package facts

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
)

// passing runs this program again as the manager's child: LISTEN_PID and WATCHDOG_PID are
// its own number unless env says otherwise, and files are its descriptors from 3 up.
func passing(t *testing.T, env []string, files ...*os.File) Manager {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", `: ${LISTEN_PID=$$} ${WATCHDOG_PID=$$}; export LISTEN_PID WATCHDOG_PID; exec "$0" -test.run=^TestFromManagerHelper$`, "/proc/self/exe")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Args[3] = self
	cmd.Env, cmd.ExtraFiles = append([]string{"CASEMATE_FACTS=1"}, env...), files
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var m Manager
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&m); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return m
}

// TestFromManagerHelper is what passing runs.
func TestFromManagerHelper(t *testing.T) {
	if os.Getenv("CASEMATE_FACTS") == "" {
		t.Skip("it is the other tests' helper")
	}
	json.NewEncoder(os.Stdout).Encode(FromManager())
}

func TestFromManager(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	etc, err := os.Open("/etc")
	if err != nil {
		t.Fatal(err)
	}
	defer etc.Close()
	many := strings.Repeat("x", 1<<16)
	for _, c := range []struct {
		name  string
		env   []string
		files []*os.File
		want  Manager // Fault is a part of it
	}{
		{"nothing", nil, nil, Manager{}},
		{"no descriptors", []string{"LISTEN_FDS=0"}, nil, Manager{}},
		{"one", []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=a b"}, []*os.File{r}, Manager{Listen: []string{"a b"}}},
		{"two of a name", []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=x:x"}, []*os.File{r, w}, Manager{Listen: []string{"x", "x"}}},
		{"no names", []string{"LISTEN_FDS=2"}, []*os.File{r, w}, Manager{Listen: []string{"unknown", "unknown"}}},
		{"for another", []string{"LISTEN_FDS=1", "LISTEN_PID=1"}, []*os.File{r}, Manager{}},
		{"for nobody", []string{"LISTEN_FDS=1", "LISTEN_PID="}, []*os.File{r}, Manager{}},
		{"a bad pid", []string{"LISTEN_FDS=1", "LISTEN_PID=0x1"}, []*os.File{r}, Manager{}},
		{"negative", []string{"LISTEN_FDS=-1"}, nil, Manager{Fault: "no number"}},
		{"huge", []string{"LISTEN_FDS=18446744073709551617"}, nil, Manager{Fault: "no number"}},
		{"a zero in front", []string{"LISTEN_FDS=01"}, []*os.File{r}, Manager{Fault: "no number"}},
		{"too many", []string{"LISTEN_FDS=49"}, nil, Manager{Fault: "at most 48"}},
		{"more names", []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=a:b"}, []*os.File{r}, Manager{Fault: "2 names for 1"}},
		{"names for none", []string{"LISTEN_FDS=0", "LISTEN_FDNAMES=a"}, nil, Manager{Fault: "1 names for 0"}},
		{"an empty name", []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=a:"}, []*os.File{r, w}, Manager{Fault: "bad name"}},
		{"a control character", []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=a\n"}, []*os.File{r}, Manager{Fault: "bad name"}},
		{"a long name", []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=" + many}, []*os.File{r}, Manager{Fault: "bad name"}},
		{"a directory", []string{"LISTEN_FDS=1"}, []*os.File{etc}, Manager{Fault: "neither a socket nor a FIFO"}},
		{"not open", []string{"LISTEN_FDS=2"}, []*os.File{r}, Manager{Fault: "descriptor 4 (unknown) is not open"}},
		{"a watchdog", []string{"WATCHDOG_USEC=3000000"}, nil, Manager{Watchdog: 3000000}},
		{"another's watchdog", []string{"WATCHDOG_USEC=3000000", "WATCHDOG_PID=1"}, nil, Manager{}},
		{"no interval", []string{"WATCHDOG_USEC=0"}, nil, Manager{}},
		{"a bad interval", []string{"WATCHDOG_USEC=10s"}, nil, Manager{}},
		{"credentials", []string{"CREDENTIALS_DIRECTORY=/run/credentials/x"}, nil, Manager{Credentials: "/run/credentials/x"}},
	} {
		got := passing(t, c.env, c.files...)
		if c.want.Fault != "" && strings.Contains(got.Fault, c.want.Fault) && len(got.Fault) < 200 {
			got.Fault = c.want.Fault
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
