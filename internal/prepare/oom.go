package prepare

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// OOMKills is how many processes of the group the kernel has killed for want of memory,
// by memory.events, descendants of the group counted (cgroup v2, "oom_kill"; Linux 4.13). A
// group without the memory controller has no such file and no limit: 0.
func (g *Group) OOMKills() (int, error) {
	words, err := readAt(g.dir, "memory.events")
	if errors.Is(err, unix.ENOENT) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("cgroup %s: memory.events: %w", g.path, err)
	}
	for i := 0; i+1 < len(words); i += 2 {
		if words[i] == "oom_kill" {
			return strconv.Atoi(words[i+1])
		}
	}
	return 0, fmt.Errorf("cgroup %s: memory.events has no oom_kill: %q", g.path, strings.Join(words, " "))
}
