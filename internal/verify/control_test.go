package verify

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// kept is a cgroup whose files say what stands here.
type kept map[string]string

func (k kept) Path() string { return "/own/casemate-x" }

func (k kept) Read(file string) (string, error) {
	if text, ok := k[file]; ok {
		return text, nil
	}
	return "", unix.ENOENT
}

func (k kept) Devices() (attached []uint32, ours uint32, err error) {
	for _, c := range k["attached"] {
		attached = append(attached, uint32(c-'0'))
	}
	return attached, 7, nil
}

// What Linux 6.12 says of what was written.
func TestControlFilesAsTheKernelKeepsThem(t *testing.T) {
	page := uint64(unix.Getpagesize())
	for _, c := range []struct{ file, value, text, want string }{
		{"memory.max", "67108864", "67108864\n", ""}, {"memory.max", "67108865", "67108864\n", ""}, {"memory.high", "max", "max\n", ""},
		{"memory.max", "18446744073709551615", "max\n", ""}, {"memory.swap.max", "0", "0\n", ""}, {"memory.oom.group", "1", "1\n", ""},
		{"pids.max", "64", "64\n", ""}, {"cpu.max", "50000 100000", "50000 100000\n", ""}, {"cpu.weight", "33", "33\n", ""},
		{"cpuset.cpus", "0,1,2,5", "0-2,5\n", ""}, {"cpuset.cpus", "0-1,2", "0-2\n", ""}, {"cpuset.cpus", "8191", "8191\n", ""},
		{"io.weight", "default 200", "default 200\n", ""}, {"io.weight", "200", "default 200\n", ""}, {"io.weight", "200", "default 100\n", "100"}, {"io.weight", "8:0 50", "default 100\n8:0 50\n", ""},
		{"io.max", "8:0 wbps=1048576", "8:0 rbps=max wbps=1048576 riops=max wiops=max\n", ""},
		{"io.max", "8:0 riops=7 rbps=max", "8:16 rbps=1 wbps=1 riops=1 wiops=1\n8:0 rbps=max wbps=max riops=7 wiops=max\n", ""},
		{"io.max", "8:0 rbps=max", "", ""},

		{"memory.max", "67108864", "max\n", "max"}, {"memory.max", "8192", "4096\n", "4096"}, {"memory.oom.group", "1", "0\n", "0"},
		{"pids.max", "64", "max\n", "max"}, {"cpu.max", "50000 100000", "max 100000\n", "max 100000"}, {"cpuset.cpus", "0-1", "0\n", "0"},
		{"cpuset.cpus", "0-1", "\n", ""}, {"cpuset.cpus", "1", "0,x\n", "0,x"}, {"io.weight", "default 200", "default 100\n", "100"}, {"io.weight", "8:0 50", "default 100\n", "(none)"},
		{"io.max", "8:0 wbps=1", "", "wbps=max"}, {"io.max", "8:0 wbps=1 riops=2", "8:0 rbps=max wbps=1 riops=max wiops=max\n", "wbps=1 riops=max"},
		{"io.max", "8:0 wbps=1", "8:1 wbps=1\n", "wbps=max"},
	} {
		if page != 4096 && c.value == "8192" {
			continue
		}
		all := written([]sealed.Limit{{File: c.file, Value: c.value}})
		if len(all) != 1 {
			t.Fatalf("%+v", all)
		}
		want, got := all[0].kept(), all[0].found(c.text)
		if c.want == "" && c.text != "\n" && want != got {
			t.Errorf("%s: %q is kept as %q, found %q", c.file, c.value, want, got)
		}
		if (c.want != "" || c.text == "\n") && (got != c.want || got == want) {
			t.Errorf("%s: %q in place of %q is found as %q, not %q", c.file, c.text, c.value, got, c.want)
		}
	}
}

// A second line for a device adds to the first, and for a key it replaces it.
func TestControlFilesOfOneDevice(t *testing.T) {
	all := written([]sealed.Limit{
		{File: "io.max", Value: "8:0 rbps=1"}, {File: "io.max", Value: "8:16 rbps=2"}, {File: "io.max", Value: "8:0 wbps=3"}, {File: "io.max", Value: "8:0 rbps=4"},
	})
	if len(all) != 2 || all[0].name() != "io.max 8:0" || all[0].kept() != "wbps=3 rbps=4" || all[1].kept() != "rbps=2" {
		t.Errorf("%+v", all)
	}
	if got := all[0].found("8:0 rbps=4 wbps=3 riops=max wiops=max\n"); got != "wbps=3 rbps=4" {
		t.Errorf("%s", got)
	}
}

// The processors of a group are the policy's, or some of them, as in a smaller machine; with
// none of them online the kernel gives the parent's, which are others.
func TestProcessorsInEffect(t *testing.T) {
	target := started(t, declared(), asPlanned)
	target.Policy.Limits = []sealed.Limit{{File: "cpuset.cpus", Value: "1,2-3"}}
	for effective, want := range map[string][]string{
		"1-3\n": nil, "1\n": nil, "2-3\n": nil,
		"0\n": {"cgroup file cpuset.cpus.effective"}, "0-3\n": {"cgroup file cpuset.cpus.effective"}, "1,4\n": {"cgroup file cpuset.cpus.effective"},
		"\n": {"cgroup file cpuset.cpus.effective"}, "1-x\n": {"cgroup file cpuset.cpus.effective"},
	} {
		r := reader{proc: readable(t, target)}
		r.cgroup(Target{PID: target.PID, Policy: target.Policy, Group: kept{"cpuset.cpus": "1-3\n", "cpuset.cpus.effective": effective}})
		var got []string
		for _, check := range r.Checks[1:] { // the path is another
			if !check.OK() {
				got = append(got, check.Name)
			}
		}
		if r.err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: differs in %q, not in %q; %v", effective, got, want, r.err)
		}
		if said := r.Checks[len(r.Checks)-1].Got; said != strings.TrimSpace(effective) {
			t.Errorf("%q: the receipt says %q", effective, said)
		}
	}
	r := reader{proc: readable(t, target)}
	r.cgroup(Target{PID: target.PID, Policy: target.Policy, Group: kept{"cpuset.cpus": "1-3\n"}})
	if !errors.Is(r.err, unix.ENOENT) {
		t.Errorf("a file that cannot be read: %v", r.err)
	}
}

func TestControlFilesAreRead(t *testing.T) {
	target := started(t, declared(), asPlanned)
	target.Policy.Limits = []sealed.Limit{{File: "pids.max", Value: "5"}, {File: "memory.max", Value: "4097"}}
	target.Policy.Devices = []sealed.Device{{Path: "/dev/null"}}
	for _, c := range []struct {
		group kept
		want  []string
	}{
		{kept{"pids.max": "5\n", "memory.max": "4096\n", "attached": "7"}, nil},
		{kept{"pids.max": "max\n", "memory.max": "4096\n", "attached": "7"}, []string{"cgroup file pids.max"}},
		{kept{"pids.max": "5\n", "memory.max": "max\n", "attached": "78"}, []string{"cgroup file memory.max", "device program"}},
		{kept{"pids.max": "5\n", "memory.max": "4096\n", "attached": "8"}, []string{"device program"}},
		{kept{"pids.max": "5\n", "memory.max": "4096\n"}, []string{"device program"}},
	} {
		r := reader{proc: readable(t, target)}
		r.cgroup(Target{PID: target.PID, Policy: target.Policy, Group: c.group})
		var got []string
		for _, check := range r.Checks[1:] { // the path is another
			if !check.OK() {
				got = append(got, check.Name)
			}
		}
		if r.err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: differs in %q, not in %q; %v", c.group, got, c.want, r.err)
		}
	}
	r := reader{proc: readable(t, target)}
	r.cgroup(Target{PID: target.PID, Policy: target.Policy, Group: kept{"pids.max": "5\n"}})
	if !errors.Is(r.err, unix.ENOENT) {
		t.Errorf("a file that cannot be read: %v", r.err)
	}
}

func readable(t *testing.T, target Target) *proc {
	t.Helper()
	p, err := openProc(target.Proc, target.PID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}
