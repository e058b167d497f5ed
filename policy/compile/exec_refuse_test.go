package compile

import "testing"

func TestRefusedExec(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"cwd relative": {
			`exec.cwd = "tmp"`,
			`p.toml:5:12: the path is not absolute: "tmp"; hint: begin it with a slash`,
		},
		"cwd not in its shortest form": {
			`exec.cwd = "/a//b"`,
			`p.toml:5:12: the path is not in its shortest form: "/a//b"; hint: write /a/b`,
		},
		"cwd upwards": {
			`exec.cwd = "/a/../b"`,
			`p.toml:5:12: the path has .. in it: "/a/../b"; hint: write where it leads to`,
		},
		"umask decimal digits": {
			`exec.umask = "0888"`,
			`p.toml:5:14: not a file mode creation mask: "0888"; hint: octal: "0027", "077"`,
		},
		"umask too wide": {
			`exec.umask = "1777"`,
			`p.toml:5:14: not a file mode creation mask: "1777"; hint: octal: "0027", "077"`,
		},
		"umask too short": {
			`exec.umask = "27"`,
			`p.toml:5:14: not a file mode creation mask: "27"; hint: octal: "0027", "077"`,
		},
		"variable name": {
			`exec.env = { "A B" = "1" }`,
			`p.toml:5:14: not the name of a variable: "A B"; hint: letters, digits and underscores, no digit first`,
		},
		"variable of the manager": {
			`exec.env = { NOTIFY_SOCKET = "/run/x" }`,
			`p.toml:5:14: the variable belongs to the contract with the service manager: "NOTIFY_SOCKET"`,
		},
		"numeric user alone": {
			`exec.user = "33"`,
			`p.toml:5:13: a numeric user without a group: "33"; hint: state exec.group`,
		},
		"user with a leading zero": {
			`exec.user = "033"
exec.group = "33"`,
			`p.toml:5:13: not an id: "033"; hint: a decimal number from 0 to 4294967294, or a name that begins with a letter`,
		},
		"user minus one": {
			`exec.user = "4294967295"
exec.group = "33"`,
			`p.toml:5:13: not an id: "4294967295"; hint: a decimal number from 0 to 4294967294, or a name that begins with a letter`,
		},
		"user too large": {
			`exec.user = "4294967296"
exec.group = "33"`,
			`p.toml:5:13: not an id: "4294967296"; hint: a decimal number from 0 to 4294967294, or a name that begins with a letter`,
		},
		"user begins like a number": {
			`exec.user = "0day"
exec.group = "33"`,
			`p.toml:5:13: not an id: "0day"; hint: a decimal number from 0 to 4294967294, or a name that begins with a letter`,
		},
		"unknown user": {
			`exec.user = "wwww"`,
			`p.toml:5:13: not in passwd: "wwww"; hint: did you mean "www"?`,
		},
		"unknown group": {
			`exec.group = "amd"`,
			`p.toml:5:14: not in group: "amd"; hint: did you mean "adm"?`,
		},
		"unknown supplementary group": {
			`exec.groups = ["adm", "nogroup"]`,
			`p.toml:5:23: not in group: "nogroup"; hint: it is resolved when the policy is compiled: write the number, or name the image's file with --group`,
		},
		"root by number": {
			`exec.user = "0"
exec.group = "33"`,
			`p.toml:5:13: a dangerous grant without a reason (the workload is root to every file of the host that it sees): "exec.user"; hint: under [why], write: "exec.user" = "the reason"`,
		},
		"root by name": {
			`exec.user = "root"`,
			`p.toml:5:13: a dangerous grant without a reason (the workload is root to every file of the host that it sees): "exec.user"; hint: under [why], write: "exec.user" = "the reason"`,
		},
		"root group": {
			`exec.group = "root"`,
			`p.toml:5:14: a dangerous grant without a reason (root's group may read much of the host): "exec.group"; hint: under [why], write: "exec.group" = "the reason"`,
		},
		"root among the groups": {
			`exec.groups = ["adm", "root"]`,
			`p.toml:5:23: a dangerous grant without a reason (root's group may read much of the host): "exec.groups"; hint: under [why], write: "exec.groups" = "the reason"`,
		},
		"resource name": {
			`exec.rlimits = { nofiles = "10" }`,
			`p.toml:5:18: unknown resource limit: "nofiles"; hint: did you mean "nofile"?`,
		},
		"resource value": {
			`exec.rlimits = { nofile = "many" }`,
			`p.toml:5:27: not a resource limit: "many"; hint: "soft:hard" or one value for both: a number, a size such as "64M", or "unlimited"`,
		},
		"resource with three values": {
			`exec.rlimits = { nofile = "1:2:3" }`,
			`p.toml:5:27: not a resource limit: "1:2:3"; hint: "soft:hard" or one value for both: a number, a size such as "64M", or "unlimited"`,
		},
		"soft above hard": {
			`exec.rlimits = { nofile = "20:10" }`,
			`p.toml:5:27: the soft limit is above the hard one: "20:10"; hint: write "10:20": "soft:hard" or one value for both: a number, a size such as "64M", or "unlimited"`,
		},
		"too many files": {
			`exec.rlimits = { nofile = "unlimited" }`,
			`p.toml:5:27: nofile cannot exceed 1048576: "unlimited"; hint: write "1048576:1048576": "soft:hard" or one value for both: a number, a size such as "64M", or "unlimited"`,
		},
	})
}
