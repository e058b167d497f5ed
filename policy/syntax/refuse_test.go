package syntax

import (
	"strings"
	"testing"
)

// refused holds texts and exactly what is said of them; "" stands for the
// parser's own words.
var refused = map[string]struct{ text, want string }{
	"unknown key": {
		"policy = 1\n[exec]\nargvv = [\"/x\"]\n",
		`p.toml:3:1: unknown key: "argvv"; hint: did you mean "argv"?`,
	},
	"unknown section": {
		"policy = 1\n[capabilites]\nkeep = []\n",
		`p.toml:2:2: unknown key: "capabilites"; hint: did you mean "capabilities"?`,
	},
	"unknown key, nothing like it": {
		"policy = 1\n[root]\nzzzzzzzz = 1\n",
		`p.toml:3:1: unknown key: "zzzzzzzz"; hint: the keys here are path, image, writable, idmap, symlinks`,
	},
	"unknown key of an inline table in a list": {
		"policy = 1\n[mounts]\nbind = [\n  { from = \"/a\", mode = \"ro\" },\n]\n",
		`p.toml:4:18: unknown key: "mode"; hint: the keys here are from, at, type, writable, exec, recursive, idmap, nosymfollow`,
	},
	"a dotted key in quotes": {
		"policy = 1\n[cgroup]\n\"memory.max\" = \"1G\"\n",
		`p.toml:3:1: unknown key: "memory.max"; hint: write memory.max without quotes`,
	},
	"a why without quotes": {
		"policy = 1\n[why]\nseccomp.ptrace = \"a debugger\"\n",
		`p.toml:3:1: want a string, found a table; hint: put quotes around a key that holds a dot`,
	},
	"no version": {
		"service = \"x\"\n",
		`p.toml:1:1: the key is missing: "policy"; hint: begin the file with: policy = 1`,
	},
	"a newer version": {
		"policy = 2\n",
		`p.toml:1:10: out of range: "2"; hint: this version of casemate knows policy = 1 alone; a newer one may know others`,
	},
	"a missing key of a list's table": {
		"policy = 1\n[[mounts.tmpfs]]\nsize = \"1M\"\n",
		`p.toml:2:10: the key is missing: "at"; hint: write: at = "/run/NAME"`,
	},
	"a key twice": {
		"policy = 1\n\npolicy = 1\n",
		`p.toml:3:1: set twice: "policy"; hint: it is set first in line 1`,
	},
	"two keys twice, and no TOML": {
		"policy = 1\n\npolicy = 1\n[exec]\ncwd = \"/\"\ncwd = \"/\"\n[root\n",
		"p.toml:3:1: set twice: \"policy\"; hint: it is set first in line 1\np.toml:6:1: set twice: \"cwd\"; hint: it is set first in line 5\np.toml:7:6: expected ']' to close table name",
	},
	"a key twice, inline": {
		"policy = 1\nexec = { cwd = \"/\", cwd = \"/\" }\n",
		`p.toml:2:21: set twice: "cwd"; hint: it is set first in line 2`,
	},
	"a table twice": {
		"policy = 1\n[exec]\n[root]\n[exec]\n",
		`p.toml:4:2: table exec already exists; hint: it begins in line 2: put its keys together`,
	},
	"a table of dotted keys": {
		"policy = 1\nexec.cwd = \"/\"\nexec.tty = true\n[exec]\n",
		`p.toml:4:2: table exec already exists as defined by a dotted key; hint: line 2 sets a key of it with a dot: write them all so, or all of them under one header`,
	},
	"a list for a table": {
		"policy = 1\n[[why]]\nx = \"y\"\n",
		`p.toml:2:3: want a table, found a list; hint: a table is headed by single brackets, [NAME], or written in braces`,
	},
	"a version with a fraction": {
		"policy = 1.0\n",
		`p.toml:1:10: want an integer, found a number with a fraction: "1.0"; hint: a whole number, without quotes and without a unit`,
	},
	"an inline table added to": {
		"policy = 1\n[lsm]\napparmor = { profile = \"x\" }\napparmor.require = true\n",
		`p.toml:4:1: already has a value and cannot be added to: "apparmor"`,
	},
	"a value used as a table": {
		"policy = 1\nservice = \"x\"\n[service]\nready = \"exec\"\n",
		`p.toml:3:2: key service should be a table, not a value; hint: the table of what the service manager passes is [manager]`,
	},
	"listed twice": {
		"policy = 1\n[seccomp]\nallow = [\"read\",\n \"write\", \"read\"]\n",
		`p.toml:4:11: listed twice: "read"; hint: it stands first at p.toml:3:10`,
	},
	"an integer for a string": {
		"policy = 1\n[exec]\nuser = 33\n",
		`p.toml:3:8: want a string, found an integer: "33"; hint: write it in quotes: "33"`,
	},
	"a string for a boolean": {
		"policy = 1\n[root]\nwritable = \"yes\"\n",
		`p.toml:3:12: want true or false, found a string: "yes"`,
	},
	"a string for a list": {
		"policy = 1\nextends = \"base/daemon\"\n",
		`p.toml:2:11: want a list, found a string: "base/daemon"; hint: write it in brackets: ["base/daemon"]`,
	},
	"a table for a list": {
		"policy = 1\n[mounts.bind]\nfrom = \"/a\"\n",
		`p.toml:2:9: want a list, found a table; hint: write it in double brackets: [[…]]`,
	},
	"a string for a list of tables": {
		"policy = 1\n[mounts]\ntmpfs = \"/run\"\n",
		`p.toml:3:9: want a list, found a string: "/run"; hint: write it in brackets: [{ at = "/run" }]`,
	},
	"a number for a list of them": {
		"policy = 1\n[lsm.landlock]\nbind = 80\n",
		`p.toml:3:8: want a list, found an integer: "80"; hint: write it in brackets: [80]`,
	},
	"a boolean for a list of tables": {
		"policy = 1\n[mounts]\ntmpfs = true\n",
		`p.toml:3:9: want a list, found a boolean: "true"`,
	},
	"a string for a table": {
		"policy = 1\n[mounts]\nbind = [\"/usr\"]\n",
		`p.toml:3:9: want a table, found a string: "/usr"; hint: write it as a table: { from = "/usr" }`,
	},
	"false for what is switched off": {
		"policy = 1\n[lsm]\nlandlock = false\n",
		`p.toml:3:12: want a table, found a boolean: "false"; hint: write it as a table: { off = true }`,
	},
	"a boolean for a table": {
		"policy = 1\n[lsm]\napparmor = true\n",
		`p.toml:3:12: want a table, found a boolean: "true"`,
	},
	"a boolean for a word": {
		"policy = 1\n[mounts]\nproc = false\n",
		`p.toml:3:8: want a string, found a boolean: "false"; hint: it is one of masked, none, pid-only`,
	},
	"a unit for a number": {
		"policy = 1\n[cgroup]\npids.max = \"1K\"\n",
		`p.toml:3:12: want an integer, found a string: "1K"; hint: a whole number, without quotes and without a unit`,
	},
	"true in quotes": {
		"policy = 1\n[root]\nwritable = \"true\"\n",
		`p.toml:3:12: want true or false, found a string: "true"; hint: write it without quotes`,
	},
	"a fraction": {
		"policy = 1\n[exec]\noom_score_adj = 1.5\n",
		`p.toml:3:17: want an integer, found a number with a fraction: "1.5"; hint: a whole number, without quotes and without a unit`,
	},
	"a quoted date": {
		"policy = 1\n[[waive]]\nrule = \"NS-002\"\nwhy = \"front door\"\nuntil = \"2027-06-30\"\n",
		`p.toml:5:9: want a date, YYYY-MM-DD without quotes, found a string: "2027-06-30"; hint: write: 2027-06-30`,
	},
	"a date with a time": {
		"policy = 1\n[[waive]]\nrule = \"NS-002\"\nwhy = \"front door\"\nuntil = 2027-06-30T00:00:00Z\n",
		`p.toml:5:9: want a date, YYYY-MM-DD without quotes, found a date or time: "2027-06-30T00:00:00Z"; hint: write: 2027-06-30`,
	},
	"no date at all": {
		"policy = 1\n[[waive]]\nrule = \"NS-002\"\nwhy = \"front door\"\nuntil = \"never\"\n",
		`p.toml:5:9: want a date, YYYY-MM-DD without quotes, found a string: "never"`,
	},
	"permission bits as C has them": {
		"policy = 1\n[[mounts.tmpfs]]\nat = \"/tmp\"\nmode = 0700\n",
		`p.toml:4:8: integers cannot have leading zeroes; hint: permission bits and other octal numbers are strings here, in quotes: "0700"`,
	},
	"permission bits as TOML has them": {
		"policy = 1\n[[mounts.tmpfs]]\nat = \"/tmp\"\nmode = 0o700\n",
		`p.toml:4:8: want a string, found an integer: "0o700"; hint: write it in quotes: "0700"`,
	},
	"a word without quotes": {
		"policy = 1\nservice = web\n",
		`p.toml:2:11: unexpected character U+0077 'w' at start of value; hint: a string is written in quotes`,
	},
	"an escape that is none": {
		"policy = 1\n[exec]\nargv = [\"/x\", \"\\d\"]\n",
		`p.toml:3:16: invalid escape character U+0064 'd'; hint: in single quotes a backslash is itself`,
	},
	"a command line": {
		"policy = 1\n[exec]\nargv = \"/usr/bin/x -v\"\n",
		`p.toml:3:8: want a list, found a string: "/usr/bin/x -v"; hint: write it in brackets: ["/usr/bin/x", "-v"]`,
	},
	"a string for a map": {
		"policy = 1\n[exec]\nenv = \"A=1\"\n",
		`p.toml:3:7: want a table, found a string: "A=1"; hint: write it as a table: { NAME = "value" }`,
	},
	"a list for a section": {
		"policy = 1\ncapabilities = [\"KILL\"]\n",
		`p.toml:2:16: want a table, found a list; hint: write it as a table: { keep = […] }`,
	},
	"a number for a controller": {
		"policy = 1\n[cgroup]\npids = 64\n",
		`p.toml:3:8: want a table, found an integer: "64"; hint: write it as a table: { max = 64 }`,
	},
	"out of range": {
		"policy = 1\n[exec]\noom_score_adj = -1001\n",
		`p.toml:3:17: out of range: "-1001"; hint: it takes -1000 to 1000`,
	},
	"an unknown word": {
		"policy = 1\n[mounts]\nproc = \"maskd\"\n",
		`p.toml:3:8: unknown word: "maskd"; hint: did you mean "masked"?`,
	},
	"an unknown word in a list": {
		"policy = 1\n[namespaces]\nshare = [\"net\", \"all\"]\n",
		`p.toml:3:17: unknown word: "all"; hint: it is one of net, uts, ipc, cgroup; PID and mount namespaces are always new, and namespaces.user describes a user namespace`,
	},
	"a permissive default": {
		"policy = 1\n[seccomp]\ndefault = \"allow\"\n",
		`p.toml:3:11: unknown word: "allow"; hint: it is one of EPERM, EACCES, ENOSYS, kill`,
	},
	"an empty string": {
		"policy = 1\n[exec]\ncwd = \"\"\n",
		`p.toml:3:7: the string is empty; hint: leave the key out instead`,
	},
	"no argv": {
		"policy = 1\n[exec]\nargv = []\n",
		`p.toml:3:8: 0 entries; it takes 1 to 1024`,
	},
	"a newline in a string": {
		"policy = 1\n[exec]\nargv = [\"/x\", \"a\\nb\"]\n",
		`p.toml:3:15: the string holds a character that is not allowed: U+000A: "a\nb"`,
	},
	"a NUL in a string": {
		"policy = 1\n[exec]\nenv = { A = \"\\u0000\" }\n",
		`p.toml:3:13: the string holds a character that is not allowed: U+0000: "\x00"`,
	},
	"a control character in a key": {
		"policy = 1\n[exec]\nenv = { \"A\\tB\" = \"1\" }\n",
		`p.toml:3:9: the string holds a character that is not allowed: U+0009: "A\tB"`,
	},
	"reordered text, escaped": {
		"policy = 1\n[exec]\ncwd = \"/\\u202e\"\n",
		`p.toml:3:7: the string holds a character that is not allowed: U+202E: "/\u202e"`,
	},
	"reordered text in a comment": {
		"policy = 1 # \u202e\n",
		`p.toml:1:14: a character that reorders text: "\u202e"`,
	},
	"a control byte":    {"policy = 1\n\x1b[2J\n", `p.toml:2:1: a control character: "\x1b"`},
	"a byte order mark": {"\ufeffpolicy = 1\n", `p.toml:1:1: a byte order mark: "\ufeff"`},
	"not UTF-8":         {"policy = 1\n# \xff\n", `p.toml:2:3: not valid UTF-8: "\xff"`},
	"not TOML":          {"policy = 1\n[exec\n", `p.toml:2:6: expected ']' to close table name`},
	"not finished":      {"policy = 1\nextends = [\n", ``},
	"nested":            {"policy = 1\nwhy = " + strings.Repeat("[", 12) + strings.Repeat("]", 12) + "\n", `p.toml:2:7: nested more than 8 deep`},
	"too large":         {"#" + strings.Repeat("x", MaxText), `p.toml: the file has 262145 bytes, over the limit of 262144`},
	"long string":       {"policy = 1\nservice = \"" + strings.Repeat("x", 4097) + "\"\n", `p.toml:2:11: the string has 4097 bytes, over the limit of 4096: "` + strings.Repeat("x", 32) + `…"`},
	"long list":         {"policy = 1\nextends = [" + strings.Repeat("\"a\",", 9) + "]\n", ``},
}

func TestRefused(t *testing.T) {
	for name, c := range refused {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("p.toml", []byte(c.text))
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.HasPrefix(err.Error(), "p.toml:") {
				t.Errorf("no position: %v", err)
			}
			if c.want != "" && err.Error() != c.want {
				t.Errorf("got  %s\nwant %s", err, c.want)
			}
		})
	}
}

// One run names every fault, in the order of the text.
func TestManyErrors(t *testing.T) {
	_, err := Parse("p.toml", []byte("policy = 1\nzz = 1\n[exec]\nargv = 2\n"))
	errs, ok := err.(Errors)
	if !ok || len(errs) != 2 || errs[0].Pos.Line != 2 || errs[1].Pos.Line != 4 {
		t.Fatal(err)
	}
	var many Errors
	for range 30 {
		many.Add(Position{File: "x"}, "", "", "bad")
	}
	if s := many.Error(); strings.Count(s, "\n") != printed || !strings.HasSuffix(s, "(and 10 more)") {
		t.Error(s)
	}
}
