package tests

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"casemate/internal/facts"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// many is how many launches a test of endurance makes: few as one of all tests, fewer
// where everything is slow, and the full number with CASEMATE_LAUNCHES=all; see make soak.
func many(t *testing.T, few, all int) int {
	t.Helper()
	switch {
	case os.Getenv("CASEMATE_LAUNCHES") == "all":
		return all
	case slow(t):
		return max(few/10, 10) // one of ten is another one, below
	}
	return few
}

// soakUser is a uid that nothing else on the machine has, so that its keys are these tests'.
const soakUser = 54321

// soakPolicy is a policy of the static workload, for soakUser.
func soakPolicy(t *testing.T, service, grace string, args ...string) *sealed.Policy {
	t.Helper()
	argv := `"/app/hard"`
	for _, a := range args {
		argv += fmt.Sprintf(", %q", a)
	}
	path := compiled(t, policy(service, "", fmt.Sprintf("[signals]\ngrace = %q\n[exec]\nargv = [%s]\nuser = \"%d\"\ngroup = \"%d\"\n", grace, argv, soakUser, soakUser)))
	file, err := sealed.Decode([]byte(readFile(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	return file.Policy
}

// renamed writes the policy under another service's name. To compile each would take
// longer than to launch it.
func renamed(t *testing.T, p *sealed.Policy, dir, service string) string {
	t.Helper()
	p.Service = service
	if p.Namespaces.Hostname != "" {
		p.Namespaces.Hostname = service
	}
	b, err := sealed.Encode(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, service+".sealed")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// What differs from launch to launch, and is meant to.
var passing = []struct {
	pattern *regexp.Regexp
	word    string
}{
	{regexp.MustCompile(`"(verified|at)": ?"[^"]*"`), `"$1":"TIME"`},
	{regexp.MustCompile(`"ran_ms": ?\d+`), `"ran_ms":0`},
	{regexp.MustCompile(`socket:\[\d+\]`), "SOCKET"},
	{regexp.MustCompile(`:s0:c\d+,c\d+\b`), ":LEVEL"}, // SELinux: each launch has its own
	{regexp.MustCompile(`device \d+:\d+ inode \d+`), "INODE"},
}

var initPID = regexp.MustCompile(`"init_pid": ?(\d+)`)

// attested is a receipt without what is meant to differ from launch to launch.
func attested(t *testing.T, text, service string) string {
	t.Helper()
	pid := initPID.FindStringSubmatch(text)
	if pid == nil {
		t.Fatalf("no pid of init in the receipt: %s", text)
	}
	text = strings.NewReplacer(`"`+pid[1]+`"`, `"PID"`, `"init_pid":`+pid[1], `"init_pid":PID`, `"init_pid": `+pid[1], `"init_pid":PID`, service, "SERVICE").Replace(text)
	for _, p := range passing {
		text = p.pattern.ReplaceAllString(text, p.word)
	}
	return text
}

// apartAt shows the first line in which two texts differ.
func apartAt(a, b string) string {
	one, two := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(one), len(two)) {
		if one[i] != two[i] {
			return fmt.Sprintf("line %d was %q, is %q", i+1, one[i], two[i])
		}
	}
	return fmt.Sprintf("%d lines were %d", len(two), len(one))
}

// ledger counts what launches may leave in the kernel. The first four are of this mount,
// cgroup and user namespace alone; the rest is of the whole machine.
type ledger struct {
	mounts, cgroups, dying, keys int
	kernel                       int // KiB: slabs that cannot be reclaimed, per-processor memory, kernel stacks, page tables
	files                        int
}

func take(t *testing.T) (l ledger) {
	t.Helper()
	l.mounts = strings.Count(readFile(t, "/proc/self/mountinfo"), "\n")
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		stat, err := os.ReadFile(root + "/cgroup.stat")
		if err != nil {
			continue
		}
		l.cgroups = number(string(stat), "nr_descendants ")
		// Where memory is accounted a group stays until the last page that it was the first to
		// touch is given up, which the kernel does when it needs some.
		if !strings.Contains(readFile(t, root+"/cgroup.controllers"), "memory") {
			l.dying = number(string(stat), "nr_dying_descendants ")
		}
	}
	for line := range strings.Lines(readFile(t, "/proc/key-users")) {
		if f := strings.Fields(line); f[0] == fmt.Sprintf("%d:", soakUser) {
			l.keys, _ = strconv.Atoi(strings.SplitN(f[2], "/", 2)[0])
		}
	}
	memory := []byte(readFile(t, "/proc/meminfo"))
	for _, name := range []string{"SUnreclaim", "Percpu", "KernelStack", "PageTables"} {
		v, _ := facts.Field(memory, name)
		n, _ := strconv.Atoi(strings.TrimSuffix(v, " kB"))
		l.kernel += n
	}
	l.files, _ = strconv.Atoi(strings.Fields(readFile(t, "/proc/sys/fs/file-nr"))[0])
	return l
}

// number is what stands behind a word at the start of a line.
func number(text, word string) int {
	_, rest, _ := strings.Cut("\n"+text, "\n"+word)
	line, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.Atoi(line)
	return n
}

// settled waits until what is this test's own is as it was: the kernel gives up keys and
// cgroups a moment later.
func settled(t *testing.T, before ledger) ledger {
	t.Helper()
	var now ledger
	eventually(t, func() bool {
		now = take(t)
		return now.mounts == before.mounts && now.cgroups == before.cgroups && now.dying <= before.dying && now.keys <= before.keys
	}, func() string { return fmt.Sprintf("before %+v, now %+v", before, now) })
	return now
}

// slope is that of the line through points at even distances, by least squares.
func slope(points []float64) float64 {
	n := float64(len(points))
	var sx, sy, sxx, sxy float64
	for i, y := range points {
		x := float64(i)
		sx, sy, sxx, sxy = sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

func TestSlope(t *testing.T) {
	for want, points := range map[float64][]float64{0: {5, 5, 5}, 2: {1, 3, 5, 7}, -1: {3, 2, 1}} {
		if got := slope(points); got != want {
			t.Errorf("%v: %v", points, got)
		}
	}
}

// One launch after the other: each is attested alike, and none leaves anything. A shim that
// stays passes a signal on for each of them, and does not grow.
func TestSoakSequence(t *testing.T) {
	needRoot(t)
	const samples = 20
	count := many(t, 200, 10_000)
	path := renamed(t, soakPolicy(t, "soak", "5s", "quick", "7"), t.TempDir(), "soak")
	stays := running(t, compiled(t, policy("stays", `"/app/probe", "signals"`, "")))
	stays.until(t, "ready")
	warm := func() { launch(t, path).expect(t, 7) }
	warm()
	first := attested(t, readFile(t, "/run/casemate/.ended/soak.json"), "soak")
	before := take(t)
	var resident, own, kernel []float64
	start := time.Now()
	for n := range count {
		r := command(t, filepath.Join(bin, "casemate-shim"), "run", path)
		if r.code != 7 || r.stderr != "" {
			t.Fatalf("launch %d: %s", n, r)
		}
		if got := attested(t, readFile(t, "/run/casemate/.ended/soak.json"), "soak"); got != first {
			t.Fatalf("launch %d is attested otherwise: %s", n, apartAt(first, got))
		}
		if err := stays.cmd.Process.Signal(unix.SIGHUP); err != nil {
			t.Fatalf("launch %d: the shim that stays has ended: %s", n, stays.wait(t))
		}
		if n%(count/samples) == 0 {
			own = append(own, anonymous(t, stays.cmd.Process.Pid))
			resident = append(resident, anonymous(t, initOf(t, stays)))
			kernel = append(kernel, float64(take(t).kernel))
		}
	}
	each := time.Since(start) / time.Duration(count)
	after := settled(t, before)
	per := float64(count) / samples
	t.Logf("%d launches, %s each; a shim that stays %+.2f KiB for 1,000 of them, its init %+.2f KiB; kernel memory of the machine %+.0f bytes each; before %+v, after %+v",
		count, each.Round(10*time.Microsecond), slope(own[1:])/per*1000, slope(resident[1:])/per*1000, slope(kernel)/per*1024, before, after)
	// A shim allocates nothing for a signal, and makes no collections of garbage; what the
	// runtime takes once is taken by the first sample, but for some pages.
	if grown := own[len(own)-1] - own[1]; grown > 32 {
		t.Errorf("the shim that stays has grown by %.0f KiB: %v", grown, own)
	}
	if grown := resident[len(resident)-1] - resident[1]; grown > 0 {
		t.Errorf("its init has grown by %.0f KiB: %v", grown, resident)
	}
	stays.signal(t, unix.SIGTERM)
	stays.wait(t)
}

// anonymous memory of a process in KiB.
func anonymous(t *testing.T, pid int) float64 {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSuffix(procField(t, pid, "RssAnon"), " kB"))
	if err != nil {
		t.Fatal(err)
	}
	return float64(n)
}

// flock is many shims at once. One pipe tells of all that they are ready.
type flock struct {
	ready  *os.File
	output *os.File
	all    []*exec.Cmd
	ends   chan int // their numbers, as they end
	ended  []time.Time
}

// release starts a shim for each sealed policy.
func release(t *testing.T, paths []string) *flock {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := os.OpenFile(filepath.Join(t.TempDir(), "output"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	f := &flock{ready: r, output: output, ends: make(chan int, len(paths)), ended: make([]time.Time, len(paths))}
	t.Cleanup(func() {
		for _, c := range f.all {
			c.Process.Kill()
		}
		r.Close()
		output.Close()
	})
	for i, path := range paths {
		c := exec.Command(filepath.Join(bin, "casemate-shim"), "run", "-ready-fd", "3", path)
		c.Stdout, c.Stderr, c.ExtraFiles = output, output, []*os.File{w}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		f.all = append(f.all, c)
		go func() {
			c.Wait() // its exit code is compared below
			f.ended[i] = time.Now()
			f.ends <- i
		}()
	}
	w.Close()
	return f
}

// await waits until so many are ready.
func (f *flock) await(t *testing.T, count int) {
	t.Helper()
	f.ready.SetReadDeadline(time.Now().Add(5 * patience))
	for in, n := bufio.NewReader(f.ready), 0; n < count; n++ {
		if _, err := in.ReadByte(); err != nil {
			t.Fatalf("%d of %d are ready: %v\n%s", n, count, err, readFile(t, f.output.Name()))
		}
	}
}

// end waits for the end of all, which have the exit code.
func (f *flock) end(t *testing.T, code func(i int) int) {
	t.Helper()
	for n := range f.all {
		select {
		case <-f.ends:
		case <-time.After(2 * patience):
			t.Fatalf("%d of %d have ended\n%s", n, len(f.all), readFile(t, f.output.Name()))
		}
	}
	for i, c := range f.all {
		if got := c.ProcessState.ExitCode(); got != code(i) {
			t.Fatalf("shim %d: exit %d, want %d\n%s", i, got, code(i), readFile(t, f.output.Name()))
		}
	}
}

// Many launches in the same moment: each is attested alike, and none leaves anything.
func TestSoakAtOnce(t *testing.T) {
	needRoot(t)
	count := many(t, 32, 256)
	p, dir := soakPolicy(t, "once", "5s", "quick", "7"), t.TempDir()
	paths := make([]string, count)
	for i := range paths {
		paths[i] = renamed(t, p, dir, fmt.Sprintf("once-%d", i))
	}
	launch(t, paths[0]).expect(t, 7)
	before, start := take(t), time.Now()
	f := release(t, paths)
	f.end(t, func(int) int { return 7 })
	took := time.Since(start)
	if out := readFile(t, f.output.Name()); out != "" {
		t.Errorf("said: %s", out)
	}
	var first string
	for i := range paths {
		service := fmt.Sprintf("once-%d", i)
		got := attested(t, readFile(t, "/run/casemate/.ended/"+service+".json"), service)
		if got = policyDigest.ReplaceAllString(got, "POLICY"); first == "" {
			first = got
		}
		if got != first {
			t.Fatalf("%s is attested otherwise: %s", service, apartAt(first, got))
		}
	}
	after := settled(t, before)
	t.Logf("%d launches at once in %s, %s each; before %+v, after %+v", count, took.Round(time.Millisecond), (took / time.Duration(count)).Round(10*time.Microsecond), before, after)
}

// policyDigest differs where the service's name does.
var policyDigest = regexp.MustCompile(`"policy_sha256": ?"[0-9a-f]{64}"`)

// Many containers stay up together, and all end in the grace and a second: nine of ten when
// they are told, the others when it is over.
func TestSoakStanding(t *testing.T) {
	needRoot(t)
	count, grace := many(t, 50, 1000), 3*time.Second
	if count > 50 {
		grace = 20 * time.Second
	}
	dir := t.TempDir()
	willing, stubborn := soakPolicy(t, "up", grace.String(), "wait"), soakPolicy(t, "up", grace.String(), "tree", "-1")
	paths := make([]string, count)
	for i := range paths {
		p := willing
		if i%10 == 9 {
			p = stubborn
		}
		paths[i] = renamed(t, p, dir, fmt.Sprintf("up-%d", i))
	}
	before, free, start := take(t), available(t), time.Now()
	f := release(t, paths)
	f.await(t, count)
	up := time.Since(start)
	time.Sleep(time.Second) // they are to stay
	select {
	case <-f.ends:
		t.Fatalf("one has ended: %s", readFile(t, f.output.Name()))
	default:
	}
	shims, inits := make([]float64, count), make([]float64, count)
	for i, c := range f.all {
		shims[i] = anonymous(t, c.Process.Pid)
		list := children(t, c.Process.Pid)
		if len(list) != 1 {
			t.Fatalf("shim %d has the children %v", i, list)
		}
		inits[i] = anonymous(t, list[0].pid)
		if i >= 50 { // to look at all processes for each takes its time
			shims, inits = shims[:50], inits[:50]
			break
		}
	}
	slices.Sort(shims)
	slices.Sort(inits)
	memory := free - available(t)
	asked := make([]time.Time, count)
	for i, c := range f.all {
		asked[i] = time.Now() // a thousand signals take their time, too
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	f.end(t, func(int) int { return 143 })
	var last [2]time.Duration // of those that end when they are told, and of the others
	for i := range f.ended {
		which := i % 10 / 9
		last[which] = max(last[which], f.ended[i].Sub(asked[i]))
	}
	if slices.Max(last[:]) > grace+time.Second && !slow(t) {
		t.Errorf("one has ended %s after it was asked to, with a grace of %s", slices.Max(last[:]), grace)
	}
	after := settled(t, before)
	t.Logf("%d containers up in %s; %d KiB each, of which the shim has %.0f KiB of its own and init %.0f (medians of %d); the last to end by TERM %s after it, the last that does not %s, with a grace of %s; before %+v, after %+v",
		count, up.Round(time.Millisecond), memory/count, shims[len(shims)/2], inits[len(inits)/2], len(shims), last[0].Round(time.Millisecond), last[1].Round(time.Millisecond), grace, before, after)
}

// available is the memory of the machine that is free, in KiB.
func available(t *testing.T) int {
	t.Helper()
	v, _ := facts.Field([]byte(readFile(t, "/proc/meminfo")), "MemAvailable")
	n, err := strconv.Atoi(strings.TrimSuffix(v, " kB"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
