package tests

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casemate/internal/sealed"
)

// recoded puts another string in the place of one, as an encoder would that checks nothing:
// its length, the body's and the digest are right.
func recoded(t *testing.T, file []byte, from, to string) []byte {
	t.Helper()
	coded := func(s string) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...) }
	if n := bytes.Count(file, coded(from)); n != 1 {
		t.Fatalf("%q is there %d times", from, n)
	}
	const head = 8 + 4 + 4 // magic, version, length
	b := bytes.Replace(file[:len(file)-sha256.Size-1], coded(from), coded(to), 1)
	binary.BigEndian.PutUint32(b[head-4:], uint32(len(b)-head))
	digest := sha256.Sum256(b)
	return append(append(b, digest[:]...), 0) // not signed
}

// What a sealed policy says of labels and limits is no more believed than what a text says:
// one made by hand, whole and with its digest, is refused with its line before anything runs.
func TestHostileEncoder(t *testing.T) {
	needRoot(t)
	const profile, context, size = "casemate-placeholder", "system_u:system_r:placeholder_t:s0", "67108864"
	good, err := os.ReadFile(compiled(t, policy("hostile", `"/app/probe", "exit", "0"`,
		"[lsm]\napparmor = { profile = \""+profile+"\", require = false }\nselinux = { label = \""+context+"\", require = false }\n[cgroup]\nmemory.max = \"64M\"\n")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Decode(recoded(t, good, profile, "another")); err != nil {
		t.Fatal("one that is good, recoded: ", err)
	}
	long := strings.Repeat("x", 5000)
	for _, c := range []struct{ name, from, to, want string }{
		{"profile with a line end", profile, "a\nb", "control character"},
		{"profile with a NUL", profile, "a\x00b", "NUL"},
		{"profile that stacks", profile, "a//&unconfined", "stacks profiles"},
		{"profile of another namespace", profile, ":host:a", "another namespace"},
		{"profile of another namespace, short", profile, "host://a", "another namespace"},
		{"profile with white space", profile, "a ", "white space"},
		{"profile with an end of Unicode's", profile, "a\u2028b", "control character"},
		{"profile too long", profile, long, "5000"},
		{"context with a line end", context, "a:b:c:s0\n", "control character"},
		{"context with a NUL", context, "a:b:c:s0\x00", "NUL"},
		{"context of two", context, "a:b", "user:role:type:level"},
		{"context with a space", context, "a:b:c d:s0", "user:role:type:level"},
		{"context too long", context, "a:b:c:" + long, "5006"},
		{"limit of two lines", size, "1\n2", "plain line"},
		{"limit with a NUL", size, "1\x00", "NUL"},
		{"no limit", size, "", "plain line"},
		{"limit too long", size, long, "5000"},
		{"another file", "memory.max", "cgroup.procs", "no such cgroup file"},
		{"a file elsewhere", "memory.max", "../memory.max", "no such cgroup file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.sealed")
			if err := os.WriteFile(path, recoded(t, good, c.from, c.to), 0o644); err != nil {
				t.Fatal(err)
			}
			r := launch(t, path)
			r.expect(t, 246, "casemate-shim: policy "+path+": ", c.want)
			if strings.Count(r.stderr, "\n") != 1 || strings.ContainsAny(strings.TrimSpace(r.stderr), "\x00\x1b\n") || len(r.stderr) > 1000 {
				t.Errorf("want one line: %q", r.stderr)
			}
		})
	}
}

// A value that no compiler of ours lets through is the kernel's to judge: the launch ends with
// the file and the line, or because what the kernel made of it is not what it said. In no case
// is there one without the limit.
func TestLimitsOutOfRange(t *testing.T) {
	needController(t, "memory")
	file, err := sealed.Decode([]byte(readFile(t, compiled(t, policy("hostile", `"/app/probe", "exit", "0"`, "[cgroup]\nmemory.max = \"64M\"\n")))))
	if err != nil {
		t.Fatal(err)
	}
	p := file.Policy
	at := p.Limits[0].At
	for _, c := range []struct{ file, value string }{
		{"memory.max", "-1"}, {"memory.max", "64M"}, {"memory.max", "12x"}, {"memory.max", "none"}, {"memory.high", "-4096"}, {"memory.swap.max", "0 0"},
		{"memory.oom.group", "2"}, {"memory.oom.group", "-1"},
		{"pids.max", "-1"}, {"pids.max", "4194305"}, {"pids.max", "18446744073709551617"}, {"pids.max", "1e3"},
		{"cpu.max", "10 100000"}, {"cpu.max", "100000 10"}, {"cpu.max", "100000 10000000"}, {"cpu.max", "-1 100000"}, {"cpu.max", "50000"},
		{"cpu.weight", "0"}, {"cpu.weight", "10001"}, {"cpu.weight", "-5"},
		{"cpuset.cpus", "0-99999"}, {"cpuset.cpus", "-1"}, {"cpuset.cpus", "0,x"}, {"cpuset.cpus", "8191"},
		{"io.weight", "default 0"}, {"io.weight", "default 10001"}, {"io.weight", "10001"},
		{"io.max", "9999:9999 rbps=1"}, {"io.max", "254:0 rbps=0"}, {"io.max", "254:0 rbps=-1"}, {"io.max", "254:0 speed=1"}, {"io.max", "254:0"},
	} {
		t.Run(c.file+" "+c.value, func(t *testing.T) {
			p.Limits = []sealed.Limit{{File: c.file, Value: c.value, At: at}}
			r := launch(t, renamed(t, p, t.TempDir(), "hostile"))
			switch {
			case r.code == 248 && strings.Contains(r.stderr, fmt.Sprintf("write %q to %s: ", c.value, c.file)) && strings.Contains(r.stderr, at):
			case r.code == 249 && strings.Contains(r.stderr, "cgroup file "+strings.Fields(c.file)[0]):
			default:
				t.Errorf("%s", r)
			}
			equal(t, "what the workload has printed", r.stdout, "")
		})
	}
}
