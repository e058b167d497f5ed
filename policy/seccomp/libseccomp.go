package seccomp

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	lib "github.com/seccomp/libseccomp-golang"
	"golang.org/x/sys/unix"

	"casemate/policy/filter"
)

// LibraryVersion is the version of libseccomp that compiles the bodies.
func LibraryVersion() string {
	major, minor, micro := lib.GetLibraryVersion()
	return fmt.Sprintf("%d.%d.%d", major, minor, micro)
}

// apiLevel is the set of features that libseccomp may use, seccomp_api_get(3).
// It is fixed, since libseccomp would otherwise ask the kernel of the build host,
// which is not the one that runs the program: 4 has kill-process (Linux 4.14) and
// the optimize attribute.
const apiLevel = 4

// ready sets the library up once for the process.
var ready = sync.OnceValue(func() error {
	if err := lib.SetAPI(apiLevel); err != nil {
		return fmt.Errorf("libseccomp %s: API level %d: %w", LibraryVersion(), apiLevel, err)
	}
	return nil
})

var libArch = map[filter.Arch]lib.ScmpArch{filter.AMD64: lib.ArchAMD64, filter.ARM64: lib.ArchARM64}

var libAction = map[filter.Action]lib.ScmpAction{
	filter.ActionAllow:       lib.ActAllow,
	filter.ActionEPERM:       lib.ActErrno.SetReturnCode(int16(unix.EPERM)),
	filter.ActionEACCES:      lib.ActErrno.SetReturnCode(int16(unix.EACCES)),
	filter.ActionENOSYS:      lib.ActErrno.SetReturnCode(int16(unix.ENOSYS)),
	filter.ActionKillProcess: lib.ActKillProcess,
}

// libraryKnows reports whether libseccomp has a number for the name on arch. If
// it has another one than our table, one of the two is wrong and nothing may be
// compiled.
func libraryKnows(arch filter.Arch, name string, nr int) (bool, error) {
	got, err := lib.GetSyscallFromNameByArch(name, libArch[arch])
	if errors.Is(err, lib.ErrSyscallDoesNotExist) || err == nil && got < 0 {
		return false, nil // negative: a pseudo number, for names of other architectures
	}
	if err != nil {
		return false, fmt.Errorf("libseccomp: %s on %s: %w", name, arch, err)
	}
	if int(got) != nr {
		return false, fmt.Errorf("libseccomp %s has number %d for %s on %s, the table of x/sys %s has %d",
			LibraryVersion(), got, name, arch, filter.TableVersion, nr)
	}
	return true, nil
}

// body lets libseccomp compile the rules that it can hold. optimize is its
// attribute SCMP_FLTATR_CTL_OPTIMIZE: 1 keeps system calls in a list, 2 puts them
// into a binary tree.
func body(arch filter.Arch, fallback, badArch filter.Action, rules []verdict, optimize int) ([]instruction, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	f, err := lib.NewFilter(libAction[fallback])
	if err != nil {
		return nil, fmt.Errorf("libseccomp: new filter: %w", err)
	}
	defer f.Release()
	if err := onlyArch(f, libArch[arch]); err != nil {
		return nil, err
	}
	if err := f.SetBadArchAction(libAction[badArch]); err != nil {
		return nil, fmt.Errorf("libseccomp: bad arch action: %w", err)
	}
	if err := f.SetOptimize(optimize); err != nil {
		return nil, fmt.Errorf("libseccomp: optimize %d: %w", optimize, err)
	}
	for _, v := range rules {
		if err := addRule(f, v); err != nil {
			return nil, fmt.Errorf("libseccomp: rule for %s: %w", v.name, err)
		}
	}
	return export(f)
}

// onlyArch leaves a filter for one architecture. A new one holds the build host's.
func onlyArch(f *lib.ScmpFilter, arch lib.ScmpArch) error {
	if err := f.AddArch(arch); err != nil {
		return fmt.Errorf("libseccomp: add architecture %s: %w", arch, err)
	}
	native, err := lib.GetNativeArch()
	if err != nil {
		return fmt.Errorf("libseccomp: native architecture: %w", err)
	}
	if native == arch {
		return nil
	}
	if err := f.RemoveArch(native); err != nil {
		return fmt.Errorf("libseccomp: remove architecture %s: %w", native, err)
	}
	return nil
}

// addRule gives libseccomp the build host's number: it translates numbers of the
// host to those of the filter's architecture by name. "Exact" forbids it to
// rewrite the rule.
func addRule(f *lib.ScmpFilter, v verdict) error {
	call, err := lib.GetSyscallFromName(v.name)
	if err != nil {
		return err
	}
	if v.when == nil {
		return f.AddRuleExact(call, libAction[v.action])
	}
	for _, c := range v.when {
		var conditions []lib.ScmpCondition
		for _, m := range c {
			condition, err := lib.MakeCondition(uint(m.Arg), lib.CompareMaskedEqual, m.Mask, m.Value)
			if err != nil {
				return err
			}
			conditions = append(conditions, condition)
		}
		if err := f.AddRuleConditionalExact(call, libAction[v.action], conditions); err != nil {
			return err
		}
	}
	return nil
}

// export goes through a memfd: seccomp_export_bpf_mem(3) came with libseccomp 2.6,
// and a pipe holds less than a program can have.
func export(f *lib.ScmpFilter) ([]instruction, error) {
	fd, err := unix.MemfdCreate("seccomp", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	file := os.NewFile(uintptr(fd), "memfd:seccomp")
	defer file.Close()
	if err := f.ExportBPF(file); err != nil {
		return nil, fmt.Errorf("libseccomp: export: %w", err)
	}
	b, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("read the exported program: %w", err)
	}
	return decode(b)
}
