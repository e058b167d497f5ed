package importer

import (
	"fmt"
	"strings"
)

// resources carries limits over to the files of cgroup v2. The numbers of version 1
// are converted as runc and crun do.
func (c *config) resources(r *object) {
	if r == nil {
		return
	}
	c.memory(r.at("memory"))
	c.cpu(r.at("cpu"))
	if n := r.at("pids", "limit"); n != nil {
		switch v := c.integer(n); {
		case v > 0:
			c.d.set("cgroup.pids.max", v)
			done(n.leaf)
		case v == 0:
			c.d.lost("cgroup", "some runtimes take 0 for no limit, others for no task at all", n.leaf)
		default:
			c.d.hold("cgroup", n.leaf)
		}
	}
	c.blockIO(r.at("blockIO"))
	c.unified(r.at("unified"))
}

// memorySize writes a limit in bytes; less than 0 is none.
func memorySize(n int64) string {
	if n < 0 {
		return "max"
	}
	return roundSize(decimal(uint64(n)), "")
}

func (c *config) memory(m *object) {
	limit, swap := m.at("limit"), m.at("swap")
	if limit != nil {
		c.d.set("cgroup.memory.max", memorySize(c.integer(limit)))
		done(limit.leaf)
	}
	if swap == nil {
		return
	}
	// Version 1 counts memory and swap together.
	total, most := c.integer(swap), int64(0)
	if limit != nil {
		most = c.integer(limit)
	}
	switch {
	case total < 0:
		c.d.set("cgroup.memory.swap.max", "max")
		done(swap.leaf)
	case limit != nil && most >= 0 && total >= most:
		c.d.set("cgroup.memory.swap.max", memorySize(total-most))
		done(swap.leaf)
	default:
		c.d.lost("cgroup", "it counts memory and swap together, and there is no memory limit to take off", swap.leaf)
	}
}

func (c *config) cpu(p *object) {
	if w := p.at("shares"); w != nil {
		if n := c.unsigned(w); n >= 2 && n <= 262144 {
			c.d.set("cgroup.cpu.weight", int64(1+(n-2)*9999/262142))
			done(w.leaf)
		} else if n == 0 {
			done(w.leaf)
		}
	}
	if q := p.at("quota"); q != nil {
		period := uint64(100000)
		if o := p.at("period"); o != nil {
			period = c.unsigned(o)
			done(o.leaf)
		}
		quota := "max"
		if n := c.integer(q); n > 0 {
			quota = fmt.Sprint(n)
		}
		c.d.set("cgroup.cpu.max", fmt.Sprintf("%s %d", quota, period))
		done(q.leaf)
	}
	c.simple(p, "cpus", "cgroup.cpuset.cpus")
}

func (c *config) blockIO(b *object) {
	if w := b.at("weight"); w != nil {
		if n := c.unsigned(w); n >= 10 && n <= 1000 {
			c.d.set("cgroup.io.weight", int64(1+(n-10)*9999/990))
			done(w.leaf)
		} else if n == 0 {
			done(w.leaf)
		}
	}
	lines := map[string][]string{}
	var order []string
	for _, t := range []struct{ from, to string }{
		{"throttleReadBpsDevice", "rbps"}, {"throttleWriteBpsDevice", "wbps"}, {"throttleReadIOPSDevice", "riops"}, {"throttleWriteIOPSDevice", "wiops"},
	} {
		for _, e := range c.list(b.at(t.from)) {
			device := fmt.Sprintf("%d:%d", c.unsigned(e.at("major")), c.unsigned(e.at("minor")))
			if lines[device] == nil {
				order = append(order, device)
			}
			lines[device] = append(lines[device], fmt.Sprintf("%s=%d", t.to, c.unsigned(e.at("rate"))))
			done(e.under("major", "minor", "rate")...)
		}
	}
	for _, device := range order {
		c.d.add("cgroup.io.max", device+" "+strings.Join(lines[device], " "))
	}
}

// unified holds lines of version 2 as they are.
func (c *config) unified(u *object) {
	for _, key := range u.keysOf() {
		v := u.fields[key]
		text := c.text(v)
		switch key {
		case "memory.max", "memory.high", "memory.swap.max":
			if n, ok := whole64(text); ok {
				text = roundSize(decimal(n), "")
			}
			c.d.set("cgroup."+key, text)
		case "cpu.max", "cpuset.cpus":
			c.d.set("cgroup."+key, text)
		case "memory.oom.group":
			c.d.set("cgroup."+key, text == "1")
		case "pids.max", "cpu.weight", "io.weight":
			n, ok := whole64(strings.TrimPrefix(text, "default "))
			if !ok || n > 1<<40 {
				continue
			}
			c.d.set("cgroup."+key, int64(n))
		case "io.max":
			c.d.add("cgroup.io.max", strings.Split(strings.TrimSpace(text), "\n")...)
		default:
			continue
		}
		done(v.leaf)
	}
}

// keysOf gives the keys of an object; none of nil.
func (o *object) keysOf() []string {
	if o == nil {
		return nil
	}
	return o.keys
}
