package compile

import "testing"

func TestRefusedSeccomp(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"unknown call": {
			`seccomp.allow = ["@default", "opennat"]`,
			`p.toml:5:30: unknown system call: "opennat"; hint: did you mean "openat"?`,
		},
		"unknown group": {
			`seccomp.allow = ["@defualt"]`,
			`p.toml:5:18: unknown group of system calls: "@defualt"; hint: did you mean "@default"?`,
		},
		"clone3": {
			`seccomp.allow = ["clone3"]`,
			`p.toml:5:18: clone3 is never allowed, no filter can see its flags: "clone3"; hint: remove it: C libraries fall back to clone`,
		},
		"dangerous": {
			`seccomp.allow = ["ptrace"]`,
			`p.toml:5:18: a dangerous grant without a reason (reads and changes other processes): "seccomp.ptrace"; hint: under [why], write: "seccomp.ptrace" = "the reason"`,
		},
		"clone without its condition": {
			`seccomp.allow = ["clone"]`,
			`p.toml:5:18: a dangerous grant without a reason (without a condition it makes namespaces): "seccomp.clone"; hint: under [why], write: "seccomp.clone" = "the reason"`,
		},
		"socket without a condition": {
			`seccomp.allow = ["socket"]`,
			`p.toml:5:18: a dangerous grant without a reason (without a condition it reaches every protocol family of the kernel): "seccomp.socket"; hint: under [why], write: "seccomp.socket" = "the reason"`,
		},
		"a condition on a call that is not allowed": {
			`seccomp.when = { socket = "family == AF_UNIX" }`,
			`p.toml:5:18: a condition on a call that is not allowed: "socket"; hint: add it, or a group with it, to allow`,
		},
		"a condition on a call of init": {
			`seccomp.when = { clone = "flags & @CLONE_NEW == 0" }`,
			`p.toml:5:18: a condition on a call that init itself needs (@casemate-init): "clone"; hint: leave it out`,
		},
		"a condition on an unknown call": {
			`seccomp.when = { sockt = "family == AF_UNIX" }`,
			`p.toml:5:18: unknown system call: "sockt"; hint: did you mean "socket"?`,
		},
		"an unknown argument": {
			`seccomp.allow = ["socket"]
seccomp.when = { socket = "famly == AF_UNIX" }`,
			`p.toml:6:28: the condition of socket: unknown argument of socket: "famly"; hint: did you mean family?`,
		},
		"an unknown constant": {
			`seccomp.allow = ["socket"]
seccomp.when = { socket = "family == AF_UNIXX" }`,
			`p.toml:6:38: the condition of socket: unknown constant: "AF_UNIXX"; hint: did you mean AF_UNIX?`,
		},
		"a pointer argument": {
			`seccomp.allow = ["connect"]
seccomp.when = { connect = "addr == 0" }`,
			`p.toml:6:29: the condition of connect: an argument that is or may be a pointer: "addr"; hint: a filter sees only its address, which says nothing`,
		},
		"not a condition": {
			`seccomp.allow = ["socket"]
seccomp.when = { socket = "family ==" }`,
			`p.toml:6:37: the condition of socket: a name, a number or ( is wanted here`,
		},
		"killed and allowed": {
			`seccomp.allow = ["@io"]
seccomp.kill = ["splice"]`,
			`p.toml:6:17: the call is allowed by p.toml:5 @io: "splice"; hint: remove it from one of the two`,
		},
		"killing a call of init": {
			`seccomp.kill = ["read"]`,
			`p.toml:5:17: init itself needs the call (@casemate-init): "read"; hint: remove it`,
		},
		"killing an unknown call": {
			`seccomp.kill = ["ptrac"]`,
			`p.toml:5:17: unknown system call: "ptrac"; hint: did you mean "ptrace"?`,
		},
		"killing a group": {
			`seccomp.kill = ["@io"]`,
			`p.toml:5:17: a group cannot be killed: "@io"; hint: write the calls one by one`,
		},
	})
}
