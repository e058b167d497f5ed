// Package cgroup lowers the limits of a policy to cgroup v2 control files. The
// files are written before the child exists, and CLONE_INTO_CGROUP (Linux 5.7) puts
// it inside at birth: there is no moment outside the limits.
//
// Pure: it imports sealed, facts and plan.
package cgroup

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"
)

// Name is the directory of a service below the shim's own cgroup.
func Name(service string) string { return "casemate-" + service }

// Lower says which group to make and what to write. Missing lists what the host
// cannot do, in words.
func Lower(p *sealed.Policy, f *facts.Facts) (c plan.Cgroup, missing []string) {
	if f.Cgroup.Mount == "" {
		return c, []string{"cgroup v2 is not mounted"}
	}
	if f.Cgroup.Type != "" {
		missing = append(missing, fmt.Sprintf("a domain for the shim: cgroup.type of %s%s is %q, and no process can be born in a cgroup below it", f.Cgroup.Mount, f.Cgroup.Own, f.Cgroup.Type))
	}
	c.Name = Name(p.Service)
	for _, l := range p.Limits {
		controller := Controller(l.File)
		c.Files = append(c.Files, plan.File{Name: l.File, Value: l.Value, At: l.At})
		if slices.Contains(c.Controllers, controller) {
			continue
		}
		c.Controllers = append(c.Controllers, controller)
		if !slices.Contains(f.Cgroup.Controllers, controller) {
			missing = append(missing, fmt.Sprintf("%s: the cgroup v2 controller %q is not available in %s%s",
				l.At, controller, f.Cgroup.Mount, f.Cgroup.Own))
		}
	}
	if len(p.Devices) != 0 {
		c.Devices, c.DevicesAt = DeviceProgram(p.Devices), p.Devices[0].At
	}
	return c, missing
}

// Controller is the part of a control file's name before the first dot.
func Controller(file string) string {
	name, _, _ := strings.Cut(file, ".")
	return name
}
