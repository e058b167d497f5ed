package prepare

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Memory is how often a group and what is below it reached memory.max, failed to get
// memory for that, and lost a process or all of them to the OOM killer, whoever's limit
// that was for: memory.events of cgroup v2 (oom_kill Linux 4.13, oom_group_kill 5.17).
type Memory struct{ Max, OOM, Kills, Groups uint64 }

// Memory asks the kernel. A group without the memory controller has no such file and no
// limit: nil.
func (g *Group) Memory() (*Memory, error) {
	m, err := memoryEvents(g.dir, "memory.events")
	if err != nil {
		err = fmt.Errorf("cgroup %s: memory.events: %w", g.path, err)
	}
	return m, err
}

func memoryEvents(dir int, name string) (*Memory, error) {
	words, err := readAt(dir, name)
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseEvents(words)
}

func parseEvents(words []string) (*Memory, error) {
	m := new(Memory)
	counters := map[string]*uint64{"max": &m.Max, "oom": &m.OOM, "oom_kill": &m.Kills, "oom_group_kill": &m.Groups}
	found := false
	for i := 0; i+1 < len(words); i += 2 {
		counter := counters[words[i]]
		if counter == nil {
			continue
		}
		var err error
		if *counter, err = strconv.ParseUint(words[i+1], 10, 64); err != nil {
			return nil, err
		}
		found = found || words[i] == "oom_kill"
	}
	if !found {
		return nil, fmt.Errorf("no oom_kill: %q", strings.Join(words, " "))
	}
	return m, nil
}
