package audit

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

func runsAsRoot(v *view) {
	e, n := &v.policy.Exec, &v.policy.Namespaces
	switch {
	case n.HostUID(e.UID) == 0:
		v.found(Finding{Subject: "exec.user", At: v.execAt("user"), Message: "the workload runs as uid 0"})
	case n.HostGID(e.GID) == 0:
		v.found(Finding{Subject: "exec.group", At: v.execAt("group"), Severity: Medium, Message: "the workload runs as gid 0"})
	case slices.ContainsFunc(e.Groups, func(g uint32) bool { return n.HostGID(g) == 0 }):
		v.found(Finding{Subject: "exec.groups", At: v.execAt("groups"), Severity: Medium, Message: "the workload is in group 0"})
	}
}

// execAt is where a key of [exec] stands.
func (v *view) execAt(key string) string {
	if at := v.at("exec." + key); at != "" && at != "default" {
		return at
	}
	return v.policy.Exec.At
}

// steering variables put code into programs, by the loader (ld.so(8)) or by libc.
func steering(name string) bool {
	return strings.HasPrefix(name, "LD_") || slices.Contains([]string{"GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH", "NLSPATH", "BASH_ENV", "ENV", "PYTHONSTARTUP", "PERL5OPT", "RUBYOPT", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS"}, name)
}

func loaderAndCores(v *view) {
	for _, s := range v.policy.Exec.Env {
		if name, _, _ := strings.Cut(s, "="); steering(name) {
			v.found(Finding{Subject: "exec.env " + name, At: v.envAt(name), Message: name + " steers what is loaded"})
		}
	}
	for _, r := range v.policy.Exec.Rlimits {
		if r.Resource == unix.RLIMIT_CORE && r.Hard > 0 {
			v.found(Finding{Subject: "exec.rlimits core", At: r.At, Message: "core dumps are on"})
		}
	}
}

// envAt is where a variable of the environment is set.
func (v *view) envAt(name string) string {
	if v.Text != nil {
		if p := v.Text.File.KeyPos("exec.env", name); p.Line > 0 {
			return line(p)
		}
	}
	return v.policy.Exec.At
}

// narrowUmask is the default: nothing for others, no writing for the group.
const narrowUmask = 0o027

func wideUmask(v *view) {
	if mask := v.policy.Exec.Umask; mask&narrowUmask != narrowUmask {
		v.found(Finding{Subject: "exec.umask", At: v.execAt("umask"), Message: fmt.Sprintf("the umask is %04o", mask)})
	}
}
