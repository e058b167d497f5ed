package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// module is where the go tool keeps golang.org/x/sys.
type module struct {
	dir     string // of package unix
	version string // "v0.49.0"
}

func findModule() (module, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}\n{{.Version}}", "golang.org/x/sys").Output()
	if err != nil {
		return module{}, fmt.Errorf("go list -m golang.org/x/sys: %w", err)
	}
	dir, version, ok := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if !ok || dir == "" || version == "" {
		return module{}, fmt.Errorf("go list -m golang.org/x/sys: no directory or version in %q", out)
	}
	return module{filepath.Join(dir, "unix"), version}, nil
}
