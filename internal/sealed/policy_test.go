package sealed

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sort"
)

// program assembles struct sock_filter records.
func program(ins ...[4]uint32) []byte {
	var b []byte
	for _, i := range ins {
		b = binary.LittleEndian.AppendUint16(b, uint16(i[0]))
		b = append(b, byte(i[1]), byte(i[2]))
		b = binary.LittleEndian.AppendUint32(b, i[3])
	}
	return b
}

// deny is the smallest program: RET ERRNO(EPERM).
func deny() []byte { return program([4]uint32{bpfRetK, 0, 0, 0x50001}) }

// long is a program of n instructions, most of them jumps.
func long(n int) []byte {
	ins := [][4]uint32{{bpfLdAbs, 0, 0, 4}}
	for len(ins) < n-2 {
		ins = append(ins, [4]uint32{0x15, 0, 1, uint32(len(ins))})
	}
	return program(append(ins, [4]uint32{bpfRetK, 0, 0, 0x7fff0000}, [4]uint32{bpfRetK, 0, 0, 0x50001})...)
}

// small is the least valid policy.
func small() *Policy {
	return &Policy{
		Service:    "small",
		Exec:       Exec{Argv: []string{"/true"}, Cwd: "/", Rlimits: []Rlimit{{Resource: 4}, {Resource: 7}}},
		Namespaces: Namespaces{New: cloneAlways},
		Filters:    []Filter{{Arch: ArchAMD64, Program: deny(), By: "libseccomp 2.5.4"}},
		Signals:    Signals{Stop: 15},
	}
}

// full uses every field at least once. The file in testdata was made from it.
func full() *Policy {
	const unlimited = ^uint64(0)
	return &Policy{
		Service: "nginx",
		Inputs: []Input{
			{"text", "nginx.toml", [32]byte{1, 2, 3}},
			{"base", "base/daemon", [32]byte{31: 9}},
			{"libseccomp", "2.5.4", [32]byte{4}},
		},
		Exec: Exec{
			Argv: []string{"/usr/sbin/nginx", "-g", "daemon off;\n"}, Env: []string{"LANG=C", "PATH=/usr/bin", "Z="},
			Cwd: "/var/lib", UID: 33, GID: 34, Groups: []uint32{5, 100}, Umask: 0o22,
			Rlimits: []Rlimit{{4, 0, 0, "default"}, {6, 10, 20, "nginx.toml:9"}, {7, 1024, unlimited, "default"}},
			SetOOM:  true, OOMScore: -500, TTY: true, Memory: Memory{MDWE: true, MemFD: MemFDNoExec}, Core: true, Spec: SpecKinds, At: "nginx.toml:4",
		},
		Root: Root{
			Writable: true, At: "base/daemon:3",
			Symlinks: []Symlink{{"/bin", "usr/bin", "base/daemon:5"}, {"/lib64", "/usr/lib64", "base/daemon:6"}},
		},
		Namespaces: Namespaces{
			New:    cloneKnown &^ cloneNewNet,
			UIDs:   []IDRange{{0, 4294966295, 1000, "nginx.toml:15"}, {1000, 0, 4294966295, "nginx.toml:15"}},
			GIDs:   []IDRange{{0, 0, noID, "nginx.toml:16"}},
			Clocks: Clocks{Monotonic: -5e9, Boottime: MaxOffset}, Join: "/run/netns/web", JoinAt: "nginx.toml:17",
			Hostname: "nginx-1.local", At: "default",
		},
		Mounts: []Mount{
			{Kind: Proc, Target: "/proc", Writable: true, At: "default"},
			{Kind: Sysfs, Target: "/sys", At: "default"},
			{Kind: Cgroup2, Target: "/sys/fs/cgroup", At: "nginx.toml:20"},
			{Kind: Dev, Target: "/dev", Devices: true, Writable: true, Size: 65536, Inodes: 64, At: "default"},
			{Kind: Mqueue, Target: "/dev/mqueue", Writable: true, At: "default"},
			{Kind: Tmpfs, Target: "/run", Writable: true, Size: 1 << 20, Inodes: 100, Mode: 0o1777, UID: 33, GID: 34, NoFollow: true, At: "nginx.toml:22"},
			{Kind: Bind, Target: "/usr", Source: "/usr", Recursive: true, Exec: true, IDMap: true, At: "base/daemon:8"},
			{Kind: Bind, Target: "/run/log.sock", Source: "/run/systemd/journal/dev-log", Type: Socket, At: "nginx.toml:23"},
			{Kind: Bind, Target: "/etc/passwd", Source: "/srv/passwd", Type: RegularFile, At: "nginx.toml:24"},
			{Kind: Secrets, Target: SecretsPath, At: "nginx.toml:60"},
			{Kind: Notify, Target: NotifyPath, Type: Socket, At: "nginx.toml:60"},
		},
		Masks: []Path{
			{"/proc/kcore", RegularFile, true, "default"}, {"/proc/scsi", Directory, true, "default"},
			{"/etc/ssh", Directory, false, "nginx.toml:30"},
		},
		ReadOnly: []Path{{"/proc/sys", Directory, true, "default"}, {"/proc/sysrq-trigger", RegularFile, true, "default"}},
		Caps:     Capabilities{Keep: 1<<10 | 1<<62, Ambient: 1 << 10, At: "nginx.toml:12"},
		Filters:  []Filter{{ArchAMD64, long(12), "casemate"}, {ArchARM64, deny(), "libseccomp 2.5.4"}},
		LSM: LSM{
			AppArmor: Label{"casemate-nginx", true, "nginx.toml:40"},
			SELinux:  Label{"system_u:system_r:container_t:s0", true, "nginx.toml:41"},
			Contexts: Contexts{Auto: true, Files: "system_u:object_r:container_file_t"},
			Profile:  Profile{[32]byte{7}, []Binary{{"3.0", []byte("a compiled profile")}}},
			Landlock: Landlock{
				Files: FileRights, Net: PortRights, Scoped: ScopeRights, MinABI: 5, Log: true, At: "nginx.toml:42",
				Beneath: []Beneath{{"/", Directory, FileRead | DirRead, "default"}, {"/dev/tty", RegularFile, FileIoctl, "default"}},
				Ports:   []Port{{80, PortBind, "nginx.toml:42"}, {443, PortBind | PortConnect, "nginx.toml:42"}},
			},
		},
		Limits: []Limit{
			{"memory.max", "536870912", "nginx.toml:50"}, {"cpu.max", "50000 100000", "nginx.toml:51"},
			{"io.max", "8:0 rbps=1048576", "nginx.toml:52"}, {"io.max", "8:16 rbps=1048576", "nginx.toml:52"},
		},
		Devices: []Device{{"/dev/fuse", false, 10, 229, AccessRead | AccessWrite, "nginx.toml:53"}, {"/dev/sda", true, 8, 0, AccessRead, "nginx.toml:54"}},
		Signals: Signals{Forward: []Forward{{15, 3}, {64, 0}}, Scope: ScopeGroup, Stop: 15, Grace: 80_000},
		Manager: Manager{
			Ready: ReadyNotify, Watchdog: true, At: "nginx.toml:60",
			Sockets:     []Passed{{"http.socket", "nginx.toml:61"}, {"https", "nginx.toml:61"}},
			Credentials: []Passed{{"tls.key", "nginx.toml:62"}},
		},
	}
}

// realistic has the size that a daemon's policy has: 30 mounts, 40 masks, two
// filters of 300 instructions.
func realistic() *Policy {
	p := full()
	for i := len(p.Mounts); i < 30; i++ {
		path := fmt.Sprintf("/srv/data/volume-%02d", i)
		p.Mounts = append(p.Mounts, Mount{Kind: Bind, Target: path, Source: path, At: fmt.Sprintf("nginx.toml:%d", i)})
	}
	for i := len(p.Masks); i < 40; i++ {
		p.Masks = append(p.Masks, Path{Path: fmt.Sprintf("/sys/kernel/secret-%02d", i), Default: true, At: "default"})
	}
	p.Filters = []Filter{{ArchAMD64, long(300), "casemate"}, {ArchARM64, long(300), "casemate"}}
	return p
}

// generate makes a valid policy out of random choices.
func generate(r *rand.Rand) *Policy {
	p := small()
	p.Service = word(r)
	p.Exec = generateExec(r)
	p.Namespaces.New |= r.Uint64() & cloneKnown
	if p.Namespaces.New&cloneNewUTS != 0 {
		p.Namespaces.Hostname = word(r)
	}
	if p.Namespaces.New&cloneNewUser != 0 { // the whole range that an id of a policy below can have
		p.Namespaces.UIDs = []IDRange{{0, r.Uint32() >> 1, 1 << 31, at(r)}}
		p.Namespaces.GIDs = []IDRange{{0, r.Uint32() >> 1, 1 << 31, at(r)}}
	}
	if p.Namespaces.New&cloneNewTime != 0 {
		p.Namespaces.Clocks = Clocks{r.Int64() >> 1, -r.Int64() >> 1}
	}
	if p.Namespaces.New&cloneNewNet == 0 && r.IntN(2) == 0 {
		p.Namespaces.Join, p.Namespaces.JoinAt = "/run/netns/"+word(r), at(r)
	}
	for i := range r.IntN(20) {
		p.Inputs = append(p.Inputs, Input{"base", fmt.Sprint(word(r), i), [32]byte{byte(r.Uint32()), 31: byte(i)}})
		p.Masks = append(p.Masks, Path{fmt.Sprintf("/mask/%s%d", word(r), i), PathType(r.IntN(3)), r.IntN(2) == 0, at(r)})
		p.ReadOnly = append(p.ReadOnly, Path{fmt.Sprintf("/ro/%s%d", word(r), i), PathType(r.IntN(3)), r.IntN(2) == 0, at(r)})
		p.Limits = append(p.Limits, Limit{"io.max", fmt.Sprintf("8:%d wbps=%d", i, r.Uint64()), at(r)})
	}
	generateTree(r, p)
	p.Caps.Keep = r.Uint64() >> 1
	p.Caps.Ambient = p.Caps.Keep & r.Uint64()
	p.Filters[0].Program = long(3 + r.IntN(250))
	p.LSM.AppArmor = Label{word(r), r.IntN(2) == 0, at(r)}
	generateLandlock(r, p)
	for s := range sigMax + 1 {
		if s > 0 && s != sigKill && s != sigStop && s != sigChld && r.IntN(4) == 0 {
			p.Signals.Forward = append(p.Signals.Forward, Forward{uint8(s), uint8(r.IntN(sigMax + 1))})
		}
	}
	p.Signals.Scope = Scope(r.IntN(int(ScopeLimit)))
	p.Signals.Stop, p.Signals.Grace = uint8(1+r.IntN(sigStop-1)), uint32(r.IntN(MaxGrace+1))
	generateManager(r, p)
	for i := range r.IntN(5) {
		p.Devices = append(p.Devices, Device{fmt.Sprintf("/dev/%d%s", i, word(r)), r.IntN(2) == 0, 2 + r.Uint32N(maxMajor-1), r.Uint32N(maxMinor), uint8(1+r.IntN(3)) << 1, at(r)})
	}
	return p
}

// generateManager gives the policy a contract, with the mounts that it needs.
func generateManager(r *rand.Rand, p *Policy) {
	m := &p.Manager
	m.Ready, m.Watchdog, m.At = Ready(r.IntN(int(ReadyLimit))), r.IntN(2) == 0, at(r)
	for i := range r.IntN(5) {
		m.Sockets = append(m.Sockets, Passed{fmt.Sprintf("%d %s", i, word(r)), at(r)})
		m.Credentials = append(m.Credentials, Passed{fmt.Sprintf("%d.%s", i, word(r)), at(r)})
	}
	if len(p.Mounts) > maxMounts-3 {
		p.Mounts = p.Mounts[:maxMounts-3]
	}
	p.Mounts = append(p.Mounts, Mount{Kind: Dev, Target: "/dev", Size: 1, Inodes: 1, At: at(r)})
	if len(m.Credentials) != 0 {
		p.Mounts = append(p.Mounts, Mount{Kind: Secrets, Target: SecretsPath, At: at(r)})
	}
	if m.Notify() {
		p.Mounts = append(p.Mounts, Mount{Kind: Notify, Target: NotifyPath, Type: Socket, At: at(r)})
	}
}

func generateLandlock(r *rand.Rand, p *Policy) {
	l := &p.LSM.Landlock
	l.Files, l.Net, l.Scoped, l.At = FileRead|r.Uint64()&FileRights, PortConnect|r.Uint64()&PortRights, r.Uint64()&ScopeRights, at(r)
	l.MinABI, l.Log = uint8(2+r.IntN(MaxLandlock-1)), r.IntN(2) == 0
	for i := range r.IntN(20) {
		l.Beneath = append(l.Beneath, Beneath{fmt.Sprintf("/%02d%s", i, word(r)), PathType(r.IntN(2)), FileRead, at(r)})
		l.Ports = append(l.Ports, Port{uint32(i)<<8 | r.Uint32N(256), PortConnect, at(r)})
	}
}

func generateExec(r *rand.Rand) Exec {
	e := Exec{Argv: []string{"/bin/" + word(r)}, Cwd: "/" + word(r), UID: r.Uint32() >> 1, GID: r.Uint32() >> 1, Umask: r.Uint32() & 0o777}
	for i := range r.IntN(20) {
		e.Argv = append(e.Argv, word(r)+"\n")
		e.Env = append(e.Env, fmt.Sprintf("K%02d=%s", i, word(r)))
		e.Groups = append(e.Groups, uint32(i)<<8|r.Uint32()&0xff)
	}
	for i := range uint32(maxRlimits) {
		if hard := r.Uint64(); i == 4 || i == 7 || r.IntN(2) == 0 {
			e.Rlimits = append(e.Rlimits, Rlimit{i, hard >> 1, hard, at(r)})
		}
	}
	if r.IntN(2) == 0 {
		e.TTY = true
		e.Memory, e.Core, e.Spec = Memory{r.IntN(2) == 0, MemFD(r.IntN(int(MemFDLimit)))}, r.IntN(2) == 0, uint8(r.IntN(SpecKinds+1))
		e.SetOOM, e.OOMScore = true, int32(r.IntN(2001))-1000
	}
	return e
}

// generateTree gives the policy mounts at random depths, and either symlinks or
// a root of the host.
func generateTree(r *rand.Rand, p *Policy) {
	var targets []string
	for i := range r.IntN(30) {
		parent := "/mnt"
		if len(targets) > 0 && r.IntN(2) == 0 {
			parent = targets[r.IntN(len(targets))]
		}
		targets = append(targets, fmt.Sprintf("%s/%s%d", parent, word(r), i))
	}
	sort.Strings(targets)
	for _, t := range targets {
		m := Mount{Target: t, Writable: r.IntN(2) == 0, Exec: r.IntN(2) == 0, At: at(r)}
		if r.IntN(2) == 0 {
			m.Kind, m.Size, m.Inodes, m.Mode, m.UID = Tmpfs, r.Uint64()|1, r.Uint64()|1, r.Uint32()&0o1777, r.Uint32()>>1
		} else {
			m.Source, m.Recursive = "/"+word(r), r.IntN(2) == 0
		}
		p.Mounts = append(p.Mounts, m)
	}
	if r.IntN(2) == 0 {
		p.Root.Path = "/srv/" + word(r)
		return
	}
	for i := range r.IntN(10) {
		p.Root.Symlinks = append(p.Root.Symlinks, Symlink{fmt.Sprintf("/l%d%s", i, word(r)), "../" + word(r), at(r)})
	}
}

func word(r *rand.Rand) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, 1+r.IntN(12))
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

func at(r *rand.Rand) string {
	if r.IntN(3) == 0 {
		return "default"
	}
	return fmt.Sprintf("%s.toml:%d", word(r), r.IntN(500))
}
