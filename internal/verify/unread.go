package verify

import (
	"casemate/internal/landlock"
	"casemate/internal/sealed"
)

// Unread is something of the policy that the kernel shows to nobody, or not to the shim, and
// why. It is known before the launch: a read that fails is an error.
type Unread struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

func (r *reader) unread(t Target) {
	add := func(name, why string) { r.Unread = append(r.Unread, Unread{name, why}) }
	if why := r.hidden(t); why != "" {
		add("seccomp program", why)
	}
	if t.Facts.Keyrings {
		add("session keyring", "no interface of the kernel shows another process's; the launch has found the new one in its possession")
	}
	if t.Policy.Exec.Memory.MemFD == sealed.MemFDNoExec && t.Facts.Process.MemFDNoExec {
		add("memfd_noexec", "a process reads that of its own PID namespace; the launch has tried what it forbids, and was refused")
	}
	if d, _ := landlock.At(&t.Policy.LSM.Landlock, t.Facts.Landlock); d.Files != 0 {
		add("landlock", "no interface of the kernel shows a domain; the launch has tried what it forbids, and was refused")
	} else if !d.None() {
		add("landlock", "no interface of the kernel shows a domain, and without rules for files the launch has nothing to try")
	}
}

// hidden says why the program of init's filter cannot be read; "" where it can.
func (r *reader) hidden(t Target) string {
	if t.Facts.Hidden == "" && r.traced != "0" {
		return "init is traced by process " + r.traced
	}
	return t.Facts.Hidden
}
