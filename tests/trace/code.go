//go:build amd64

package trace

import (
	"debug/elf"
	"debug/gosym"
	"fmt"
	"os"
	"strings"
)

// code says where in a static Go binary which functions are. It comes from the table that
// the runtime prints tracebacks with, which a stripped binary has too.
type code struct {
	table *gosym.Table
	main  uint64 // where main.main begins
}

// syscalls is where package syscall and golang.org/x/sys/unix enter the kernel, since Go
// 1.19. The runtime's own calls are instructions elsewhere, but for a few of its start.
const syscalls = "internal/runtime/syscall/linux.Syscall6"

func readCode(path string) (*code, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, text := f.Section(".gopclntab"), f.Section(".text")
	if lines == nil || text == nil || f.Type != elf.ET_EXEC {
		return nil, fmt.Errorf("%s is no Go program at a fixed address", path)
	}
	b, err := lines.Data()
	if err != nil {
		return nil, err
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(b, text.Addr))
	if err != nil {
		return nil, err
	}
	main := table.LookupFunc("main.main")
	if main == nil || table.LookupFunc(syscalls) == nil {
		return nil, fmt.Errorf("%s lacks main.main or %s", path, syscalls)
	}
	return &code{table, main.Entry}, nil
}

// own tells whether a system call instruction at pc is the program's: reached through
// package syscall, or in a package of ours.
func (c *code) own(pc uint64) bool {
	f := c.table.PCToFunc(pc)
	return f != nil && (f.Name == syscalls || strings.HasPrefix(f.Name, "casemate/"))
}

// codeOf reads the code of a process, once for each binary.
func (t *Tracer) codeOf(pid int) (*code, error) {
	path := fmt.Sprintf("/proc/%d/exe", pid)
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	name, _ := os.Readlink(path)
	key := fmt.Sprint(name, st.Size(), st.ModTime())
	if c, ok := t.codes[key]; ok {
		return c, nil
	}
	c, err := readCode(path)
	if err == nil {
		t.codes[key] = c
	}
	return c, err
}
