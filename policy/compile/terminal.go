package compile

import (
	"casemate/policy/filter"

	"golang.org/x/sys/unix"
)

// terminal checks the filter of a workload that has a terminal: init must be able to give
// it the foreground, and the workload should not be able to type into the terminal
// (CVE-2017-5226, CVE-2023-28100): what it types is read by whoever has it next.
func (c *compiler) terminal(rules filter.Rules, arches []filter.Arch) {
	if !c.out.Exec.TTY || c.file.Unsure("seccomp.when.ioctl") {
		return
	}
	p := c.file.Pos("exec.tty")
	for _, arch := range arches {
		if !ioctlAllowed(rules, arch, unix.TIOCSPGRP) {
			c.fail(p, "exec.tty", `allow ioctl, as @default and @io do: "cmd not in {TIOCSTI, TIOCLINUX}"`, "the filter keeps init from giving the workload the foreground (ioctl TIOCSPGRP)")
			return
		}
		if ioctlAllowed(rules, arch, unix.TIOCSTI) || ioctlAllowed(rules, arch, unix.TIOCLINUX) {
			c.need("exec.tty", p, "the workload can type into its terminal, by TIOCSTI or TIOCLINUX")
			return
		}
	}
}

// ioctlAllowed tells what the filter means for an ioctl(2) on any descriptor.
func ioctlAllowed(rules filter.Rules, arch filter.Arch, request uint64) bool {
	nr, ok := filter.Number(arch, "ioctl")
	return ok && rules.Decide(arch, filter.Call{NR: uint32(nr), Arch: arch.AuditArch(), Args: [filter.MaxArgs]uint64{1: request}}) == filter.ActionAllow
}
