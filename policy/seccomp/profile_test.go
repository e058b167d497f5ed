package seccomp

import (
	"slices"
	"strings"
	"testing"

	"casemate/policy/filter"
)

// withheld is what container engines keep back by default: about fifty calls.
var withheld = strings.Fields(`
	_sysctl acct add_key afs_syscall bpf clock_adjtime clock_settime clone3 create_module delete_module finit_module
	fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy getpmsg init_module io_uring_enter io_uring_register
	io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind mount mount_setattr
	move_mount move_pages nfsservctl open_by_handle_at open_tree perf_event_open pivot_root process_vm_readv
	process_vm_writev ptrace putpmsg query_module quotactl reboot request_key set_mempolicy setns settimeofday
	swapoff swapon sysfs syslog tuxcall umount2 unshare uselib userfaultfd ustat vhangup vserver`)

// engineLike are rules of the size that container engines ship.
func engineLike(t testing.TB) filter.Rules {
	t.Helper()
	r := usual(make(map[string]filter.Rule), nil)
	for _, name := range filter.Names() {
		if !slices.Contains(withheld, name) {
			r.Allow[name] = filter.Rule{At: "engine:1"}
		}
	}
	for name, text := range map[string]string{
		"socket":      "family not in {AF_ALG, AF_VSOCK}",
		"personality": "persona in {PER_LINUX, PER_LINUX32, UNAME26, 0x20008, 0xffffffff}",
		"clone":       "flags & @CLONE_NEW == 0",
	} {
		r.Allow[name] = filter.Rule{When: mustParse(t, name, text), At: "engine:2"}
	}
	return r
}

func TestEngineLike(t *testing.T) {
	g := newGenerator(11)
	for _, arch := range filter.Arches() {
		agree(t, g, arch, engineLike(t), 500)
	}
}

// The two levels of libseccomp decide alike; they differ in length and in steps.
func TestLevelsAgree(t *testing.T) {
	r := engineLike(t)
	g := newGenerator(12)
	for _, arch := range filter.Arches() {
		var steps, length [3]int
		for level := 1; level <= 2; level++ {
			program, err := byLibrary(arch, r, level)
			if err != nil {
				t.Fatal(err)
			}
			m := newMachine(t, encode(program))
			length[level] = len(program)
			for nr := range uint32(600) {
				for _, c := range g.Calls(arch, r, nr, 50) {
					if got, want := m.run(t, c), r.Decide(arch, c); got != want {
						t.Fatalf("%s, level %d: %#x: %s, want %s", arch, level, c, got, want)
					}
				}
			}
			for _, nr := range filter.Numbers(arch) {
				steps[level] += walk(program, filter.Call{NR: uint32(nr), Arch: arch.AuditArch()})
			}
		}
		n := len(filter.Numbers(arch))
		t.Logf("%s: level 1: %d instructions, %d steps a call; level 2: %d, %d", arch, length[1], steps[1]/n, length[2], steps[2]/n)
		own, err := byUs(arch, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, nr := range filter.Numbers(arch) {
			steps[0] += walk(own, filter.Call{NR: uint32(nr), Arch: arch.AuditArch()})
		}
		t.Logf("%s: ours: %d instructions, %d steps", arch, len(own), steps[0]/n)
		if len(own) >= length[1] || steps[0] >= steps[optimize] {
			t.Errorf("%s: our own program is not the shorter and the quicker one", arch)
		}
		if steps[optimize] > steps[3-optimize] {
			t.Errorf("%s: level %d, which is used, needs more steps than the other", arch, optimize)
		}
	}
}

// walk counts the instructions that a call runs through.
func walk(program []instruction, c filter.Call) int {
	var a uint32
	for pc, n := 0, 1; ; pc, n = pc+1, n+1 {
		in := program[pc]
		taken := false
		switch in.code {
		case opLoad:
			a = wordOf(c, in.k)
			continue
		case opAnd:
			a &= in.k
			continue
		case opRet:
			return n
		case opJump:
			pc += int(in.k)
			continue
		case opJEQ:
			taken = a == in.k
		case opJGT:
			taken = a > in.k
		case opJGE:
			taken = a >= in.k
		case opJSet:
			taken = a&in.k != 0
		}
		if taken {
			pc += int(in.jt)
		} else {
			pc += int(in.jf)
		}
	}
}

// wordOf is what a load from offset gives.
func wordOf(c filter.Call, offset uint32) uint32 {
	switch offset {
	case offsetNR:
		return c.NR
	case offsetArch:
		return c.Arch
	}
	v := c.Args[(offset-offsetArgs)/8]
	if offset%8 != 0 {
		v >>= 32
	}
	return uint32(v)
}

func BenchmarkCompile(b *testing.B) {
	r := engineLike(b)
	for _, arch := range filter.Arches() {
		for name, make := range map[string]func() ([]instruction, error){
			"own":  func() ([]instruction, error) { return byUs(arch, r) },
			"list": func() ([]instruction, error) { return byLibrary(arch, r, 1) },
			"tree": func() ([]instruction, error) { return byLibrary(arch, r, 2) },
		} {
			b.Run(string(arch)+"/"+name, func(b *testing.B) {
				for b.Loop() {
					program, err := make()
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(len(program)), "instructions")
				}
			})
		}
	}
}

func byUs(arch filter.Arch, r filter.Rules) ([]instruction, error) {
	list, err := resolve(arch, r)
	if err != nil {
		return nil, err
	}
	return emit(arch, r, list)
}

func byLibrary(arch filter.Arch, r filter.Rules, level int) ([]instruction, error) {
	list, err := resolve(arch, r)
	if err != nil {
		return nil, err
	}
	return withLibrary(arch, r, list, level)
}
