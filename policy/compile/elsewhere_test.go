package compile

import "testing"

// Values in the form that other tools have for them: the hint is the one that this language has.
func TestFormsOfOthers(t *testing.T) {
	sizes, limits := `"; hint: a number of bytes, or with K, M, G or T: `, `"soft:hard" or one value for both: a number, a size such as "64M", or "unlimited"`
	refuseAll(t, map[string][2]string{
		"MiB":                       {`mounts.shm = "64 MiB"`, `p.toml:5:14: not a size: "64 MiB` + sizes + `"64M"`},
		"a small letter":            {`cgroup.memory.max = "2g"`, `p.toml:5:21: not a size: "2g` + sizes + `"2G", or "max"`},
		"a fraction":                {`cgroup.memory.max = "1.5G"`, `p.toml:5:21: not a size: "1.5G` + sizes + `"64M", or "max"`},
		"infinity, systemd.exec":    {`exec.rlimits = { memlock = "infinity" }`, `p.toml:5:28: not a resource limit: "infinity"; hint: write "unlimited": ` + limits},
		"-1, setrlimit":             {`exec.rlimits = { memlock = "-1" }`, `p.toml:5:28: not a resource limit: "-1"; hint: write "unlimited": ` + limits},
		"infinity of files":         {`exec.rlimits = { nofile = "infinity" }`, `p.toml:5:27: not a resource limit: "infinity"; hint: write "1024:1048576": ` + limits},
		"too many files":            {`exec.rlimits = { nofile = "4096:unlimited" }`, `p.toml:5:27: nofile cannot exceed 1048576: "4096:unlimited"; hint: write "4096:1048576": ` + limits},
		"soft above hard":           {`exec.rlimits = { as = "128M:64M" }`, `p.toml:5:23: the soft limit is above the hard one: "128M:64M"; hint: write "64M:128M": ` + limits},
		"MB":                        {`exec.rlimits = { as = "8MB" }`, `p.toml:5:23: not a resource limit: "8MB"; hint: write "8M": ` + limits},
		"a time":                    {`exec.rlimits = { cpu = "10min" }`, `p.toml:5:24: not a resource limit: "10min"; hint: a number of seconds, "soft:hard" or one value for both, or "unlimited"`},
		"CPUQuota":                  {`cgroup.cpu.max = "150%"`, `p.toml:5:18: not a value for cpu.max: "150%"; hint: "QUOTA PERIOD" in microseconds: "150000 100000"`},
		"all of /proc":              {"mounts.proc = \"all\"", `p.toml:5:15: unknown word: "all"; hint: it is one of masked, none, pid-only`},
		"CAP_, all of them":         {`capabilities.keep = ["ALL"]`, `p.toml:5:22: unknown capability: "ALL"; hint: name each one, as capabilities(7) does, without CAP_`},
		"a user namespace to share": {`namespaces.share = ["user"]`, `p.toml:5:21: unknown word: "user"; hint: it is one of net, uts, ipc, cgroup; PID and mount namespaces are always new, and namespaces.user describes a user namespace`},
		"a device by its name":      {`cgroup.devices = ["/dev/kvm"]`, `p.toml:5:19: want a table, found a string: "/dev/kvm"; hint: write it as a table: { at = "/dev/kvm" }`},
		"all of the root hidden":    {`masks.mask = ["/proc/x", "/"]`, `p.toml:5:26: the path is too much to cover: "/"; hint: name what is in it; mounts.proc, sysfs and dev decide whether it is there at all`},
	})
	_, err := compiled(t, map[string]string{"p.toml": "policy = 1\nservice = \"x\"\nexec.argv = [\"nginx\"]"})
	if want := `p.toml:3:14: the path is not absolute: "nginx"; hint: PATH is not searched: write where it is in the root, such as /usr/bin/NAME`; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// All that is wrong with extends is told in one run, at its place.
func TestBasesThatAreNone(t *testing.T) {
	refuse(t, "extends = [\"base/deamon\", \"./missing.toml\", \"daemon\"]",
		`p.toml:5:12: no such base: "base/deamon"; hint: did you mean "base/daemon"?
p.toml:5:27: the base cannot be read: open missing.toml: no such file or directory: "./missing.toml"; hint: a base beside the policy is read when the policy is compiled
p.toml:5:45: not a base: "daemon"; hint: write "base/daemon"`)
}
