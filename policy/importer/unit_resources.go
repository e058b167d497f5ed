package importer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rlimits by the keys of systemd.exec(5).
var limitNames = map[string]string{
	"LimitCPU": "cpu", "LimitFSIZE": "fsize", "LimitDATA": "data", "LimitSTACK": "stack", "LimitCORE": "core", "LimitRSS": "rss",
	"LimitNOFILE": "nofile", "LimitAS": "as", "LimitNPROC": "nproc", "LimitMEMLOCK": "memlock", "LimitLOCKS": "locks",
	"LimitSIGPENDING": "sigpending", "LimitMSGQUEUE": "msgqueue", "LimitNICE": "nice", "LimitRTPRIO": "rtprio", "LimitRTTIME": "rttime",
}

func limitKeys() []string { return slices.Sorted(maps.Keys(limitNames)) }

// bound is a limit: a number, a size, or infinity.
var bound = regexp.MustCompile(`^([0-9]+[KMGT]?|infinity)$`)

func (u *service) limit(one directive) {
	u.last(one.key)
	soft, hard, two := strings.Cut(one.value, ":")
	if !two {
		hard = soft
	}
	if !bound.MatchString(soft) || !bound.MatchString(hard) {
		u.d.lost("exec", "not a number, a size or infinity", one.item)
		return
	}
	infinite := func(s string) string { return strings.Replace(s, "infinity", "unlimited", 1) }
	u.d.entry("exec.rlimits", limitNames[one.key], infinite(soft)+":"+infinite(hard))
	done(one.item)
}

// resourceKeys of systemd.resource-control(5).
var resourceKeys = map[string]func(*service, directive){
	"MemoryMax": memoryKey("memory.max"), "MemoryHigh": memoryKey("memory.high"), "MemorySwapMax": memoryKey("memory.swap.max"),
	"TasksMax": (*service).tasks, "CPUQuota": (*service).quota, "CPUQuotaPeriodSec": (*service).quotaPeriod,
	"CPUWeight": weightKey("cpu.weight"), "IOWeight": weightKey("io.weight"), "AllowedCPUs": (*service).cpus, "OOMPolicy": (*service).oomPolicy,
	"IOReadBandwidthMax": (*service).device, "IOWriteBandwidthMax": (*service).device,
	"IOReadIOPSMax": (*service).device, "IOWriteIOPSMax": (*service).device,
}

// memoryKey carries a limit of memory over. A share of the host's memory is none.
func memoryKey(file string) func(*service, directive) {
	return func(u *service, one directive) {
		u.last(one.key)
		value := strings.Replace(one.value, "infinity", "max", 1)
		if value != "max" && !bound.MatchString(value) {
			u.d.lost("cgroup", "not a number of bytes", one.item)
			return
		}
		u.d.set("cgroup."+file, value)
		done(one.item)
	}
}

func weightKey(file string) func(*service, directive) {
	return func(u *service, one directive) {
		u.last(one.key)
		if n, err := strconv.ParseInt(one.value, 10, 32); err == nil {
			u.d.set("cgroup."+file, n)
			done(one.item)
		}
	}
}

func (u *service) tasks(one directive) {
	u.last(one.key)
	switch n, err := strconv.ParseInt(one.value, 10, 32); {
	case err == nil:
		u.d.set("cgroup.pids.max", n)
		done(one.item)
	case one.value == "infinity":
		u.d.hold("cgroup", one.item)
	default:
		u.d.lost("cgroup", "not a number of tasks", one.item)
	}
}

// quota is a share of one processor in a period.
func (u *service) quota(one directive) {
	u.last(one.key)
	period := 100 * time.Millisecond
	if p, ok := u.last("CPUQuotaPeriodSec"); ok {
		if d, ok := timeSpan(p.value); ok {
			period = d
			done(p.item)
		}
	}
	percent, isPercent := strings.CutSuffix(one.value, "%")
	n, err := strconv.ParseUint(percent, 10, 16)
	if !isPercent || err != nil {
		u.d.lost("cgroup", "not a whole number of percent", one.item)
		return
	}
	micro := uint64(period.Microseconds())
	u.d.set("cgroup.cpu.max", fmt.Sprintf("%d %d", n*micro/100, micro))
	done(one.item)
}

// quotaPeriod says nothing without a quota.
func (u *service) quotaPeriod(one directive) {
	if len(u.values["CPUQuota"]) == 0 {
		done(itemsOf(u.values[one.key])...)
	}
}

// cpus writes the list with commas.
func (u *service) cpus(directive) {
	var all []string
	for _, one := range u.values["AllowedCPUs"] {
		all = append(all, strings.FieldsFunc(one.value, func(r rune) bool { return r == ' ' || r == ',' })...)
		done(one.item)
	}
	u.d.set("cgroup.cpuset.cpus", strings.Join(all, ","))
}

func (u *service) oomPolicy(one directive) {
	u.last(one.key)
	if one.value == "kill" {
		u.d.set("cgroup.memory.oom.group", true)
		done(one.item)
		return
	}
	u.d.skip("manager", managers, one.item)
}

// device is a limit of a device by its path; io.max has its numbers.
func (u *service) device(one directive) {
	u.d.lost("cgroup", "cgroup.io.max names a device by its numbers, which the host of the image decides", itemsOf(u.values[one.key])...)
}
