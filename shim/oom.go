package main

import (
	"fmt"
	"strings"

	"casemate/shim/supervise"
)

// sayOOM says when the kernel has killed for want of memory. The count is asked of the
// group before it is removed; a status of 137 alone may be anybody's SIGKILL.
func (l *launched) sayOOM() {
	n, err := l.group.OOMKills()
	switch {
	case err != nil:
		supervise.Say("was memory short? %s", err)
	case n > 0:
		supervise.Say("out of memory: the kernel killed %d of the processes of %s%s", n, l.plan.Service, l.memoryLimits())
	}
}

// memoryLimits are those of the policy, with their lines.
func (l *launched) memoryLimits() string {
	var all []string
	for _, f := range l.plan.Cgroup.Files {
		if f.Name == "memory.max" || f.Name == "memory.swap.max" {
			all = append(all, fmt.Sprintf("%s = %s%s", f.Name, f.Value, place(f.At)))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "; " + strings.Join(all, ", ")
}
