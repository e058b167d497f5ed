package tests

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"casemate/internal/facts"
)

// Memory that was writable is not executed, by MDWE alone: the filter allows these calls.
func TestMDWE(t *testing.T) {
	needRoot(t)
	if !hostFacts(t).Process.MDWE {
		t.Skip("needs PR_SET_MDWE (Linux 6.3)")
	}
	tried := []string{"mmap-wx", "mprotect-x", "mmap-x", "exec:/app/probe"}
	const exec = "[exec]\nargv = [\"/app/probe\"]\nmdwe = true\n"
	r := confined(t, exec, tried...)
	r.attempts(t, "EACCES", "mmap-wx", "mprotect-x")
	r.attempts(t, "ok", "mmap-x", "exec:/app/probe")
	confined(t, "", tried...).attempts(t, "ok", tried...)
}

const memfds = "[seccomp]\nallow = [\"@default\", \"@io\", \"@file-read\", \"@file-write\", \"@process\", \"@signals\", \"@threads\", \"@memory\", \"@time\", \"@sched\", \"capget\", \"memfd_create\"]\n" +
	"[why]\n\"seccomp.memfd_create\" = \"this is only a test\"\n"

// A file that only memory holds is not executed, though no mount and no rule of Landlock says so.
func TestMemFD(t *testing.T) {
	needRoot(t)
	if !hostFacts(t).Process.MemFDNoExec {
		t.Skip("needs vm.memfd_noexec (Linux 6.3)")
	}
	tried := []string{"memfd:0", "memfd:8", "memfd:16", "memfd-exec:0", "memfd-exec:16"} // MFD_NOEXEC_SEAL, MFD_EXEC
	r := confined(t, memfds, tried...)
	r.attempts(t, "ok", "memfd:0", "memfd:8")
	r.attempts(t, "EACCES", "memfd:16", "memfd-exec:0", "memfd-exec:16")
	const exec = "\"exec.memfd_exec\" = \"this is only a test\"\n[exec]\nargv = [\"/app/probe\"]\nmemfd_exec = true\n"
	confined(t, memfds+exec, tried...).attempts(t, "ok", tried...)
}

// In a mount with nosymfollow a link can be made and is not followed.
func TestNoSymFollow(t *testing.T) {
	needRoot(t)
	mounts := func(more string) string {
		return "[mounts]\nbind = [{ from = \"" + filepath.Join(bin, "app") + "\", at = \"/app\", exec = true }]\ntmpfs = [{ at = \"/w\"" + more + " }]\n"
	}
	r := confined(t, mounts(", nosymfollow = true"), "follow:/w")
	r.attempts(t, "ELOOP", "follow:/w")
	confined(t, mounts(""), "follow:/w").attempts(t, "ok", "follow:/w")
}

// Speculation is off for the workload where a process decides about it, and nothing to be done
// where the processor is sound or the whole machine does without; else the launch is refused.
func TestSpeculation(t *testing.T) {
	needRoot(t)
	host := hostFacts(t).Process
	for _, c := range []struct {
		kind, field, off string
		state            int
	}{
		{"store-bypass", "Speculation_Store_Bypass", "thread force mitigated", host.StoreBypass},
		{"indirect-branch", "SpeculationIndirectBranch", "conditional force disabled", host.IndirectBranch},
	} {
		text := policy("confined", `"/app/probe"`, "[exec]\nargv = [\"/app/probe\"]\nno_speculation = [\""+c.kind+"\"]\n")
		switch {
		case c.state > 0 && c.state&1 != 0:
			r := confined(t, text[strings.Index(text, "[exec]"):])
			equal(t, c.field, r.Status[c.field], c.off)
		case c.state == 0 || c.state > 0 && c.state&(4|8) != 0:
			launch(t, compiled(t, text)).expect(t, 0)
		default:
			launch(t, compiled(t, text)).expect(t, 247, "cannot be switched off for a process", "test.toml:")
		}
	}
}

const ownCore = "[exec]\nargv = [\"/app/probe\", \"signals\"]\ncore_scheduling = true\n"

// The container has a cookie of its own, which the receipt says.
func TestCoreScheduling(t *testing.T) {
	needRoot(t)
	if state := hostFacts(t).Process.CoreScheduling; state != facts.CoreShared {
		t.Skipf("needs CONFIG_SCHED_CORE and cores with two threads, has %q; nor has the kernel of tests/vm", state)
	}
	p := running(t, compiled(t, policy("core", "", ownCore)))
	p.until(t, "ready")
	r := command(t, filepath.Join(bin, "casemate-shim"), "status", "core")
	if !regexp.MustCompile(`core scheduling +"its own"`).MatchString(r.stdout) {
		t.Error(r)
	}
	p.signal(t, 15)
	p.wait(t)
}

// Without the kernel's part a policy that asks for it is refused; where no core has two
// threads nobody shares one.
func TestCoreSchedulingWithout(t *testing.T) {
	needRoot(t)
	switch text := strings.Replace(ownCore, ", \"signals\"", "", 1); hostFacts(t).Process.CoreScheduling {
	case facts.CoreNone:
		launch(t, compiled(t, policy("core", "", text))).expect(t, 247, "no core scheduling (CONFIG_SCHED_CORE, Linux 5.14)", "test.toml:")
	case facts.CoreAlone:
		launch(t, compiled(t, policy("core", "", text))).expect(t, 0)
	case facts.CoreShared:
		t.Skip("the host has core scheduling")
	}
}

// What the host's kernel lacks of what a policy demands: 247.
func TestMDWEIsDemanded(t *testing.T) {
	needRoot(t)
	if hostFacts(t).Process.MDWE {
		t.Skip("needs a kernel without PR_SET_MDWE")
	}
	launch(t, compiled(t, policy("lacks", `"/app/probe"`, "[exec]\nargv = [\"/app/probe\"]\nmdwe = true\n"))).expect(t, 247, "no PR_SET_MDWE (Linux 6.3)", "test.toml:")
}

// What init asks of prctl(2) at the gate is among the calls that it always has: a policy that
// allows next to nothing starts.
func TestPolicyWithNextToNoCallsStarts(t *testing.T) {
	needRoot(t)
	launch(t, compiled(t, policy("bare", `"/app/die", "no number"`, "[seccomp]\nallow = [\"exit\"]\n"))).expect(t, 2)
}
