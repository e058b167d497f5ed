package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"casemate/internal/sealed"
)

// escaped is how the kernel writes a path: mangle of fs/seq_file.c.
var escaped = strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`)

// What a line says is what was written into it; and a line that nobody wrote is an error or
// something that is bounded by it.
func FuzzMountinfo(f *testing.F) {
	for _, line := range []string{
		"22 27 0:21 / /proc rw,relatime - proc proc rw", "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
		"1 2 0:3 /x /y ro shared:5 master:5 propagate_from:2 unbindable - tmpfs - rw,size=4k,context=\"u:r:t:s0:c1,c2\"", "", "-", "1 2 3 4 5 6 - -", "1 2 3 4 5 6 - - - -",
	} {
		f.Add(line, "/a b\\c\td\ne", "rw,nosuid", uint64(7), true)
		f.Add(line, "/a\r\u00a0b", "rw", uint64(7), false)
	}
	f.Fuzz(func(t *testing.T, line, path, options string, id uint64, shared bool) {
		if got, err := parseMount(line); err == nil && len(got.path)+len(got.options)+len(got.fstype)+len(got.super) > len(line) {
			t.Errorf("%q is %+v", line, got)
		}
		for _, o := range superOptions(line) {
			if len(o) > len(line) {
				t.Errorf("%q has the option %q", line, o)
			}
		}
		if strings.ContainsAny(options, " \n") {
			return // the kernel's own words
		}
		optional := ""
		if shared {
			optional = "shared:3 "
		}
		got, err := parseMount(fmt.Sprintf("%d 1 0:5 / %s %s %s- tmpfs none rw,mode=755\n", id, escaped.Replace(path), options, optional))
		want := found{id: id, path: path, options: options, shared: shared, fstype: "tmpfs", super: "rw,mode=755"}
		if err != nil || got != want {
			t.Errorf("%+v, not %+v: %v", got, want, err)
		}
	})
}

// The fields of a status are found whatever the name of the process is, which the kernel
// writes without line ends.
func FuzzStatus(f *testing.F) {
	f.Add("init", []byte("Uid:\t0\t0\t0\t0\nNSpid:\t12\t1\nTracerPid:\t0\n"))
	f.Add("Uid:\\n", []byte("Uid:"))
	f.Add("", []byte("\n\n:\n"))
	f.Fuzz(func(t *testing.T, name string, rest []byte) {
		if got := field(rest, "Uid"); len(got) > max(len(rest), len("(not in /proc/PID/status)")) {
			t.Errorf("%q", got)
		}
		if strings.ContainsAny(name, "\n") {
			return
		}
		text := []byte("Name:\t" + name + "\nUid:\t1\t2\t3\t4\nSeccomp:\t2\n" + string(rest))
		if uid, mode := field(text, "Uid"), field(text, "Seccomp"); uid != "1\t2\t3\t4" || mode != "2" {
			t.Errorf("%q: %q, %q", name, uid, mode)
		}
	})
}

// Of a stat too: the name stands in parentheses, and may have some.
func FuzzStat(f *testing.F) {
	f.Add("init", 5, 5, 0, " 0 0")
	f.Add(") S 1 2 3", 1, -1, 34816, "")
	f.Fuzz(func(t *testing.T, name string, group, session, terminal int, rest string) {
		parseStat([]byte(rest))
		if strings.Contains(rest, ")") {
			return
		}
		got, err := parseStat(fmt.Appendf(nil, "7 (%s) S 3 %d %d %d %s", name, group, session, terminal, rest))
		if want := (statistics{group, session, terminal}); err != nil || got != want {
			t.Errorf("%q: %+v, not %+v: %v", name, got, want, err)
		}
	})
}

// Each limit is read as the kernel writes it, and no more of them than have names.
func FuzzLimits(f *testing.F) {
	f.Add(uint64(0), ^uint64(0), uint8(7), "Max open files            1024                 524288               files     \n")
	f.Add(uint64(1024), uint64(1<<63), uint8(15), "Limit\n")
	f.Fuzz(func(t *testing.T, soft, hard uint64, resource uint8, text string) {
		if len(parseLimits(text)) > strings.Count(text, "Max ") {
			t.Errorf("%q", text)
		}
		name := limitNames[int(resource)%len(limitNames)]
		// fs/proc/base.c, proc_pid_limits.
		line := fmt.Sprintf("%-25s %-20s %-20s %-10s\n", "Max "+name, limit(soft), limit(hard), "units")
		if got := parseLimits("Limit                     Soft Limit           Hard Limit           Units     \n" + line)[name]; got != limit(soft)+" "+limit(hard) {
			t.Errorf("%q is %q", line, got)
		}
	})
}

// A value is kept as it is kept: once more makes no difference, and what the kernel says is
// compared with what was written, never with itself.
func FuzzControl(f *testing.F) {
	for _, c := range [][3]string{
		{"memory.max", "67108865", "67108864\n"}, {"cpuset.cpus", "0-3,5", "0-3,5\n"}, {"cpuset.cpus", "8191,0-8191", ""}, {"io.max", "8:0 rbps=1 wiops=max", "8:0 rbps=1 wbps=max\n"},
		{"io.weight", "default 100", "default 100\n"}, {"cpu.max", "max 100000", "max 100000\n"}, {"pids.max", "7", "\n"},
	} {
		f.Add(c[0], c[1], c[2])
	}
	f.Fuzz(func(t *testing.T, file, value, text string) {
		if strings.TrimSpace(value) != value || value == "" {
			return // no policy has it
		}
		if once := canonical(file, value); canonical(file, once) != once {
			t.Errorf("%s %q is kept as %q and that as %q", file, value, once, canonical(file, once))
		}
		for _, c := range written([]sealed.Limit{{File: file, Value: value}}) {
			if c.device == "" && c.found(value+"\n") != c.kept() {
				t.Errorf("%s: what was written, %q, is not found", file, value)
			}
			c.found(text)
		}
	})
}

// A receipt that can be read is written again as it is: no text is lost, nor is one taken
// for another.
func FuzzReceipt(f *testing.F) {
	f.Add(receipt().Encode())
	f.Add((&Ended{Cause: OOM, Status: 137, Signal: "SIGKILL", Memory: &Memory{}}).Complete(receipt().Encode()))
	f.Add([]byte(`{"version": 1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := DecodeReceipt(text)
		if err != nil || r.Verified.Year() > 9999 || r.Verified.Year() < 0 {
			return
		}
		b := r.Encode()
		again, err := DecodeReceipt(b)
		if err != nil || !json.Valid(b) {
			t.Fatalf("%v: %s", err, b)
		}
		if !bytes.Equal(again.Encode(), b) || !slices.Equal(again.Checks, r.Checks) {
			t.Errorf("%s\nbecame\n%s", b, again.Encode())
		}
		r.Print(new(bytes.Buffer))
	})
}
