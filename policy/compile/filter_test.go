package compile

import (
	"encoding/binary"
	"strings"
	"testing"

	"casemate/internal/sealed"
	"casemate/policy/base"
	"casemate/policy/filter"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// verdict runs a compiled filter on one call in a machine that is not ours.
func verdict(t *testing.T, p *sealed.Policy, arch filter.Arch, call string, args ...uint64) filter.Action {
	t.Helper()
	nr, ok := filter.Number(arch, call)
	if !ok {
		t.Fatalf("no %s on %s", call, arch)
	}
	for _, f := range p.Filters {
		if f.Arch == arch.AuditArch() {
			return simulate(t, f.Program, uint32(nr), f.Arch, args)
		}
	}
	t.Fatalf("no filter for %s", arch)
	return 0
}

// simulate lays out struct seccomp_data, words in the byte order of x/net/bpf.
func simulate(t *testing.T, program []byte, nr, arch uint32, args []uint64) filter.Action {
	t.Helper()
	var raw []bpf.RawInstruction
	for i := 0; i+8 <= len(program); i += 8 {
		b := program[i:]
		raw = append(raw, bpf.RawInstruction{Op: binary.LittleEndian.Uint16(b), Jt: b[2], Jf: b[3], K: binary.LittleEndian.Uint32(b[4:])})
	}
	code, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("the program has an instruction that the machine does not know")
	}
	vm, err := bpf.NewVM(code)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[0:], nr)
	binary.BigEndian.PutUint32(data[4:], arch)
	for i, a := range args {
		binary.BigEndian.PutUint32(data[16+8*i:], uint32(a))
		binary.BigEndian.PutUint32(data[20+8*i:], uint32(a>>32))
	}
	v, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return filter.Action(uint32(v))
}

const (
	allow = filter.ActionAllow
	eperm = filter.ActionEPERM
)

// What the shipped bases come to, call by call.
func TestBaseFilters(t *testing.T) {
	with := func(bases string) *sealed.Policy {
		p, err := compiled(t, map[string]string{"p.toml": strings.Replace(head, `"amd64"`, `"amd64", "arm64"`, 1) + "extends = [" + bases + "]\n"})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	minimal, daemon, server := with(`"base/minimal"`), with(`"base/daemon"`), with(`"base/daemon", "base/tcp-server"`)
	for _, c := range []struct {
		policy *sealed.Policy
		call   string
		args   []uint64
		want   filter.Action
	}{
		{minimal, "read", nil, allow},
		{minimal, "socket", []uint64{unix.AF_UNIX}, eperm},
		{minimal, "mkdirat", nil, eperm},
		{minimal, "ptrace", nil, eperm},
		{minimal, "clone3", nil, filter.ActionENOSYS},
		{minimal, "ioctl", []uint64{0, unix.TCGETS}, allow},
		{minimal, "ioctl", []uint64{0, unix.TIOCSTI}, eperm},
		{minimal, "ioctl", []uint64{0, 0xffffffff<<32 | unix.TIOCSTI}, eperm}, // CVE-2019-7303
		{minimal, "prctl", []uint64{unix.PR_SET_NAME}, allow},
		{minimal, "prctl", []uint64{unix.PR_SET_DUMPABLE}, allow},
		{minimal, "prctl", []uint64{unix.PR_SET_SECCOMP, 2}, eperm},
		{minimal, "prctl", []uint64{unix.PR_SET_MM}, eperm},
		{minimal, "clone", []uint64{unix.CLONE_VM | unix.CLONE_THREAD}, allow}, // init's
		{minimal, "clone", []uint64{unix.CLONE_NEWUSER | uint64(unix.SIGCHLD)}, eperm},
		{daemon, "clone", []uint64{uint64(unix.SIGCHLD)}, allow},
		{daemon, "clone", []uint64{unix.CLONE_NEWUSER | uint64(unix.SIGCHLD)}, eperm},
		{daemon, "clone", []uint64{unix.CLONE_NEWNET}, eperm},
		{daemon, "unshare", []uint64{unix.CLONE_NEWUSER}, eperm},
		{daemon, "socket", []uint64{unix.AF_UNIX}, allow},
		{daemon, "socket", []uint64{unix.AF_INET}, eperm},
		{daemon, "io_uring_setup", nil, eperm},
		{server, "socket", []uint64{unix.AF_INET6}, allow},
		{server, "socket", []uint64{unix.AF_UNIX}, allow},
		{server, "socket", []uint64{unix.AF_NETLINK}, eperm},
		{server, "socket", []uint64{unix.AF_PACKET}, eperm},
		{server, "connect", nil, allow}, // of a unix socket; the network namespace is the boundary
	} {
		for _, arch := range filter.Arches() {
			if got := verdict(t, c.policy, arch, c.call, c.args...); got != c.want {
				t.Errorf("%s %s(%#x): %s, want %s", arch, c.call, c.args, got, c.want)
			}
		}
	}
}

// Every group compiles alone, and grants what it lists where that exists.
func TestGroupFilters(t *testing.T) {
	for _, name := range base.Groups() {
		g, _ := base.FindGroup(name)
		p := good(t, `seccomp.allow = ["`+name+`"]`)
		for _, call := range g.Calls {
			if _, here := filter.Number(filter.AMD64, call); !here || g.When[call] != "" {
				continue
			}
			if got := verdict(t, p, filter.AMD64, call); got != allow {
				t.Errorf("%s: %s: %s", name, call, got)
			}
		}
	}
}

// The words of the section reach the filter.
func TestActions(t *testing.T) {
	p := good(t, "[seccomp]\ndefault = \"EACCES\"\nunknown = \"kill\"\nbad_arch = \"kill\"\nallow = [\"@default\", \"mkdir\"]\nkill = [\"ptrace\"]\n")
	for call, want := range map[string]filter.Action{
		"mkdir": allow, "rmdir": filter.ActionEACCES, "ptrace": filter.ActionKillProcess,
	} {
		if got := verdict(t, p, filter.AMD64, call); got != want {
			t.Errorf("%s: %s", call, got)
		}
	}
	if got := simulate(t, p.Filters[0].Program, 9999, sealed.ArchAMD64, nil); got != filter.ActionKillProcess {
		t.Errorf("unknown: %s", got)
	}
	if got := simulate(t, p.Filters[0].Program, 0, sealed.ArchARM64, nil); got != filter.ActionKillProcess {
		t.Errorf("foreign architecture: %s", got)
	}
}

// One program for each architecture of the policy, in the order of the file format.
func TestArches(t *testing.T) {
	for text, want := range map[string][]uint32{
		"":                           {sealed.ArchAMD64, sealed.ArchARM64},
		`arch = ["aarch64"]`:         {sealed.ArchARM64},
		`arch = ["arm64", "x86_64"]`: {sealed.ArchAMD64, sealed.ArchARM64},
	} {
		p, err := compiled(t, map[string]string{"p.toml": strings.Replace(head, `arch = ["amd64"]`, text, 1)})
		if err != nil {
			t.Fatal(err)
		}
		var got []uint32
		for _, f := range p.Filters {
			got = append(got, f.Arch)
		}
		equal(t, got, want)
	}
	for text, want := range map[string]string{
		`arch = ["amd64", "x86_64"]`:                     `p.toml:4:18: listed twice: "x86_64"; hint: amd64 is x86_64, arm64 is aarch64`,
		"arch = [\"arm64\"]\nseccomp.allow = [\"open\"]": `p.toml:5:18: no such call on any of the policy's architectures: "open"; hint: remove it`,
	} {
		_, err := compiled(t, map[string]string{"p.toml": strings.Replace(head, `arch = ["amd64"]`+"\n", text, 1)})
		if err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}
