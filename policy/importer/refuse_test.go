package importer

import (
	"strings"
	"testing"

	"casemate/policy/syntax"
)

// refused is a source that is an error, with the end of its message.
type refused struct {
	name string
	kind Kind
	text string
	want string
}

const allowRead = `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[`

var refusals = []refused{
	{"empty", OCISeccomp, ``, "the text ends too early"},
	{"no JSON", OCISeccomp, `{"defaultAction": }`, "not JSON: invalid character '}' looking for beginning of value"},
	{"cut", OCISeccomp, `{"defaultAction": "x"`, "the text ends too early"},
	{"more", OCISeccomp, `{"defaultAction":"SCMP_ACT_ERRNO"} {}`, "more text after the value"},
	{"UTF-8", OCISeccomp, "{\"\xff\": 1}", "not valid UTF-8"},
	{"twice", OCISeccomp, `{"a": 1, "a": 2}`, `the key stands twice: "a"`},
	{"deep", OCISeccomp, strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100), "nested more than 32 deep"},
	{"a list", OCISeccomp, `[]`, "not an object"},
	{"many", OCISeccomp, `{"a":[` + strings.Repeat("1,", 60000) + `1]}`, "more than 50000 values"},
	{"no default", OCISeccomp, `{"syscalls": []}`, "not a seccomp profile"},
	{"default", OCISeccomp, `{"defaultAction": "SCMP_ACT_DENY"}`, `unknown action "SCMP_ACT_DENY": "defaultAction"`},
	{"default's type", OCISeccomp, `{"defaultAction": 1}`, `want a string: "defaultAction"`},
	{"errno", OCISeccomp, `{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrno": "EWHAT"}`, `unknown error "EWHAT": "defaultErrno"`},
	{"list", OCISeccomp, `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": {}}`, `want a list: "syscalls"`},
	{"rule", OCISeccomp, allowRead + `"read"]}`, `want an object: "syscalls[0]"`},
	{"no names", OCISeccomp, allowRead + `{"action": "SCMP_ACT_ALLOW"}]}`, `no names: "syscalls[0]"`},
	{"no action", OCISeccomp, allowRead + `{"names": ["read"]}]}`, `no action: "syscalls[0]"`},
	{"action", OCISeccomp, allowRead + `{"names": ["read"], "action": "ALLOW"}]}`, `unknown action "ALLOW": "syscalls[0].action"`},
	{"key", OCISeccomp, allowRead + `{"names": ["read"], "action": "SCMP_ACT_ALLOW", "when": "friday"}]}`, `unknown key "when": "syscalls[0]"`},
	{"argument", OCISeccomp, allowRead + `{"names": ["dup"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}`, `a call has at most 6 arguments: "syscalls[0].args[0]"`},
	{"negative", OCISeccomp, allowRead + `{"names": ["dup"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": -1, "op": "SCMP_CMP_EQ"}]}]}`, `not a whole number of 64 bits, 0 or more: "syscalls[0].args[0].value"`},
	{"fraction", OCISeccomp, allowRead + `{"names": ["dup"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1.5, "op": "SCMP_CMP_EQ"}]}]}`, `not a whole number of 64 bits, 0 or more: "syscalls[0].args[0].value"`},
	{"comparison", OCISeccomp, allowRead + `{"names": ["dup"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "=="}]}]}`, `unknown comparison "==": "syscalls[0].args[0]"`},
	{"condition", OCISeccomp, allowRead + `{"names": ["dup"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ", "not": true}]}]}`, `unknown key "not": "syscalls[0].args[0]"`},
	{"selection", OCISeccomp, allowRead + `{"names": ["dup"], "action": "SCMP_ACT_ALLOW", "includes": {"users": ["root"]}}]}`, `unknown key "users": "syscalls[0].includes"`},
	{"kernel", OCISeccomp, allowRead + `{"names": ["dup"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "new"}}]}`, `not a version of the kernel: "syscalls[0].includes.minKernel"`},
	{"architecture", OCISeccomp, `{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_S390X"]}`, "the profile is for other architectures than [amd64 arm64]"},
	{"architectures", OCISeccomp, `{"defaultAction":"SCMP_ACT_ERRNO","archMap":[{"architecture":"SCMP_ARCH_S390X"}]}`, "the profile is for other architectures than [amd64 arm64]"},
	{"allowing", OCISeccomp, `{"defaultAction": "SCMP_ACT_LOG"}`, "less those that the profile denies"},

	{"version", OCIConfig, `{"ociVersion": "2.0.0"}`, `not a config.json of an OCI runtime`},
	{"no version", OCIConfig, `{"process": {}}`, `not a config.json of an OCI runtime`},
	{"process", OCIConfig, `{"ociVersion": "1.0.0", "process": []}`, `want an object: "process"`},
	{"args", OCIConfig, `{"ociVersion": "1.0.0", "process": {"args": [1]}}`, `want a string: "process.args[0]"`},
	{"uid", OCIConfig, `{"ociVersion": "1.0.0", "process": {"user": {"uid": "root"}}}`, `want a number: "process.user.uid"`},
	{"limit twice", OCIConfig, `{"ociVersion": "1.0.0", "process": {"rlimits": [{"type": "RLIMIT_CPU", "soft": 1, "hard": 1}, {"type": "RLIMIT_CPU", "soft": 2, "hard": 2}]}}`, `cpu is limited twice: "process.rlimits[1]"`},
	{"mounts", OCIConfig, `{"ociVersion": "1.0.0", "mounts": ["/proc"]}`, `want an object: "mounts[0]"`},
	{"config's filter", OCIConfig, `{"ociVersion": "1.0.0", "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}}`, "less those that the profile denies"},

	{"no colon", Minijail, "read 1\n", `x:1:1: a : is wanted here: "1"`},
	{"sign", Minijail, "read: 1\nwrite: ?\n", `x:2:1: unexpected character: "?"`},
	{"action", Minijail, "read: yes\n", `x:1:1: not an action, nor a comparison of arg0 to arg5: "yes"`},
	{"nothing", Minijail, "read:\n", `x:1:1: not an action, nor a comparison of arg0 to arg5`},
	{"argument", Minijail, "read: arg6 == 1\n", `x:1:1: an argument is wanted here: arg0 to arg5: "arg6"`},
	{"comparison", Minijail, "read: arg0 = 1\n", `x:1:1: a comparison is wanted here: "="`},
	{"value", Minijail, "read: arg0 ==\n", `x:1:1: a constant is wanted here`},
	{"octal", Minijail, "read: arg0 == 08\n", `x:1:1: not a number of 64 bits: "08"`},
	{"large", Minijail, "read: arg0 == 0x10000000000000000\n", `x:1:1: not a number of 64 bits: "0x10000000000000000"`},
	{"complement", Minijail, "read: arg0 in ~~1\n", `x:1:1: ~ twice: "~"`},
	{"parenthesis", Minijail, "read: arg0 in (1|2\n", `x:1:1: a ) is missing`},
	{"parentheses", Minijail, "read: arg0 in " + strings.Repeat("(", 1000) + "1\n", `x:1:1: more than 32 parentheses inside each other: "("`},
	{"rest", Minijail, "read: arg0 == 1 2\n", `x:1:1: unexpected here: "2"`},
	{"return", Minijail, "read: return EWHAT\n", `x:1:1: an error is wanted behind return: "EWHAT"`},
	{"error", Minijail, "read: arg0 == 1; allow\n", `x:1:1: minijail0(5) has only return behind the ;`},
	{"twice", Minijail, "read: 1\nwrite: 1\nread: arg0 == 1\n", `x:3:1: the call is stated a second time, first in line 1: "read"`},
	{"brace", Minijail, "{read, write: allow\n", `x:1:1: a , or } is wanted here: ":"`},
	{"filters", Minijail, "read: {arg0 == 1, allow\n", `x:1:1: a , or } is wanted here`},
	{"metadata", Minijail, "read[arch]: allow\n", `x:1:1: key=value is wanted inside [ ]: "]"`},
	{"metadata's end", Minijail, "read[arch=x86_64: allow\n", `x:1:1: a ; or ] is wanted here: ":"`},
	{"denylist", Minijail, "@denylist\nptrace: return 1\n", `x:1:1: a list of denied calls: this language has only those of allowed ones: "@denylist"`},
	{"default", Minijail, "@default allow\n", `x:1:1: not an action that denies: "allow"`},
	{"include", Minijail, "@include common\n", `x:1:1: @include wants one path, from / or ./`},
	{"nowhere", Minijail, "@include ./common\n", `x:1:1: @include common: there is nowhere to include from`},
	{"NUL", Minijail, "read: 1\n\x00\n", `x:2:1: a NUL byte`},
	{"conf", Minijail, "% minijail-config-file v1\n", `the first line is not "% minijail-config-file v0"`},
	{"conf's value", Minijail, "% minijail-config-file v0\nu =\n", `x:2:1: neither an option nor option = value: "u ="`},
	{"conf's key", Minijail, "% minijail-config-file v0\n= u\n", `x:2:1: neither an option nor option = value: "= u"`},
	{"conf's capabilities", Minijail, "% minijail-config-file v0\nc = all=e\n", `x:2:1: capabilities other than a mask or names with =flags or +flags: "all=e"`},
	{"conf's variable", Minijail, "% minijail-config-file v0\nenv-add = X\n", `x:2:1: env-add wants NAME=value: "X"`},

	{"no section", Systemd, "ExecStart=/bin/x\n", `x:1:1: it stands in no section: "ExecStart=/bin/x"`},
	{"header", Systemd, "[Service\n", `x:1:1: not the name of a section: "[Service"`},
	{"line", Systemd, "[Service]\nExecStart\n", `x:2:1: not key=value: "ExecStart"`},
	{"key", Systemd, "[Service]\nExec Start=x\n", `x:2:1: not key=value: "Exec Start=x"`},
	{"no service", Systemd, "[Unit]\nDescription=x\n", `x:1:1: no [Service] section: not the unit of a service`},
	{"UTF-8", Systemd, "[Service]\nExecStart=\xff\n", `x:1:1: not valid UTF-8`},
	{"long", Systemd, "[Service]\nExecStart=" + strings.Repeat("a", 70000) + "\n", `x:2:1: a line of more than 65536 bytes`},
	{"lines", Systemd, "[Service]\n" + strings.Repeat("\n", 30000), `x:20001:1: more than 20000 lines`},
}

func TestRefuse(t *testing.T) {
	for _, c := range refusals {
		t.Run(string(c.kind)+"/"+c.name, func(t *testing.T) {
			_, err := Import(Options{Kind: c.kind, Judge: judge}, Source{Name: "x", Text: []byte(c.text)})
			if err == nil {
				t.Fatal("it was accepted")
			}
			if _, placed := err.(syntax.Errors); !placed || !strings.HasPrefix(err.Error(), "x:") {
				t.Errorf("no place: %v", err)
			}
			if !strings.HasSuffix(err.Error(), c.want) || strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("got  %v\nwant …%s", err, c.want)
			}
		})
	}
}

// A policy that includes itself ends, and so does one that includes many.
func TestRefuseIncludes(t *testing.T) {
	self := Source{Name: "/p/self", Text: []byte("@include ./self\n@include ./self\n")}
	_, err := Import(Options{Kind: Minijail, Judge: judge, Include: func(string) (Source, error) { return self, nil }}, self)
	if err == nil || !strings.HasSuffix(err.Error(), "too many files include each other") {
		t.Error(err)
	}
	large := Source{Name: "/p/large", Text: make([]byte, MaxSource+1)}
	_, err = Import(Options{Kind: Minijail, Judge: judge, Include: func(string) (Source, error) { return large, nil }}, self)
	if err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Error(err)
	}
}
