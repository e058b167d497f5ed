package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Binaries builds the programs under test into dir/bin, as they are shipped, and the probe
// into dir/bin/app, where the workload's user can reach it.
func Binaries(dir string) error {
	bin := filepath.Join(dir, "bin")
	for _, b := range []struct{ name, pkg, cgo string }{
		{"casemate-shim", "casemate/shim", "0"}, {"casemate-init", "casemate/init", "0"}, {"casemate", "casemate/policy", "1"},
		{"app/probe", "casemate/tests/probe", "0"},
	} {
		args := []string{"build", "-trimpath", "-o", filepath.Join(bin, b.name), b.pkg}
		if b.cgo == "0" {
			args = append([]string{"build", "-ldflags", "-s -w"}, args[1:]...)
		}
		cmd := exec.Command("go", args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED="+b.cgo)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", b.name, err, out)
		}
	}
	return errors.Join(os.Chmod(dir, 0o755), os.Chmod(bin, 0o755), os.Chmod(filepath.Join(bin, "app"), 0o755))
}
