package compile

import "testing"

const ioHint = `hint: "MAJOR:MINOR wbps=1048576 riops=max": the numbers of the device, as lsblk(8) has them, bytes and operations a second, without units, from 2 on`

func TestRefusedCgroup(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"device without a reason": {
			`cgroup.devices = [{ at = "/dev/fuse", device = "c 10:229" }]`,
			`p.toml:5:26: a dangerous grant without a reason (a driver of the kernel is in reach, and the hardware behind it): "cgroup.devices./dev/fuse"; hint: under [why], write: "cgroup.devices./dev/fuse" = "the reason"`,
		},
		"device number": {
			`cgroup.devices = [{ at = "/dev/fuse", device = "c 10" }]`,
			`p.toml:5:48: not a device: "c 10"; hint: "c MAJOR:MINOR" for a character device, "b MAJOR:MINOR" for a block device`,
		},
		"device elsewhere": {
			`cgroup.devices = [{ at = "/srv/fuse", device = "c 10:229" }]`,
			`p.toml:5:26: the device does not lie in /dev itself: "/srv/fuse"`,
		},
		"memory as a device": {
			`cgroup.devices = [{ at = "/dev/mem", device = "c 1:1", access = "r" }]`,
			`p.toml:5:26: the device is a memory device: "/dev/mem"`,
		},
		"device that is there": {
			`cgroup.devices = [{ at = "/dev/tty", device = "c 4:0" }]`,
			`p.toml:5:26: the device is in every /dev, or is a directory there: "/dev/tty"; hint: leave it out`,
		},
		"device without a /dev": {
			"cgroup.devices = [{ at = \"/dev/fuse\", device = \"c 10:229\" }]\nmounts.dev = \"none\"\nwhy.\"cgroup.devices./dev/fuse\" = \"a file system\"",
			`p.toml:5:8: there is no /dev to make them in: "devices"; hint: leave mounts.dev = "none" out`,
		},
		"memory.max": {
			`cgroup.memory.max = "1 GB"`,
			`p.toml:5:21: not a size: "1 GB"; hint: a number of bytes, or with K, M, G or T: "1G", or "max"`,
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
			`p.toml:5:18: not a line of io.max: "8:0"; hint: "MAJOR:MINOR wbps=1048576 riops=max": the numbers of the device, as lsblk(8) has them, bytes and operations a second, without units, from 2 on`,
		},
		"io.max with a word": {
			`cgroup.io.max = ["8:0 rbps=fast"]`,
			`p.toml:5:18: not a line of io.max: "8:0 rbps=fast"; hint: "MAJOR:MINOR wbps=1048576 riops=max": the numbers of the device, as lsblk(8) has them, bytes and operations a second, without units, from 2 on`,
		},
		"io.max with a device name": {
			`cgroup.io.max = ["sda rbps=1"]`,
			`p.toml:5:18: not a line of io.max: "sda rbps=1"; hint: "MAJOR:MINOR wbps=1048576 riops=max": the numbers of the device, as lsblk(8) has them, bytes and operations a second, without units, from 2 on`,
		},
		"io.max of nothing": {
			`cgroup.io.max = ["8:0 rbps=0"]`,
			`p.toml:5:18: not a line of io.max: "8:0 rbps=0"; ` + ioHint,
		},
		"io.max of one": {
			`cgroup.io.max = ["8:0 wiops=1"]`,
			`p.toml:5:18: not a line of io.max: "8:0 wiops=1"; ` + ioHint,
		},
		"io.max of more than the kernel counts": {
			`cgroup.io.max = ["8:0 riops=4294967295"]`,
			`p.toml:5:18: not a line of io.max: "8:0 riops=4294967295"; ` + ioHint,
		},
		"io.max below nothing": {
			`cgroup.io.max = ["8:0 wbps=-2"]`,
			`p.toml:5:18: not a line of io.max: "8:0 wbps=-2"; ` + ioHint,
		},
		"io.max with a major of 13 bits": {
			`cgroup.io.max = ["4096:0 rbps=2"]`,
			`p.toml:5:18: not a line of io.max: "4096:0 rbps=2"; ` + ioHint,
		},
		"io.max with a minor of 21 bits": {
			`cgroup.io.max = ["8:1048576 rbps=2"]`,
			`p.toml:5:18: not a line of io.max: "8:1048576 rbps=2"; ` + ioHint,
		},
		"memory.max below nothing": {
			`cgroup.memory.max = "-1"`,
			`p.toml:5:21: not a size: "-1"; hint: a number of bytes, or with K, M, G or T: "64M", or "max"`,
		},
		"memory.max of 65 bits": {
			`cgroup.memory.max = "18446744073709551616"`,
			`p.toml:5:21: not a size: "18446744073709551616"; hint: a number of bytes, or with K, M, G or T: "64M", or "max"`,
		},
		"memory.max of two lines": {
			`cgroup.memory.max = "64M\n64M"`,
			`p.toml:5:21: the string holds a character that is not allowed: U+000A: "64M\n64M"`,
		},
		"cpu.max below nothing": {
			`cgroup.cpu.max = "-1 100000"`,
			`p.toml:5:18: not a value for cpu.max: "-1 100000"; hint: "QUOTA PERIOD" in microseconds: "50000 100000"`,
		},
		"cpu.max with a long period": {
			`cgroup.cpu.max = "50000 1000001"`,
			`p.toml:5:18: not a value for cpu.max: "50000 1000001"; hint: "QUOTA PERIOD" in microseconds: "50000 100000"`,
		},
		"cpu.weight too large": {
			`cgroup.cpu.weight = 10001`,
			`p.toml:5:21: out of range: "10001"; hint: it takes 1 to 10000`,
		},
		"io.weight": {
			`cgroup.io.weight = 10001`,
			`p.toml:5:20: out of range: "10001"; hint: it takes 1 to 10000`,
		},
		"cpuset.cpus of a machine that there is not": {
			`cgroup.cpuset.cpus = "0-8192"`,
			`p.toml:5:22: not a value for cpuset.cpus: "0-8192"; hint: a list such as "0-3,5"`,
		},
		"pids.max too large": {
			`cgroup.pids.max = 4194305`,
			`p.toml:5:19: out of range: "4194305"; hint: it takes 1 to 4194304`,
		},
		"pids.max": {
			`cgroup.pids.max = 0`,
			`p.toml:5:19: out of range: "0"; hint: it takes 1 to 4194304`,
		},
	})
}
