package importer

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"casemate/policy/compile"
	"casemate/policy/filter"

	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// compiled gives the rules that an imported text was compiled to.
func compiled(t *testing.T, text []byte) filter.Rules {
	t.Helper()
	name := filepath.Join(t.TempDir(), "imported.toml")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := compile.Compile(name, compile.Options{Passwd: "../testdata/passwd", Group: "../testdata/group"})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return r.Rules
}

// interpret is what an OCI profile says of a call, as the runtime specification and
// libseccomp have it: all 64 bits are compared, the comparisons of a rule all hold, one
// rule suffices. It shares nothing with the importer.
func interpret(p *specs.LinuxSeccomp, name string, args [6]uint64) bool {
	allowed := false
	for _, s := range p.Syscalls {
		if !slices.Contains(s.Names, name) || !holds(s.Args, args) {
			continue
		}
		if s.Action != specs.ActAllow {
			return false
		}
		allowed = true
	}
	return allowed
}

func holds(list []specs.LinuxSeccompArg, args [6]uint64) bool {
	for _, a := range list {
		x := args[a.Index]
		ok := map[specs.LinuxSeccompOperator]bool{
			specs.OpEqualTo: x == a.Value, specs.OpNotEqual: x != a.Value, specs.OpLessThan: x < a.Value, specs.OpLessEqual: x <= a.Value,
			specs.OpGreaterThan: x > a.Value, specs.OpGreaterEqual: x >= a.Value, specs.OpMaskedEqual: x&a.Value == a.ValueTwo,
		}[a.Op]
		if !ok {
			return false
		}
	}
	return true
}

// registers are those of a call: values about those that the profile compares with, cut
// to the width that the kernel looks at.
func registers(r *rand.Rand, arch filter.Arch, name string, values []uint64) (clean, dirty [6]uint64) {
	known := filter.Args(arch, name)
	for i := range clean {
		v := values[r.IntN(len(values))] + uint64(r.IntN(3)) - 1
		if r.IntN(4) == 0 {
			v = r.Uint64() >> r.IntN(64)
		}
		clean[i], dirty[i] = v, v
		if i < len(known) {
			clean[i] = v & known[i].Mask()
			dirty[i] = clean[i] | r.Uint64()&^known[i].Mask()
		}
	}
	return clean, dirty
}

// valuesOf are the numbers of a profile.
func valuesOf(p *specs.LinuxSeccomp) []uint64 {
	values := []uint64{0, ^uint64(0), 1 << 31, 1 << 32}
	for _, s := range p.Syscalls {
		for _, a := range s.Args {
			values = append(values, a.Value, a.ValueTwo, ^a.Value)
		}
	}
	return values
}

// sameDecisions compares the compiled rules with the profile, call by call. For calls of
// init's and clone3 the language decides otherwise; exact says for which others both have
// to be the same. What is allowed in any case is what the profile allows.
func sameDecisions(t *testing.T, r *rand.Rand, rules filter.Rules, p *specs.LinuxSeccomp, arch filter.Arch, rounds int, exact func(string) bool) {
	t.Helper()
	values := valuesOf(p)
	both := map[bool]int{}
	for _, nr := range filter.Numbers(arch) {
		name, _ := filter.Name(arch, nr)
		if slices.Contains(filter.InitSet(), name) || name == clone3 {
			continue
		}
		for range rounds {
			clean, dirty := registers(r, arch, name, values)
			call := filter.Call{NR: uint32(nr), Arch: arch.AuditArch(), Args: clean}
			ours, theirs := rules.Decide(arch, call) == filter.ActionAllow, interpret(p, name, clean)
			both[ours]++
			if ours && !theirs || exact(name) && ours != theirs {
				t.Fatalf("%s %s%x: allowed %v, by the profile %v", arch, name, clean, ours, theirs)
			}
			call.Args = dirty
			if rules.Decide(arch, call) == filter.ActionAllow && !theirs {
				t.Fatalf("%s %s%x: allowed with what the kernel ignores, by the profile only without", arch, name, dirty)
			}
		}
	}
	if both[true] == 0 || both[false] == 0 {
		t.Errorf("one-sided: %v", both)
	}
}

func native(t *testing.T) filter.Arch {
	arch, err := filter.ParseArch(runtime.GOARCH)
	if err != nil {
		t.Skip(err)
	}
	return arch
}

// Docker's default profile, as Docker itself resolves it for a container.
func TestRoundTripDocker(t *testing.T) {
	arch := native(t)
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Skip(err)
	}
	text, err := json.Marshal(seccomp.DefaultProfile())
	if err != nil {
		t.Fatal(err)
	}
	for _, caps := range [][]string{
		nil,
		{"CAP_SYS_ADMIN"},
		{"CAP_NET_ADMIN", "CAP_SYS_TIME", "CAP_SYS_BOOT", "CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE", "CAP_SYS_MODULE", "CAP_BPF", "CAP_PERFMON", "CAP_SYSLOG"},
	} {
		t.Run(strings.Join(caps, ","), func(t *testing.T) {
			spec := &specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: caps}}}
			want, err := seccomp.GetDefaultProfile(spec)
			if err != nil {
				t.Fatal(err)
			}
			o := Options{Judge: judge, Argv: []string{"/usr/bin/true"}, Arches: []filter.Arch{arch}, Kernel: string(release), Why: "Docker allows it by default"}
			for _, c := range caps {
				o.Caps = append(o.Caps, capability(c))
			}
			got, err := Import(o, Source{Name: "docker.json", Text: text})
			if err != nil {
				t.Fatal(err)
			}
			accepted(t, got)
			rules := compiled(t, got.Text)
			sameDecisions(t, rand.New(rand.NewPCG(1, 2)), rules, want, arch, 60, func(string) bool { return true })
			if rules.Default != filter.ActionEPERM {
				t.Errorf("denied calls get %v", rules.Default)
			}
		})
	}
}

// Without a reason nothing dangerous is granted, and what is left is still what Docker
// allows.
func TestRoundTripDockerWithoutReason(t *testing.T) {
	arch := native(t)
	text, err := json.Marshal(seccomp.DefaultProfile())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Import(Options{Judge: judge, Argv: []string{"/usr/bin/true"}, Arches: []filter.Arch{arch}}, Source{Name: "docker.json", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	accepted(t, got)
	if got.Reasons == 0 || strings.Contains(string(got.Text), "[why]\n") {
		t.Errorf("%d grants wait for a reason:\n%s", got.Reasons, got.Text)
	}
	want, err := seccomp.GetDefaultProfile(&specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{}}})
	if err != nil {
		t.Fatal(err)
	}
	sameDecisions(t, rand.New(rand.NewPCG(1, 2)), compiled(t, got.Text), want, arch, 20, func(string) bool { return false })
}

// Profiles of every operator over calls with arguments of every width, on both
// architectures.
func TestRoundTripRandom(t *testing.T) {
	names := []string{"lseek", "socket", "ioctl", "flock", "chmod", "mkdirat", "mprotect", "personality", "dup2", "umask", "setpriority", "shmat", "sendto", "unshare"}
	operators := []specs.LinuxSeccompOperator{
		specs.OpEqualTo, specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpGreaterThan, specs.OpGreaterEqual, specs.OpMaskedEqual,
	}
	values := []uint64{0, 1, 2, 7, 0x1000, 0xffff, 0x10000, 0xffffffff, 1 << 32, 0xffffffff00000001, ^uint64(0)}
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 7))
		p := &specs.LinuxSeccomp{DefaultAction: specs.ActErrno}
		for range 3 + r.IntN(10) {
			s := specs.LinuxSyscall{Names: []string{names[r.IntN(len(names))]}, Action: specs.ActAllow}
			if r.IntN(5) == 0 {
				s.Action = specs.ActErrno
			}
			for _, index := range r.Perm(3)[:r.IntN(3)] {
				v := values[r.IntN(len(values))]
				s.Args = append(s.Args, specs.LinuxSeccompArg{Index: uint(index), Value: v, ValueTwo: v & values[r.IntN(len(values))], Op: operators[r.IntN(len(operators))]})
			}
			p.Syscalls = append(p.Syscalls, s)
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Import(Options{Judge: judge, Argv: []string{"/bin/true"}, Why: "the test of all operators"}, Source{Name: "random.json", Text: text})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		rules := compiled(t, got.Text)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			for _, arch := range filter.Arches() {
				neverWeaker(t, r, rules, p, arch, names)
			}
			if t.Failed() {
				t.Logf("%s\n%s", text, got.Text)
			}
		})
	}
}

// neverWeaker looks for a call that is allowed and is not by the profile.
func neverWeaker(t *testing.T, r *rand.Rand, rules filter.Rules, p *specs.LinuxSeccomp, arch filter.Arch, names []string) {
	values := valuesOf(p)
	for _, name := range names {
		nr, ok := filter.Number(arch, name)
		if !ok {
			continue
		}
		for range 200 {
			clean, dirty := registers(r, arch, name, values)
			for _, args := range [][6]uint64{clean, dirty} {
				ours := rules.Decide(arch, filter.Call{NR: uint32(nr), Arch: arch.AuditArch(), Args: args}) == filter.ActionAllow
				if ours && !sameCall(arch, name, clean, func(args [6]uint64) bool { return interpret(p, name, args) }) {
					t.Fatalf("%s %s%x is allowed, and not by the profile", arch, name, args)
				}
			}
		}
	}
}

// sameCall tells whether something holds for a clean call, or for the same with negative
// arguments sign-extended, which the kernel does not tell from it.
func sameCall(arch filter.Arch, name string, clean [6]uint64, holds func([6]uint64) bool) bool {
	known := filter.Args(arch, name)
	for choice := range 1 << len(known) {
		args := clean
		for i, a := range known {
			if choice>>i&1 == 1 && a.Width < 64 && clean[i]>>(a.Width-1)&1 == 1 {
				args[i] |= ^a.Mask()
			}
		}
		if holds(args) {
			return true
		}
	}
	return false
}
