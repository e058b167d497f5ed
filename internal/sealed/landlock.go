package sealed

// Landlock is the domain of landlock(7) that init and the workload live in. The zero
// value is none. A right that a set denies is had where a rule grants it; the rules of a
// path and of the directories above it add up.
type Landlock struct {
	Files   uint64    // rights to files that are denied, of FileRights; 0: files are not looked at
	Net     uint64    // rights to TCP ports that are denied, of PortRights; 0: ports are not looked at
	Scoped  uint64    // what outside the domain is out of reach, of ScopeRights
	Beneath []Beneath // ascending by Path
	Ports   []Port    // ascending by Number
	MinABI  uint8     // a kernel with an older ABI is refused, 2 to MaxLandlock; 0: none is, and the receipt names what it lacks
	Log     bool      // denials go to the host's audit log
	At      string
}

// Beneath grants rights to a file, or to a directory and all that lies below it.
type Beneath struct {
	Path  string
	Type  PathType // Directory or RegularFile, which is every other file too
	Allow uint64   // within Landlock.Files
	At    string
}

// Port grants rights to one TCP port. Port 0 stands for those that the kernel chooses.
type Port struct {
	Number uint32 // 16 bits
	Allow  uint64 // within Landlock.Net
	At     string
}

// MaxLandlock is the newest ABI that rules are written for, that of Linux 6.15.
const MaxLandlock = 7

// Rights to files, LANDLOCK_ACCESS_FS_* of linux/landlock.h.
const (
	FileExecute uint64 = 1 << iota
	FileWrite
	FileRead
	DirRead
	DirRemove
	FileRemove
	MakeChar
	MakeDir
	MakeReg
	MakeSock
	MakeFifo
	MakeBlock
	MakeSym
	FileRefer
	FileTruncate
	FileIoctl

	FileRights = 1<<iota - 1

	// plainRights are those that a file which is no directory can have.
	plainRights = FileExecute | FileWrite | FileRead | FileTruncate | FileIoctl
)

// Rights to TCP ports, LANDLOCK_ACCESS_NET_*, and scopes, LANDLOCK_SCOPE_*.
const (
	PortBind    uint64 = 1
	PortConnect uint64 = 2
	PortRights         = PortBind | PortConnect

	ScopeAbstract uint64 = 1 // abstract UNIX sockets
	ScopeSignals  uint64 = 2
	ScopeRights          = ScopeAbstract | ScopeSignals
)

// None tells whether there is no domain at all.
func (l *Landlock) None() bool { return l.Files|l.Net|l.Scoped == 0 }

func validLandlock(p *Policy) error {
	l := &p.LSM.Landlock
	if l.Files&^FileRights|l.Net&^PortRights|l.Scoped&^ScopeRights != 0 {
		return invalid(l.At, "landlock: no such rights: %#x %#x %#x", l.Files, l.Net, l.Scoped)
	}
	if l.MinABI == 1 || l.MinABI > MaxLandlock {
		return invalid(l.At, "landlock: ABI %d is not used", l.MinABI)
	}
	if l.None() && (l.MinABI != 0 || l.Log) {
		return invalid(l.At, "landlock: an ABI or a log and nothing to deny")
	}
	if err := validBeneath(l); err != nil {
		return err
	}
	return validPorts(l)
}

func validBeneath(l *Landlock) error {
	if len(l.Beneath) > maxBeneath {
		return invalid(l.At, "landlock: %d paths", len(l.Beneath))
	}
	for i := range l.Beneath {
		b := &l.Beneath[i]
		if why := pathFault(b.Path); why != "" {
			return invalid(b.At, "landlock: %s %s", clip(b.Path), why)
		}
		if i > 0 && l.Beneath[i-1].Path >= b.Path {
			return invalid(b.At, "landlock: %s is not in ascending order", clip(b.Path))
		}
		rights := l.Files
		if b.Type != Directory {
			rights &= plainRights
		}
		if b.Type > RegularFile || b.Allow == 0 || b.Allow&^rights != 0 {
			return invalid(b.At, "landlock: %s: no such type or rights: %d %#x", clip(b.Path), b.Type, b.Allow)
		}
	}
	return nil
}

func validPorts(l *Landlock) error {
	if len(l.Ports) > maxPorts {
		return invalid(l.At, "landlock: %d ports", len(l.Ports))
	}
	for i, p := range l.Ports {
		if p.Number > 0xffff || p.Allow == 0 || p.Allow&^l.Net != 0 {
			return invalid(p.At, "landlock: port %d: no such port or rights: %#x", p.Number, p.Allow)
		}
		if i > 0 && l.Ports[i-1].Number >= p.Number {
			return invalid(p.At, "landlock: port %d is not in ascending order", p.Number)
		}
	}
	return nil
}
