package compile

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What is wrong in form does not keep what is wrong in meaning from being told, in one run and in
// the order of the lines; and what could not be read is not taken for what is not there.
func TestOneRunTellsAll(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"types and values": {
			`exec.user = 33
exec.umask = "999"
root.writable = "yes"
capabilities.keep = ["NET_ADMN"]
cgroup.memory.max = "512MB"
cgroup.pids.max = "64"
seccomp.allow = ["opnat"]
signals.grace = "soon"`,
			`p.toml:5:13: want a string, found an integer: "33"; hint: write it in quotes: "33"
p.toml:6:14: not a file mode creation mask: "999"; hint: octal: "0027", "077"
p.toml:7:17: want true or false, found a string: "yes"
p.toml:8:22: unknown capability: "NET_ADMN"; hint: did you mean "NET_ADMIN"?
p.toml:9:21: not a size: "512MB"; hint: a number of bytes, or with K, M, G or T: "512M", or "max"
p.toml:10:19: want an integer, found a string: "64"; hint: a whole number, without quotes and without a unit
p.toml:11:18: unknown system call: "opnat"; hint: did you mean "openat"?
p.toml:12:17: not a time: "soon"; hint: write "10s" or "2m"`,
		},
		"an element of a list": { // the other one is looked at
			"mounts.tmpfs = [{ at = \"/run\", sise = \"1M\" }, { at = \"/proc/x\" }]",
			`p.toml:5:32: unknown key: "sise"; hint: did you mean "size"?
p.toml:5:54: nothing else is mounted in /proc or /sys: "/proc/x"; hint: proc, sysfs and cgroup have keys of their own under [mounts]`,
		},
		"an unknown section": {
			"exec.cwd = \"x\"\n[capabilites]\nkeep = []\n[why]\n\"capabilities.SYS_ADMIN\" = \"it is in the section above\"",
			`p.toml:5:12: the path is not absolute: "x"; hint: begin it with a slash
p.toml:6:2: unknown key: "capabilites"; hint: did you mean "capabilities"?`,
		},
		"one condition, and the others": {
			"seccomp.allow = [\"@net-client\", \"ioctl\"]\n[seccomp.when]\nsocket = \"\"\nioctl = \"cmd = 3\"\n[signals]\nstop = 5\ngrace = \"soon\"",
			`p.toml:7:10: the string is empty; hint: leave the key out instead
p.toml:8:14: the condition of ioctl: unexpected character: "="; hint: equality is written ==
p.toml:10:8: want a string, found an integer: "5"; hint: write it in quotes: "5"
p.toml:11:9: not a time: "soon"; hint: write "10s" or "2m"`,
		},
		"a base and the policy": {
			"extends = [\"base/minimal\"]\nexec.tty = 1\nexec.env = { \"A B\" = \"1\" }",
			`p.toml:6:12: want true or false, found an integer: "1"
p.toml:7:14: not the name of a variable: "A B"; hint: letters, digits and underscores, no digit first`,
		},
		"bases that are not known": { // nothing can be said of the rest
			"extends = [\"base/minimal\", 5]\nexec.umask = \"999\"\nexec.tty = 1",
			`p.toml:5:28: want a string, found an integer: "5"; hint: write it in quotes: "5"
p.toml:7:12: want true or false, found an integer: "1"`,
		},
	})
}

// Each of these has one fault, which another room would take for a second one: that something
// is missing, does not fit, or wants a reason.
func TestOneFaultIsToldOnce(t *testing.T) {
	for name, text := range map[string]string{
		"no service":                   "policy = 1\nservice = 5\nexec.argv = [\"/x\"]\nlsm.apparmor = { generate = true }",
		"a program":                    "policy = 1\nservice = \"x\"\nexec.argv = \"/x\"",
		"a program, misspelt":          "policy = 1\nservice = \"x\"\n[exec]\nargvv = [\"/x\"]",
		"an argument":                  "policy = 1\nservice = \"x\"\nexec.argv = [\"/x\", 5]",
		"the only argument":            "policy = 1\nservice = \"x\"\nexec.argv = [5]",
		"a control character":          "policy = 1\nservice = \"x\"\nexec.argv = [\"/x\\u001b\"]",
		"the only line of a map":       head + "namespaces.user = { uid = [5], gid = [\"0 1 1\"] }",
		"a section":                    "policy = 1\nservice = \"x\"\n[exce]\nargv = [\"/x\"]",
		"a group":                      head + "exec.user = \"33\"\nexec.group = 33",
		"a user namespace":             head + "exec.user = \"0\"\nexec.group = \"0\"\nnamespaces.user = { uid = [\"0 1 9\"] }",
		"owners":                       head + "mounts.bind = [{ from = \"/usr\", idmap = true }]\nnamespaces.user = { uid = [\"0 1 9\"], gid = 1 }",
		"owners of the root":           head + "root.path = 5\nroot.idmap = true\nnamespaces.user = { uid = [\"65534 1 1\"], gid = [\"65534 1 1\"] }",
		"links":                        head + "root.path = [\"/x\"]\nmasks.mask = [\"/a\"]",
		"a mount with a mask in it":    head + "mounts.bind = [{ from = \"/usr\", exec = \"yes\" }]\nmasks.mask = [\"/usr/x\"]",
		"sysfs":                        head + "mounts.sysfs = 1\nmounts.cgroup = true",
		"what is kept":                 head + "capabilities.keep = [\"KILL\", 5]\ncapabilities.ambient = [\"CHOWN\"]\nwhy = { \"capabilities.CHOWN\" = \"this is only a test\" }",
		"what is allowed":              head + "seccomp.allow = [\"ptrace\", 1]\nseccomp.when.ptrace = \"request == 0\"\nwhy = { \"seccomp.ptrace\" = \"this is only a test\" }",
		"a condition of the terminal":  head + "exec.tty = true\nseccomp.allow = [\"@io\", \"ioctl\"]\nseccomp.when.ioctl = 1",
		"a condition":                  head + "seccomp.allow = [\"socket\"]\nseccomp.when.socket = 1",
		"an architecture":              "policy = 1\nservice = \"x\"\nexec.argv = [\"/x\"]\narch = [\"amd46\"]\nseccomp.allow = [\"mmap\"]\nseccomp.when.mmap = \"flags & MAP_32BIT == 0\"",
		"files in memory":              head + "exec.memfd_exec = true\nseccomp.allow = \"memfd_create\"\nwhy = { \"exec.memfd_exec\" = \"this is only a test\" }",
		"a profile":                    head + "lsm.apparmor = { profile = 1 }",
		"a type":                       head + "lsm.selinux = { type = 1, level = \"s0\" }",
		"a list of Landlock":           head + "lsm.landlock = { off = true, ro = 5 }\nwhy = { \"lsm.landlock.off\" = \"this is only a test\" }",
		"a signal to stop with":        head + "signals = { forward = { TERM = \"drop\" }, stop = 3 }",
		"a reason":                     head + "capabilities.keep = [\"SYS_ADMIN\"]\nwhy = { \"capabilities.SYS_ADMIN\" = 1 }",
		"a reason without quotes":      head + "capabilities.keep = [\"SYS_ADMIN\"]\nwhy.capabilities.SYS_ADMIN = \"this is only a test\"",
		"what there is a reason for":   head + "capabilities.keep = \"SYS_ADMIN\"\nwhy = { \"capabilities.SYS_ADMIN\" = \"this is only a test\" }",
		"an entry of a list too long":  head + "mounts.bind = [" + strings.Repeat("{ from = \"/usr\" },", 257) + "]\nmasks.mask = [\"/usr/x\"]",
		"the version of the language":  "policy = 2\nservice = \"x\"",
		"the version, and all is new":  "policy = \"1\"\nservice = \"X\"",
		"a network, and what joins it": head + "network.mode = 1\nlsm.landlock = { abstract = true }\nwhy = { \"lsm.landlock.abstract\" = \"this is only a test\" }",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := compiled(t, map[string]string{"p.toml": text})
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "p.toml:") {
				t.Errorf("%s\n%v", text, err)
			}
		})
	}
}

// stated is a line of a policy that states one value.
var stated = regexp.MustCompile(`^(\s*"?[A-Za-z0-9_./]+"?\s*=\s*)(\S.*)$`)

// In policies of all kinds, a value of the wrong type in any line is one fault, and so is a key
// that is not known: nothing else of the policy is blamed for it.
func TestAnyLineWrong(t *testing.T) {
	policies, err := filepath.Glob("../../examples/*.toml")
	if err != nil || len(policies) < 6 {
		t.Fatal(policies, err)
	}
	dir, wrong := t.TempDir(), 0
	o := Options{Passwd: dir + "/passwd", Group: dir + "/group"}
	for name, text := range map[string]string{
		o.Passwd: "www-data:x:33:33::/var/www:/bin/sh\nredis:x:102:105::/var/lib/redis:/bin/sh\n", o.Group: "redis:x:105:\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range policies {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		for i, line := range lines {
			for _, instead := range broken(line) {
				wrong++
				changed := slices.Clone(lines)
				changed[i] = instead
				_, err := Judge(path, []byte(strings.Join(changed, "\n")), o)
				if prefix := fmt.Sprintf("%s:%d:", path, i+1); err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), prefix) {
					t.Errorf("%s\n%v", instead, err)
				}
			}
		}
	}
	if wrong < 250 {
		t.Errorf("%d lines", wrong)
	}
}

// broken gives a line with each of its values, the key and each of its strings wrong, one at a time.
func broken(line string) (all []string) {
	code, _, _ := strings.Cut(line, " #")
	m := stated.FindStringSubmatch(code)
	if m != nil && strings.Count(m[2], "[") == strings.Count(m[2], "]") && strings.Count(m[2], "{") == strings.Count(m[2], "}") {
		all = append(all, m[1]+"1.5")
		if !strings.HasPrefix(m[1], `"`) { // a key of a map may be any
			all = append(all, strings.Replace(m[1], "=", "zzzzzz =", 1)+m[2])
		}
	}
	if strings.HasPrefix(strings.TrimSpace(line), "#") {
		return all
	}
	for _, at := range quoted.FindAllStringIndex(code, -1) {
		if rest := strings.TrimLeft(code[at[1]:], " "); !strings.HasPrefix(rest, "=") { // else a key
			all = append(all, code[:at[0]]+"1.5"+code[at[1]:])
		}
	}
	return all
}

var quoted = regexp.MustCompile(`"[^"]*"`)
