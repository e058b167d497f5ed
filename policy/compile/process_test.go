package compile

import (
	"testing"

	"casemate/internal/sealed"
)

// What a process gives up for itself is not given up by default, but for the memfds of a
// policy that allows any: those are not executed.
func TestProcess(t *testing.T) {
	const memfd = "seccomp.allow = [\"memfd_create\"]\n[why]\n\"seccomp.memfd_create\" = \"this is only a test\"\n"
	for text, want := range map[string]sealed.Exec{
		"":                 {},
		"exec.mdwe = true": {Memory: sealed.Memory{MDWE: true}},
		memfd:              {Memory: sealed.Memory{MemFD: sealed.MemFDNoExec}},
		"exec.memfd_exec = true\n" + memfd + "\"exec.memfd_exec\" = \"this is only a test\"\n": {Memory: sealed.Memory{MemFD: sealed.MemFDExec}},
		"exec.core_scheduling = true":                                {Core: true},
		`exec.no_speculation = ["store-bypass"]`:                     {Spec: sealed.SpecStoreBypass},
		`exec.no_speculation = ["indirect-branch", "store-bypass"]`:  {Spec: sealed.SpecKinds},
		"exec.mdwe = false\nexec.core_scheduling = false":            {},
		"exec.memfd_exec = false\nseccomp.kill = [\"memfd_create\"]": {},
	} {
		e := good(t, text).Exec
		equal(t, sealed.Exec{Memory: e.Memory, Core: e.Core, Spec: e.Spec}, want)
	}
}

func TestNoSymFollow(t *testing.T) {
	p := good(t, `mounts = { bind = [{ from = "/srv", nosymfollow = true }, { from = "/usr" }], tmpfs = [{ at = "/tmp", nosymfollow = true }] }`)
	for _, m := range p.Mounts {
		if want := m.Target == "/srv" || m.Target == "/tmp"; m.NoFollow != want {
			t.Errorf("%s: %v", m.Target, m.NoFollow)
		}
	}
}

func TestRefusedProcess(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"speculation": {`exec.no_speculation = ["all"]`, `p.toml:5:24: unknown word: "all"; hint: it is one of store-bypass, indirect-branch`},
		"a word":      {`exec.mdwe = "yes"`, `p.toml:5:13: want true or false, found a string: "yes"`},
		"a memfd that is not allowed": {"exec.memfd_exec = true\nwhy = { \"exec.memfd_exec\" = \"this is only a test\" }",
			`p.toml:5:19: memfd_create is not allowed: "exec.memfd_exec"; hint: remove it`},
	})
	refuseLine(t, "exec.memfd_exec = true\nseccomp.allow = [\"memfd_create\"]\nwhy = { \"seccomp.memfd_create\" = \"this is only a test\" }",
		`p.toml:5:19: a dangerous grant without a reason (what is written to memory can be executed, whatever the mounts say): "exec.memfd_exec"; hint: under [why], write: "exec.memfd_exec" = "the reason"`)
}
