package explain

import (
	"fmt"
	"path"
	"strings"
	"unicode"

	"casemate/internal/sealed"
	"casemate/policy/beneath"
	"casemate/policy/tree"
)

// mostLinks is how many symbolic links are followed in one path, as by the kernel
// (path_resolution(7)).
const mostLinks = 40

// Path tells what the workload finds at an absolute path.
func Path(s *Subject, name string) (*Answer, error) {
	if !path.IsAbs(name) || path.Clean(name) != name || strings.ContainsFunc(name, unprintable) {
		return nil, fmt.Errorf("%q: not an absolute path in its shortest form", name)
	}
	a := new(Answer)
	for range mostLinks {
		state := tree.At(s.Policy, name)
		if state.Link == nil {
			s.pathState(a, name, state)
			return a, nil
		}
		to := follow(state.Link, name)
		a.say("%s: below the symbolic link %s to %s (%s), so it is %s", name, state.Link.Path, state.Link.Target, s.where(state.Link.At), to)
		name = to
	}
	return nil, fmt.Errorf("%s: more than %d symbolic links", name, mostLinks)
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// follow replaces the link in a path by its target.
func follow(l *sealed.Symlink, name string) string {
	target := l.Target
	if !path.IsAbs(target) {
		target = path.Join(path.Dir(l.Path), target)
	}
	return path.Join(target, strings.TrimPrefix(name, l.Path))
}

func (s *Subject) pathState(a *Answer, name string, state tree.State) {
	at := s.where(state.Decided(s.Policy))
	switch {
	case state.Leads:
		a.Allowed = true
		a.say("%s: an empty read-only directory, on the way to what is mounted below", name)
	case state.Access == tree.Absent && state.Mount != nil:
		a.say("%s: absent; %s holds nothing there (%s)", name, state.Mount.Target, at)
	case state.Access == tree.Absent:
		a.say("%s: absent; no mount has it in it, and the root is assembled from mounts (%s)", name, at)
	case state.Access == tree.Masked:
		a.say("%s: masked by %s%s (%s)", name, state.Mask.Path, ifDefault(state.Mask), at)
		a.because("a file of mode 000, or an empty directory, lies over it")
	default:
		a.Allowed = true
		a.say("%s: %s, %s (%s)", name, state.Access, abilities(state), at)
	}
	if state.Access == tree.Absent {
		return
	}
	s.holder(a, state)
	if d := state.Device; d != nil {
		kind := map[bool]string{true: "block", false: "character"}[d.Block]
		a.because("a node of the policy's own: %s device %d:%d, %s (%s)", kind, d.Major, d.Minor, deviceAccess(d.Access), s.where(d.At))
	}
	if l := &s.Policy.LSM.Landlock; l.Files != 0 {
		rights, at := beneath.Granted(l, name)
		a.because("Landlock grants %s (%s)", beneath.Words(rights), s.where(at))
	}
	if state.Frozen != nil {
		a.because("read-only by %s%s (%s)", state.Frozen.Path, ifDefault(state.Frozen), s.where(state.Frozen.At))
	}
}

// ifDefault says that a shipped list asks for it, which a kernel without the path passes
// over.
func ifDefault(p *sealed.Path) string {
	if p.Default {
		return ", a default, where the kernel has it"
	}
	return ""
}

func abilities(s tree.State) string {
	words := []string{"noexec", "nodev", "nosuid"}
	if s.Exec {
		words[0] = "exec"
	}
	if s.Devices {
		words[1] = "dev"
	}
	if s.NoFollow {
		words = append(words, "nosymfollow")
	}
	return strings.Join(words, ", ")
}

func deviceAccess(access uint8) string {
	switch access {
	case sealed.AccessRead:
		return "to be read"
	case sealed.AccessWrite:
		return "to be written"
	}
	return "to be read and written"
}

// holder says what is mounted there and from where.
func (s *Subject) holder(a *Answer, state tree.State) {
	m := state.Mount
	switch {
	case m == nil:
		a.because("in the root: %s (%s)", source(state), s.where(s.Policy.Root.At))
	case m.Kind == sealed.Bind && m.Recursive:
		a.because("in the mount %s: %s, with what the host has mounted below (%s)", m.Target, source(state), s.where(m.At))
	default:
		a.because("in the mount %s: %s (%s)", m.Target, source(state), s.where(m.At))
	}
	if n := &s.Policy.Namespaces; state.Mapped {
		a.because("what belongs to an id on disk belongs to the same id inside (%s)", s.where(n.At))
	} else if strings.HasPrefix(state.Origin, "host:") && len(n.UIDs) != 0 {
		a.because("what belongs to an id that the user namespace does not have is nobody's, 65534, inside (%s)", s.where(n.At))
	}
	if m != nil && m.Size > 0 {
		a.because("at most %d bytes and %d files", m.Size, m.Inodes)
	}
	if m != nil && s.Text != nil {
		if reason, ok := s.Text.Why["mounts."+m.Target]; ok {
			a.because("because: %s (%s)", reason, s.Text.Pos("why", "mounts."+m.Target))
		}
	}
}

// source words where the bytes are.
func source(s tree.State) string {
	if rest, ok := strings.CutPrefix(s.Origin, "host:"); ok {
		return rest + " of the host"
	}
	if rest, ok := strings.CutPrefix(s.Origin, "image:"); ok {
		return "of the image " + rest
	}
	return map[string]string{
		"root": "a tmpfs of its own", "tmpfs": "a tmpfs of its own", "proc": "procfs of its own processes", "sysfs": "sysfs",
		"dev": "the minimal nodes", "mqueue": "its own message queues", "cgroup2": "its own cgroup",
		"notify": "the shim's socket for sd_notify(3)", "credentials": "copies of the credentials",
	}[s.Origin]
}
