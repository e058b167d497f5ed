package compile

import "testing"

func TestRefusedCgroup(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"memory.max": {
			`cgroup.memory.max = "1 GB"`,
			`p.toml:5:21: not a size: "1 GB"; hint: a number of bytes, or with K, M, G or T: "64M", or "max"`,
		},
		"memory.max zero": {
			`cgroup.memory.max = "0"`,
			`p.toml:5:21: the size is too small: "0"; hint: the least is one page, 4K`,
		},
		"memory.high above max": {
			`cgroup.memory.max = "1G"
cgroup.memory.high = "2G"`,
			`p.toml:6:22: memory.high is above memory.max: "2G"; hint: it throttles before memory.max kills, so it must be lower`,
		},
		"cpu.max without a period": {
			`cgroup.cpu.max = "50000"`,
			`p.toml:5:18: not a value for cpu.max: "50000"; hint: "QUOTA PERIOD" in microseconds: "50000 100000"`,
		},
		"cpu.max with a short period": {
			`cgroup.cpu.max = "50000 100"`,
			`p.toml:5:18: not a value for cpu.max: "50000 100"; hint: "QUOTA PERIOD" in microseconds: "50000 100000"`,
		},
		"cpu.weight": {
			`cgroup.cpu.weight = 0`,
			`p.toml:5:21: out of range: "0"; hint: it takes 1 to 10000`,
		},
		"cpuset.cpus": {
			`cgroup.cpuset.cpus = "3-1"`,
			`p.toml:5:22: not a value for cpuset.cpus: "3-1"; hint: a list such as "0-3,5"`,
		},
		"cpuset.cpus overlapping": {
			`cgroup.cpuset.cpus = "0-3,2"`,
			`p.toml:5:22: not a value for cpuset.cpus: "0-3,2"; hint: a list such as "0-3,5"`,
		},
		"io.max without a limit": {
			`cgroup.io.max = ["8:0"]`,
			`p.toml:5:18: not a line of io.max: "8:0"; hint: "MAJOR:MINOR wbps=1048576 riops=max"`,
		},
		"io.max with a word": {
			`cgroup.io.max = ["8:0 rbps=fast"]`,
			`p.toml:5:18: not a line of io.max: "8:0 rbps=fast"; hint: "MAJOR:MINOR wbps=1048576 riops=max"`,
		},
		"io.max with a device name": {
			`cgroup.io.max = ["sda rbps=1"]`,
			`p.toml:5:18: not a line of io.max: "sda rbps=1"; hint: "MAJOR:MINOR wbps=1048576 riops=max"`,
		},
		"pids.max": {
			`cgroup.pids.max = 0`,
			`p.toml:5:19: out of range: "0"; hint: it takes 1 to 4194304`,
		},
	})
}
