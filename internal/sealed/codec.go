package sealed

import "casemate/internal/wire"

// The walk over a Policy, field by field in the order of policy.go. It runs in
// both directions and is the definition of format version 4: a change of the
// order, of a width or of a field is a new version.

// Bounds of the decoder. They keep a file from asking for memory out of
// proportion; what makes sense is Validate's business.
const (
	maxInputs      = 1 << 10
	maxStrings     = 1 << 12
	maxArgument    = 1<<17 - 1 // MAX_ARG_STRLEN of execve(2) less the NUL
	maxGroups      = 1 << 16   // NGROUPS_MAX, setgroups(2)
	maxRlimits     = 16        // RLIM_NLIMITS
	maxSymlinks    = 1 << 10
	maxMounts      = 208 // each takes a slot of the child's program, which has 320; the rest is the plan's own
	maxPaths       = 1 << 10
	maxPath        = 1<<12 - 1 // PATH_MAX less the NUL
	maxFilters     = 2
	maxLine        = 1 << 12
	maxLimits      = 1 << 8
	maxDevices     = 32 // /dev has 64 inodes
	maxForward     = 64
	maxIDRanges    = 340 // UID_GID_MAP_MAX_EXTENTS, user_namespaces(7)
	maxCredentials = 64
	maxWord        = 64
	maxBinaries    = 1
	maxBinary      = 256 << 10 // a profile of a usual policy has some 10 KiB
	maxBeneath     = 512       // each takes a descriptor of the child's for a while
	maxPorts       = 256

	maxInstructions = 4096 // BPF_MAXINSNS
	instructionSize = 8    // struct sock_filter
)

func codePolicy(c *wire.Coder, p *Policy) {
	c.String(&p.Service, maxWord)
	wire.List(c, &p.Inputs, 40, maxInputs, codeInput)
	codeExec(c, &p.Exec)
	codeRoot(c, &p.Root)
	codeNamespaces(c, &p.Namespaces)
	wire.List(c, &p.Mounts, 49, maxMounts, codeMount)
	wire.List(c, &p.Masks, 10, maxPaths, codePath)
	wire.List(c, &p.ReadOnly, 10, maxPaths, codePath)
	c.U64(&p.Caps.Keep)
	c.U64(&p.Caps.Ambient)
	c.String(&p.Caps.At, maxLine)
	wire.List(c, &p.Filters, 12, maxFilters, codeFilter)
	codeLabel(c, &p.LSM.AppArmor)
	codeLabel(c, &p.LSM.SELinux)
	codeDigest(c, &p.LSM.Profile.Text)
	wire.List(c, &p.LSM.Profile.Binaries, 8, maxBinaries, codeBinary)
	c.Bool(&p.LSM.Contexts.Auto)
	c.String(&p.LSM.Contexts.Files, maxLine)
	codeLandlock(c, &p.LSM.Landlock)
	wire.List(c, &p.Limits, 12, maxLimits, codeLimit)
	wire.List(c, &p.Devices, 18, maxDevices, codeDevice)
	wire.List(c, &p.Signals.Forward, 2, maxForward, codeForward)
	wire.Enum(c, &p.Signals.Scope, ScopeLimit)
	c.U8(&p.Signals.Stop)
	c.U32(&p.Signals.Grace)
	codeManager(c, &p.Manager)
}

func codeNamespaces(c *wire.Coder, n *Namespaces) {
	c.U64(&n.New)
	wire.List(c, &n.UIDs, 16, maxIDRanges, codeIDRange)
	wire.List(c, &n.GIDs, 16, maxIDRanges, codeIDRange)
	codeOffset(c, &n.Clocks.Monotonic)
	codeOffset(c, &n.Clocks.Boottime)
	c.String(&n.Join, maxPath)
	c.String(&n.JoinAt, maxLine)
	c.String(&n.Hostname, maxWord)
	c.String(&n.At, maxLine)
}

func codeIDRange(c *wire.Coder, r *IDRange) {
	c.U32(&r.Inside)
	c.U32(&r.Outside)
	c.U32(&r.Count)
	c.String(&r.At, maxLine)
}

func codeOffset(c *wire.Coder, ns *int64) {
	v := uint64(*ns)
	c.U64(&v)
	*ns = int64(v)
}

func codeManager(c *wire.Coder, m *Manager) {
	wire.Enum(c, &m.Ready, ReadyLimit)
	c.Bool(&m.Watchdog)
	wire.List(c, &m.Sockets, 8, MaxSockets, codePassed)
	wire.List(c, &m.Credentials, 8, maxCredentials, codePassed)
	c.String(&m.At, maxLine)
}

func codePassed(c *wire.Coder, p *Passed) {
	c.String(&p.Name, maxName)
	c.String(&p.At, maxLine)
}

func codeInput(c *wire.Coder, i *Input) {
	c.String(&i.Kind, maxWord)
	c.String(&i.Name, maxLine)
	codeDigest(c, &i.Digest)
}

func codeDigest(c *wire.Coder, d *[32]byte) {
	for n := range d {
		c.U8(&d[n])
	}
}

func codeExec(c *wire.Coder, e *Exec) {
	c.Strings(&e.Argv, maxStrings, maxArgument)
	c.Strings(&e.Env, maxStrings, maxArgument)
	c.String(&e.Cwd, maxPath)
	c.U32(&e.UID)
	c.U32(&e.GID)
	wire.List(c, &e.Groups, 4, maxGroups, (*wire.Coder).U32)
	c.U32(&e.Umask)
	wire.List(c, &e.Rlimits, 24, maxRlimits, codeRlimit)
	c.Bool(&e.SetOOM)
	score := uint32(e.OOMScore)
	c.U32(&score)
	e.OOMScore = int32(score)
	c.Bool(&e.TTY)
	c.Bool(&e.Memory.MDWE)
	wire.Enum(c, &e.Memory.MemFD, MemFDLimit)
	c.Bool(&e.Core)
	c.U8(&e.Spec)
	c.String(&e.At, maxLine)
}

func codeRlimit(c *wire.Coder, r *Rlimit) {
	c.U32(&r.Resource)
	c.U64(&r.Soft)
	c.U64(&r.Hard)
	c.String(&r.At, maxLine)
}

func codeRoot(c *wire.Coder, r *Root) {
	c.String(&r.Path, maxPath)
	c.String(&r.Image.File, maxPath)
	c.String(&r.Image.Verity, maxPath)
	codeDigest(c, &r.Image.Hash)
	c.Bool(&r.Writable)
	c.Bool(&r.IDMap)
	wire.List(c, &r.Symlinks, 12, maxSymlinks, codeSymlink)
	c.String(&r.At, maxLine)
}

func codeSymlink(c *wire.Coder, s *Symlink) {
	c.String(&s.Path, maxPath)
	c.String(&s.Target, maxPath)
	c.String(&s.At, maxLine)
}

func codeMount(c *wire.Coder, m *Mount) {
	wire.Enum(c, &m.Kind, KindLimit)
	c.String(&m.Target, maxPath)
	c.String(&m.Source, maxPath)
	wire.Enum(c, &m.Type, TypeLimit)
	c.Bool(&m.Recursive)
	c.Bool(&m.Writable)
	c.Bool(&m.Exec)
	c.Bool(&m.Devices)
	c.Bool(&m.IDMap)
	c.Bool(&m.PIDOnly)
	c.Bool(&m.NoFollow)
	c.U64(&m.Size)
	c.U64(&m.Inodes)
	c.U32(&m.Mode)
	c.U32(&m.UID)
	c.U32(&m.GID)
	c.String(&m.At, maxLine)
}

func codePath(c *wire.Coder, p *Path) {
	c.String(&p.Path, maxPath)
	wire.Enum(c, &p.Type, TypeLimit)
	c.Bool(&p.Default)
	c.String(&p.At, maxLine)
}

func codeFilter(c *wire.Coder, f *Filter) {
	c.U32(&f.Arch)
	c.Blob(&f.Program, maxInstructions*instructionSize)
	c.String(&f.By, maxWord)
}

func codeLabel(c *wire.Coder, l *Label) {
	c.String(&l.Text, maxLine)
	c.Bool(&l.Require)
	c.String(&l.At, maxLine)
}

func codeBinary(c *wire.Coder, b *Binary) {
	c.String(&b.ABI, maxWord)
	c.Blob(&b.Bytes, maxBinary)
}

func codeLandlock(c *wire.Coder, l *Landlock) {
	c.U64(&l.Files)
	c.U64(&l.Net)
	c.U64(&l.Scoped)
	wire.List(c, &l.Beneath, 17, maxBeneath, codeBeneath)
	wire.List(c, &l.Ports, 16, maxPorts, codePort)
	c.U8(&l.MinABI)
	c.Bool(&l.Log)
	c.String(&l.At, maxLine)
}

func codeBeneath(c *wire.Coder, b *Beneath) {
	c.String(&b.Path, maxPath)
	wire.Enum(c, &b.Type, TypeLimit)
	c.U64(&b.Allow)
	c.String(&b.At, maxLine)
}

func codePort(c *wire.Coder, p *Port) {
	c.U32(&p.Number)
	c.U64(&p.Allow)
	c.String(&p.At, maxLine)
}

func codeLimit(c *wire.Coder, l *Limit) {
	c.String(&l.File, maxWord)
	c.String(&l.Value, maxLine)
	c.String(&l.At, maxLine)
}

func codeDevice(c *wire.Coder, d *Device) {
	c.String(&d.Path, maxPath)
	c.Bool(&d.Block)
	c.U32(&d.Major)
	c.U32(&d.Minor)
	c.U8(&d.Access)
	c.String(&d.At, maxLine)
}

func codeForward(c *wire.Coder, f *Forward) {
	c.U8(&f.From)
	c.U8(&f.To)
}
