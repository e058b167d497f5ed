package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// readyEnv names a directory with binaries that are ready, or where to leave them: a
// virtual machine has no compiler.
const readyEnv = "CASEMATE_TEST_BINARIES"

// Ready is that directory, "" where every test program builds its own.
func Ready() string { return os.Getenv(readyEnv) }

// Binaries builds the programs under test into dir/bin, as they are shipped, and the probe
// into dir/bin/app, where the workload's user can reach it.
func Binaries(dir string) error {
	bin := filepath.Join(dir, "bin")
	for _, b := range []struct{ name, pkg string }{
		{"casemate-shim", "casemate/shim"}, {"casemate-init", "casemate/init"}, {"app/probe", "casemate/tests/probe"},
	} {
		if err := build(filepath.Join(bin, b.name), b.pkg, "0", "-ldflags", "-s -w"); err != nil {
			return err
		}
	}
	if err := build(filepath.Join(bin, "casemate"), "casemate/policy", "1"); err != nil {
		return err
	}
	return errors.Join(os.Chmod(dir, 0o755), os.Chmod(bin, 0o755), os.Chmod(filepath.Join(bin, "app"), 0o755))
}

// Init makes casemate-init alone: a copy of the one that is ready, or of this source with
// a version.
func Init(out, version string) error {
	dir := Ready()
	if dir == "" {
		return build(out, "casemate/init", "0", "-ldflags", "-s -w -X main.version="+version)
	}
	text, err := os.ReadFile(filepath.Join(dir, "bin/casemate-init"))
	if err != nil {
		return err
	}
	return os.WriteFile(out, text, 0o755)
}

func build(out, pkg, cgo string, flags ...string) error {
	cmd := exec.Command("go", append(append([]string{"build", "-trimpath"}, flags...), "-o", out, pkg)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, text)
	}
	return nil
}
