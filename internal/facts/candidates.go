package facts

import (
	"os"
	"path"
	"strings"
)

// Candidates lists the paths of this kernel's /proc and /sys that a default mask may
// name, for recording the facts of a host without knowing the policy.
func Candidates() ([]string, error) {
	var paths []string
	for _, dir := range []string{"/proc", "/sys", "/sys/kernel", "/sys/devices/virtual"} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			process := dir == "/proc" && strings.Trim(e.Name(), "0123456789") == ""
			if !process && e.Type()&os.ModeSymlink == 0 {
				paths = append(paths, path.Join(dir, e.Name()))
			}
		}
	}
	return paths, nil
}
