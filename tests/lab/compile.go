// Package lab is what the benchmarks and the tests share: a compiler of static C
// helpers, processors to pin to, terminals, and the figures of a set of samples. It imports
// nothing of ours.
package lab

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
)

// CompileC builds a static program with musl, whose start costs least. The kernel's
// headers come after musl's own.
func CompileC(source []byte, out string) error {
	machine, err := exec.Command("gcc", "-dumpmachine").Output()
	if err != nil {
		return fmt.Errorf("gcc: %w; install gcc, musl-tools and linux-libc-dev", err)
	}
	cmd := exec.Command("musl-gcc", "-static", "-O2", "-s", "-Wall", "-Werror", "-idirafter", "/usr/include",
		"-idirafter", "/usr/include/"+strings.TrimSpace(string(machine)), "-x", "c", "-o", out, "-")
	cmd.Stdin = bytes.NewReader(source)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("musl-gcc: %w\n%s", err, text)
	}
	return nil
}
