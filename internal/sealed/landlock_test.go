package sealed

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestLandlock(t *testing.T) {
	set := func(change func(*Landlock)) func(*Policy) { return func(p *Policy) { change(&p.LSM.Landlock) } }
	only := func(l Landlock) func(*Policy) { return func(p *Policy) { p.LSM.Landlock = l } }
	refused(t, []refusal{
		{"right 16", set(func(l *Landlock) { l.Files |= 1 << 16 }), "no such rights: 0x1ffff"},
		{"port right 2", set(func(l *Landlock) { l.Net |= 4 }), "no such rights"},
		{"scope 2", set(func(l *Landlock) { l.Scoped |= 4 }), "no such rights"},
		{"ABI 1", set(func(l *Landlock) { l.MinABI = 1 }), "ABI 1 is not used"},
		{"ABI 8", set(func(l *Landlock) { l.MinABI = 8 }), "ABI 8 is not used"},
		{"an ABI for nothing", only(Landlock{MinABI: 2}), "nothing to deny"},
		{"a log of nothing", only(Landlock{Log: true}), "nothing to deny"},
		{"paths without files", set(func(l *Landlock) { l.Files = 0 }), "no such type or rights"},
		{"ports without net", set(func(l *Landlock) { l.Net = 0 }), "no such port or rights"},
		{"relative path", set(func(l *Landlock) { l.Beneath[0].Path = "x" }), "is not absolute"},
		{"path twice", set(func(l *Landlock) { l.Beneath[1].Path = "/" }), "not in ascending order"},
		{"a socket", set(func(l *Landlock) { l.Beneath[1].Type = Socket }), "no such type"},
		{"a file that is listed", set(func(l *Landlock) { l.Beneath[1].Allow |= DirRead }), "no such type or rights: 1 0x8008"},
		{"a rule of nothing", set(func(l *Landlock) { l.Beneath[0].Allow = 0 }), "no such type or rights"},
		{"a right that is not denied", set(func(l *Landlock) { l.Files &^= DirRead }), "no such type or rights"},
		{"513 paths", set(func(l *Landlock) { l.Beneath = make([]Beneath, maxBeneath+1) }), "513 paths"},
		{"port 65536", set(func(l *Landlock) { l.Ports[1].Number = 1 << 16 }), "no such port"},
		{"port twice", set(func(l *Landlock) { l.Ports[1].Number = 80 }), "not in ascending order"},
		{"a port for nothing", set(func(l *Landlock) { l.Ports[1].Allow = 0 }), "no such port or rights"},
		{"257 ports", set(func(l *Landlock) { l.Ports = make([]Port, maxPorts+1) }), "257 ports"},
		{"place of a path", set(func(l *Landlock) { l.Beneath[1].At = "\n" }), "place"},
		{"place of a port", set(func(l *Landlock) { l.Ports[1].At = "\n" }), "place"},
	})
	accepted(t, []refusal{
		{name: "none", change: only(Landlock{})},
		{name: "off, with its place", change: only(Landlock{At: "x.toml:1"})},
		{name: "scopes alone", change: only(Landlock{Scoped: ScopeSignals})},
		{name: "no port at all", change: set(func(l *Landlock) { l.Ports = nil })},
		{name: "the ports at the ends", change: set(func(l *Landlock) { l.Ports[0].Number, l.Ports[1].Number = 0, 65535 })},
	})
}

func TestLandlockRightsAreTheKernels(t *testing.T) {
	for got, want := range map[uint64]uint64{
		FileExecute: unix.LANDLOCK_ACCESS_FS_EXECUTE, FileWrite: unix.LANDLOCK_ACCESS_FS_WRITE_FILE, FileRead: unix.LANDLOCK_ACCESS_FS_READ_FILE,
		DirRead: unix.LANDLOCK_ACCESS_FS_READ_DIR, DirRemove: unix.LANDLOCK_ACCESS_FS_REMOVE_DIR, FileRemove: unix.LANDLOCK_ACCESS_FS_REMOVE_FILE,
		MakeChar: unix.LANDLOCK_ACCESS_FS_MAKE_CHAR, MakeDir: unix.LANDLOCK_ACCESS_FS_MAKE_DIR, MakeReg: unix.LANDLOCK_ACCESS_FS_MAKE_REG,
		MakeSock: unix.LANDLOCK_ACCESS_FS_MAKE_SOCK, MakeFifo: unix.LANDLOCK_ACCESS_FS_MAKE_FIFO, MakeBlock: unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK,
		MakeSym: unix.LANDLOCK_ACCESS_FS_MAKE_SYM, FileRefer: unix.LANDLOCK_ACCESS_FS_REFER, FileTruncate: unix.LANDLOCK_ACCESS_FS_TRUNCATE,
		FileIoctl: unix.LANDLOCK_ACCESS_FS_IOCTL_DEV,
	} {
		if got != want {
			t.Errorf("%#x is the kernel's %#x", got, want)
		}
	}
	if FileRights != 1<<16-1 || PortBind != unix.LANDLOCK_ACCESS_NET_BIND_TCP || PortConnect != unix.LANDLOCK_ACCESS_NET_CONNECT_TCP ||
		ScopeAbstract != unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET || ScopeSignals != unix.LANDLOCK_SCOPE_SIGNAL {
		t.Error("ports, scopes, or all")
	}
}
