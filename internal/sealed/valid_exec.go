package sealed

import "strings"

// noID is (uid_t)-1 and (gid_t)-1. To setresuid(2), setresgid(2) and chown(2) it
// means "leave it as it is": a workload given it would stay root.
const noID = ^uint32(0)

func validExec(p *Policy) error {
	e := &p.Exec
	if len(e.Argv) == 0 || len(e.Argv) > maxStrings {
		return invalid(e.At, "argv has %d strings", len(e.Argv))
	}
	if why := placeFault(e.Argv[0]); why != "" {
		return invalid(e.At, "argv[0] %s %s", clip(e.Argv[0]), why)
	}
	for i, a := range e.Argv {
		if why := argumentFault(a); why != "" {
			return invalid(e.At, "argv[%d] %s", i, why)
		}
	}
	if why := pathFault(e.Cwd); why != "" {
		return invalid(e.At, "cwd %s %s", clip(e.Cwd), why)
	}
	if err := validIDs(e); err != nil {
		return err
	}
	if e.Umask > 0o777 {
		return invalid(e.At, "umask %#o is over 0777", e.Umask)
	}
	if e.Spec > SpecKinds {
		return invalid(e.At, "no such speculation: %#x", e.Spec)
	}
	if e.OOMScore < -1000 || e.OOMScore > 1000 || !e.SetOOM && e.OOMScore != 0 {
		return invalid(e.At, "oom_score_adj %d", e.OOMScore)
	}
	return validEnv(e)
}

func validIDs(e *Exec) error {
	if e.UID == noID || e.GID == noID {
		return invalid(e.At, "uid or gid is -1")
	}
	if len(e.Groups) > maxGroups {
		return invalid(e.At, "%d groups", len(e.Groups))
	}
	for i, g := range e.Groups {
		if g == noID {
			return invalid(e.At, "a group is -1")
		}
		if i > 0 && g <= e.Groups[i-1] {
			return invalid(e.At, "group %d is not in ascending order", g)
		}
	}
	return nil
}

// validEnv demands keys in ascending order, which also makes them unique: of two
// equal keys, which one a program reads depends on its libc.
func validEnv(e *Exec) error {
	if len(e.Env) > maxStrings {
		return invalid(e.At, "env has %d strings", len(e.Env))
	}
	last := ""
	for i, s := range e.Env {
		key, _, ok := strings.Cut(s, "=")
		if why := lineFault(key, maxArgument); !ok || key == "" || why != "" {
			return invalid(e.At, "env[%d] is not KEY=value", i)
		}
		if why := argumentFault(s); why != "" {
			return invalid(e.At, "env %s %s", clip(key), why)
		}
		if key <= last {
			return invalid(e.At, "env %s is not in ascending order", clip(key))
		}
		last = key
	}
	return nil
}

// Resources of getrlimit(2), the kernel's generic numbering, that every policy sets.
const (
	rlimitCore   = 4
	rlimitNofile = 7

	rlimitsAlways = 1<<rlimitCore | 1<<rlimitNofile
)

func validRlimits(p *Policy) error {
	seen := 0
	for i, r := range p.Exec.Rlimits {
		if r.Resource >= maxRlimits {
			return invalid(r.At, "no such resource limit: %d", r.Resource)
		}
		if i > 0 && r.Resource <= p.Exec.Rlimits[i-1].Resource {
			return invalid(r.At, "resource limit %d is not in ascending order", r.Resource)
		}
		if r.Soft > r.Hard {
			return invalid(r.At, "resource limit %d: soft %d is over hard %d", r.Resource, r.Soft, r.Hard)
		}
		seen |= 1 << r.Resource
	}
	if seen&rlimitsAlways != rlimitsAlways {
		return invalid(p.Exec.At, "the limits for core and nofile are not both set")
	}
	return nil
}
