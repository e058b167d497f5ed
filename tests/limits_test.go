package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// needController skips, by name, where the controller is not version 2's.
func needController(t *testing.T, name string) {
	t.Helper()
	needRoot(t)
	if !slices.Contains(hostFacts(t).Cgroup.Controllers, name) {
		t.Skipf("needs the cgroup v2 controller %q (tests/vm has it)", name)
	}
}

// limited launches the probe under limits, to its end.
func limited(t *testing.T, argv, limits string) result {
	t.Helper()
	return launch(t, compiled(t, policy("limits", argv, "[cgroup]\n"+limits)))
}

// figure is the number behind a text of the probe's.
func figure(t *testing.T, r result, text string) int {
	t.Helper()
	m := regexp.MustCompile(regexp.QuoteMeta(text)+` (\d+)`).FindAllStringSubmatch(r.stdout, -1)
	if m == nil {
		t.Fatalf("no %q: %s", text, r)
	}
	n, err := strconv.Atoi(m[len(m)-1][1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The kernel kills the workload at its limit, and the shim says why: from
// memory.events, not from the signal. R09.
func TestLimitMemory(t *testing.T) {
	needController(t, "memory")
	r := limited(t, `"/app/probe", "eat", "400"`, "memory.max = \"64M\"\nmemory.swap.max = \"0\"\n")
	r.expect(t, 137, "out of memory", "memory.max = 67108864", "test.toml:")
	if n := figure(t, r, "MiB"); n < 16 || n > 64 {
		t.Errorf("%d MiB were touched under a limit of 64", n)
	}
	e := endOf(t, "limits")
	if e.says(t, "oom", "SIGKILL", 137); e.Ended.Memory == nil || e.Ended.Memory.Kills != 1 {
		t.Errorf("memory.events is not in %+v", e)
	}
	r = limited(t, `"/app/probe", "eat", "20"`, "memory.max = \"64M\"\nmemory.swap.max = \"0\"\n")
	r.expect(t, 0)
	if strings.Contains(r.stderr, "memory") {
		t.Errorf("a workload within its limit: %s", r)
	}
	endOf(t, "limits").says(t, "exit", "", 0)
}

// Without the group kill a child is killed alone and the workload's status is its own;
// with it nothing is left, and the report is the same. R09.
func TestLimitMemoryOfTheGroup(t *testing.T) {
	needController(t, "memory")
	const limits = "memory.max = \"64M\"\nmemory.swap.max = \"0\"\n"
	r := limited(t, `"/app/probe", "eat-child", "400"`, limits)
	r.expect(t, 0, "out of memory")
	if !strings.Contains(r.stdout, "the child ended: signal: killed") {
		t.Errorf("%s", r)
	}
	if e := endOf(t, "limits"); e.Ended.Cause != "exit" || e.Ended.Memory.Kills != 1 {
		t.Errorf("%+v", e.Ended)
	}
	r = limited(t, `"/app/probe", "eat-child", "400"`, limits+"memory.oom.group = true\n")
	r.expect(t, 137, "out of memory")
	if strings.Contains(r.stdout, "the child ended") {
		t.Errorf("the workload outlived its child: %s", r)
	}
	endOf(t, "limits").says(t, "oom", "SIGKILL", 137)
}

// Above memory.high the workload is throttled, and the kernel counts it.
func TestLimitMemoryHigh(t *testing.T) {
	needController(t, "memory")
	p := running(t, compiled(t, policy("limits", `"/app/probe", "eat", "400"`, "[cgroup]\nmemory.high = \"24M\"\nmemory.swap.max = \"0\"\n")))
	p.until(t, "MiB 8")
	for end := time.Now().Add(patience); event(t, "memory.events", "high") == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("memory.events: high stays 0 for a workload that wants 400 MiB above a memory.high of 24")
		}
	}
	p.signal(t, 15)
	p.wait(t)
}

// event is a counter of the running group.
func event(t *testing.T, file, key string) int {
	t.Helper()
	for line := range strings.Lines(control(t, file)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), key+" "); ok {
			n, err := strconv.Atoi(rest)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("%s has no %s", file, key)
	return 0
}

// control reads a control file of the running group.
func control(t *testing.T, file string) string {
	t.Helper()
	c := hostFacts(t).Cgroup
	b, err := os.ReadFile(filepath.Join(c.Mount, c.Own, "casemate-limits", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// init's one task counts too. R08.
func TestLimitPids(t *testing.T) {
	needController(t, "pids")
	r := limited(t, `"/app/probe", "breed", "200"`, "pids.max = 40\n")
	r.expect(t, 0)
	if !strings.Contains(r.stdout, "resource temporarily unavailable") {
		t.Errorf("%s", r)
	}
	r = limited(t, `"/app/probe", "breed", "2"`, "pids.max = 100\n")
	if r.expect(t, 0); !strings.Contains(r.stdout, "2 children") {
		t.Errorf("%s", r)
	}
}

func TestLimitCPU(t *testing.T) {
	needController(t, "cpu")
	const wall = 2000
	argv := fmt.Sprintf(`"/app/probe", "burn", "%d"`, wall)
	free := figure(t, limited(t, argv, "cpu.weight = 100\n"), "processor time:")
	held := figure(t, limited(t, argv, "cpu.max = \"20000 100000\"\n"), "processor time:")
	// A fifth of one processor, and the slack of a slice that was under way.
	if held > wall*35/100 || free < wall*60/100 {
		t.Errorf("%d ms of processor time in %d ms; %d ms without the limit", held, wall, free)
	}
}

// twoProcessors starts the second one of a machine that runs on one, for this test.
func twoProcessors(t *testing.T) {
	t.Helper()
	const online = "/sys/devices/system/cpu/cpu1/online"
	if b, err := os.ReadFile(online); err != nil || string(b) != "0\n" {
		return // there is none, or it runs
	}
	if err := os.WriteFile(online, []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(online, []byte("0"), 0); err != nil {
			t.Error(err)
		}
	})
}

func TestLimitCpuset(t *testing.T) {
	needController(t, "cpuset")
	twoProcessors(t)
	if r := limited(t, `"/app/probe", "processors"`, "pids.max = 100\n"); !strings.Contains(r.stdout, "processors: 0 1") {
		t.Skipf("needs two processors: %s", r.stdout)
	}
	r := limited(t, `"/app/probe", "processors"`, "cpuset.cpus = \"1\"\n")
	if r.expect(t, 0); r.stdout != "processors: 1\n" {
		t.Errorf("%s", r)
	}
}

// A disk of the machine's own, which the guest has formatted and mounted.
func TestLimitIO(t *testing.T) {
	needController(t, "io")
	const dir = "/disk"
	number, err := os.ReadFile("/sys/block/vda/dev")
	if err != nil {
		t.Skip("needs a disk of its own at /disk (tests/vm has it): ", err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	mounts := "[mounts]\nbind = [{ from = \"" + bin + "/app\", at = \"/app\", exec = true }, { from = \"/disk\", at = \"/disk\", writable = true }]\n"
	write := func(limits string) int {
		return figure(t, launch(t, compiled(t, policy("limits", `"/app/probe", "write", "/disk/file", "4"`, mounts+"[cgroup]\n"+limits))), "for the writes:")
	}
	held := write(fmt.Sprintf("io.max = [\"%s wbps=1048576\"]\n", strings.TrimSpace(string(number))))
	if held < 2000 {
		t.Errorf("4 MiB at 1 MiB a second took %d ms", held)
	}
	if free := write("io.weight = 200\n"); free > held/2 {
		t.Errorf("%d ms without the limit, %d with it", free, held)
	}
}

// Each value is in its file while the service runs.
func TestLimitValues(t *testing.T) {
	needController(t, "memory")
	p := running(t, compiled(t, policy("limits", `"/app/probe", "signals"`, `[cgroup]
memory.max = "256M"
memory.high = "128M"
memory.swap.max = "0"
memory.oom.group = true
pids.max = 77
cpu.max = "50000 100000"
cpu.weight = 33
`)))
	p.until(t, "ready")
	for file, want := range map[string]string{
		"memory.max": "268435456", "memory.high": "134217728", "memory.swap.max": "0", "memory.oom.group": "1",
		"pids.max": "77", "cpu.max": "50000 100000", "cpu.weight": "33",
	} {
		if got := strings.TrimSpace(control(t, file)); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	p.signal(t, 15)
	p.wait(t)
}

// A device of the policy is there, with the access that it has, and nothing else is. What
// stands behind the number does not matter: without a driver it is ENXIO. S31.
func TestS31DevicesOfThePolicy(t *testing.T) {
	needRoot(t)
	devices := `[cgroup]
devices = [{ at = "/dev/probe", device = "c 10:237", access = "r" }]
[why]
"cgroup.devices./dev/probe" = "the probe opens it"
`
	r := confined(t, devices, "read:/dev/null", "read:/dev/probe", "write:/dev/probe")
	r.attempts(t, "empty", "read:/dev/null")
	r.attempts(t, "EPERM", "write:/dev/probe")
	for _, a := range r.Attempts {
		if a.Name == "read:/dev/probe" && slices.Contains([]string{"EPERM", "EACCES", "ENOENT"}, a.Result) {
			t.Errorf("the device of the policy: %s", a.Result)
		}
	}
}
