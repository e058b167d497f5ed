package sealed

import "strings"

// The closed list of control files of cgroups(7). Those of io take one line for
// each device, and so may be written more than once.
var (
	limitFiles = [...]string{
		"cpu.max", "cpu.weight", "cpuset.cpus",
		"memory.high", "memory.max", "memory.oom.group", "memory.swap.max",
		"pids.max",
	}
	deviceFiles = [...]string{"io.max", "io.weight"}
)

func validLimits(p *Policy) error {
	if len(p.Limits) > maxLimits {
		return invalid("", "%d cgroup limits", len(p.Limits))
	}
	for i, l := range p.Limits {
		perDevice := among(l.File, deviceFiles[:])
		if !perDevice && !among(l.File, limitFiles[:]) {
			return invalid(l.At, "no such cgroup file: %s", clip(l.File))
		}
		if lineFault(l.Value, maxLine) != "" || strings.TrimSpace(l.Value) != l.Value || l.Value == "" {
			return invalid(l.At, "%s: the value %s is not one plain line", l.File, clip(l.Value))
		}
		for _, other := range p.Limits[:i] {
			if l.File == other.File && (!perDevice || l.Value == other.Value) {
				return invalid(l.At, "%s is written twice", l.File)
			}
		}
	}
	return nil
}
