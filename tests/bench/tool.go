package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// tool is one way to launch true.
type tool struct {
	name string
	path string
	args []string // with the name as argv[0]
	file string   // opened anew for each run, as descriptor 3
	runs []sample

	failures int // runs that ended with another status than 0
}

// floorName marks the row that the others are compared with.
const floorName = "floor (C)"

// tools lists who is measured, and who is left out and why. Peers get as much of the
// same isolation as they can be asked for; their manual pages name the flags.
func tools(k *kit) (run []*tool, left []string) {
	truth := filepath.Join(k.root, "true")
	run = []*tool{
		{name: "bare spawn", path: truth, args: []string{"true"}},
		{name: floorName, path: k.floor, args: []string{"floor", k.root, k.filter, "12", "5", "/true"}},
		{name: "floor, all default masks", path: k.floor, args: []string{"floor", k.root, k.filter, "99", "99", "/true"}},
	}
	if k.sealed != "" {
		state := filepath.Join(k.state, "casemate")
		run = append(run, &tool{name: "casemate-shim", path: k.shim, args: []string{"casemate-shim", "run", "-state", state, k.sealed}})
	} else {
		left = append(left, "casemate-shim: "+k.sealedLack)
	}
	for _, p := range peers(k) {
		path, err := exec.LookPath(p.args[0])
		if err != nil {
			left = append(left, fmt.Sprintf("%s: not installed", p.args[0]))
			continue
		}
		p.path = path
		run = append(run, p)
	}
	return run, left
}

func peers(k *kit) []*tool {
	return []*tool{
		{name: "minijail0", args: []string{"minijail0", "-T", "static", "-I", "-v", "-p", "-l", "-N", "-e", "--uts=floor", "-P", k.root, "-n",
			"--no-default-runtime-environment", "-d", "--seccomp-bpf-binary=" + k.filter, "-u", "65534", "-g", "65534", "-c", "0", "/true"}},
		{name: "bubblewrap", file: k.filter, args: []string{"bwrap", "--seccomp", "3", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
			"--unshare-cgroup", "--unshare-net", "--ro-bind", k.root, "/", "--proc", "/proc", "--dev", "/dev", "--mqueue", "/dev/mqueue",
			"--hostname", "floor", "--cap-drop", "ALL", "--as-pid-1", "--die-with-parent", "/true"}},
		{name: "crun", args: []string{"crun", "--root", k.state + "/crun", "run", "-b", k.bundle, "casemate-bench"}},
		{name: "runc", args: []string{"runc", "--root", k.state + "/runc", "run", "-b", k.bundle, "casemate-bench"}},
	}
}
