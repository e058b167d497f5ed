package compile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/syntax"
)

// cgroup resolves limits to the exact text that is written to each file of
// cgroup v2, in the order of writing: what softens the effect of a limit comes
// before the limit.
func (c *compiler) cgroup() {
	g := &c.file.Cgroup
	if v := g.Memory.OOM.Group; v != nil {
		c.limit("memory.oom.group", map[bool]string{false: "0", true: "1"}[*v])
	}
	high, highest := c.memory("memory.high", g.Memory.High), c.memory("memory.max", g.Memory.Max)
	c.memory("memory.swap.max", g.Memory.Swap.Max)
	if g.Memory.High != nil && g.Memory.Max != nil && high != unlimited && high > highest {
		c.fail(c.file.Pos("cgroup.memory.high"), *g.Memory.High, "it throttles before memory.max kills, so it must be lower", "memory.high is above memory.max")
	}
	c.integer("pids.max", g.Pids.Max)
	c.integer("cpu.weight", g.CPU.Weight)
	c.word("cpu.max", g.CPU.Max, cpuMax, cpuHint(given(g.CPU.Max, "")))
	c.word("cpuset.cpus", g.Cpuset.Cpus, cpuList, `a list such as "0-3,5"`)
	if v := g.IO.Weight; v != nil {
		c.limit("io.weight", fmt.Sprintf("default %d", *v))
	}
	for i, v := range g.IO.Max {
		if ioMax(v) {
			c.limitAt("io.max", v, c.file.Pos("cgroup.io.max", i))
		} else {
			c.fail(c.file.Pos("cgroup.io.max", i), v, `"MAJOR:MINOR wbps=1048576 riops=max": the numbers of the device, as lsblk(8) has them, bytes and operations a second, without units, from 2 on`, "not a line of io.max")
		}
	}
}

func (c *compiler) limit(file, value string) { c.limitAt(file, value, c.file.Pos("cgroup."+file)) }

func (c *compiler) limitAt(file, value string, p syntax.Position) {
	c.out.Limits = append(c.out.Limits, sealed.Limit{File: file, Value: value, At: at(p)})
}

func (c *compiler) integer(file string, v *int64) {
	if v != nil {
		c.limit(file, strconv.FormatInt(*v, 10))
	}
}

// memory reads a size, or "max", which is above all sizes.
func (c *compiler) memory(file string, v *string) uint64 {
	if v == nil {
		return 0
	}
	if *v == "max" {
		c.limit(file, *v)
		return unlimited
	}
	n, ok := parseSize(*v)
	switch {
	case !ok:
		c.fail(c.file.Pos("cgroup."+file), *v, sizeHint(*v)+`, or "max"`, "not a size")
	case n < pageSize && file != "memory.swap.max": // a program needs a page to be killed in
		c.fail(c.file.Pos("cgroup."+file), *v, "the least is one page, 4K", "the size is too small")
	}
	c.limit(file, strconv.FormatUint(n, 10))
	return n
}

// word takes a value that has a form of its own.
func (c *compiler) word(file string, v *string, good func(string) bool, hint string) {
	switch {
	case v == nil:
	case good(*v):
		c.limit(file, *v)
	default:
		c.fail(c.file.Pos("cgroup."+file), *v, hint, "not a value for %s", file)
	}
}

// cpuHint turns percents of one processor into what is meant.
func cpuHint(s string) string {
	quota := "50000"
	if n, ok := decimal(strings.TrimSuffix(s, "%")); ok && strings.HasSuffix(s, "%") && n > 0 && n < 1e6 {
		quota = strconv.FormatUint(n*1000, 10)
	}
	return fmt.Sprintf(`"QUOTA PERIOD" in microseconds: "%s 100000"`, quota)
}

// cpuMax: a quota of at least 1 ms in a period from 1 ms to 1 s (kernel/sched/core.c,
// tg_set_cfs_bandwidth).
func cpuMax(s string) bool {
	quota, period, ok := strings.Cut(s, " ")
	q, okQuota := decimal(quota)
	p, okPeriod := decimal(period)
	return ok && okPeriod && p >= 1000 && p <= 1000000 && (quota == "max" || okQuota && q >= 1000)
}

// cpuList: ascending ranges without overlap.
func cpuList(s string) bool {
	next := uint64(0)
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		a, ok := decimal(first)
		b, ok2 := decimal(last)
		if !ok || !ok2 || a < next || b < a || b >= 8192 { // NR_CPUS is at most 8192
			return false
		}
		next = b + 1
	}
	return true
}

// ioMax: a device (linux/kdev_t.h) and at least one limit, each once. Linux refuses 0, and some
// versions 1 (5.10 to 6.12); operations from 1<<32-1 on are no limit (block/blk-throttle.c).
func ioMax(s string) bool {
	words := strings.Split(s, " ")
	major, minor, ok := strings.Cut(words[0], ":")
	first, okMajor := decimal(major)
	second, okMinor := decimal(minor)
	var seen []string
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		n, isNumber := decimal(value)
		isNumber = isNumber && n >= 2 && (strings.HasSuffix(key, "bps") || n < 1<<32-1)
		if !slices.Contains([]string{"rbps", "wbps", "riops", "wiops"}, key) || slices.Contains(seen, key) || !isNumber && value != "max" {
			return false
		}
		seen = append(seen, key)
	}
	return ok && okMajor && first < 1<<12 && okMinor && second < 1<<20 && len(seen) > 0
}
