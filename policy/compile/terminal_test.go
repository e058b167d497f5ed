package compile

import "testing"

// A terminal needs a filter by which init gives it the foreground, and a reason where the
// workload could type into it.
func TestTerminal(t *testing.T) {
	for _, allow := range []string{`["@default"]`, `["@io"]`} {
		if p := good(t, "exec.tty = true\nseccomp.allow = "+allow+"\n"); !p.Exec.TTY {
			t.Errorf("%s: no terminal", allow)
		}
	}
	if p := good(t, "exec.tty = false\n"); p.Exec.TTY {
		t.Error("a terminal that was declined")
	}
	good(t, "exec.tty = true\nseccomp.allow = [\"ioctl\"]\nseccomp.when.ioctl = \"cmd in {TIOCSPGRP, TCGETS}\"\n")
	const whole = "exec.tty = true\nseccomp.allow = [\"ioctl\"]\n"
	good(t, whole+"[why]\n\"exec.tty\" = \"this is only a test\"\n\"seccomp.ioctl\" = \"this is only a test\"\n")
	_, err := fragment(t, whole+"[why]\n\"seccomp.ioctl\" = \"this is only a test\"\n")
	if err == nil {
		t.Error("a workload that can type into its terminal is accepted without a reason")
	}
	const cannot = `the filter keeps init from giving the workload the foreground (ioctl TIOCSPGRP): "exec.tty"; hint: allow ioctl, as @default and @io do: "cmd not in {TIOCSTI, TIOCLINUX}"`
	refuseAll(t, map[string][2]string{
		"no ioctl":                {`exec.tty = true`, `p.toml:5:12: ` + cannot},
		"ioctl of something else": {"exec.tty = true\nseccomp.allow = [\"ioctl\"]\nseccomp.when.ioctl = \"cmd == TCGETS\"", `p.toml:5:12: ` + cannot},
	})
}
