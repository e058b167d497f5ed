package audit

import (
	"fmt"

	"casemate/policy/filter"
)

// family is a list of calls of the same power.
type family struct {
	calls []string
	// unlike: their arguments cannot be compared, so that a condition on one says
	// nothing about the others; only killing one does.
	unlike bool
}

var families = []family{
	{calls: []string{"execve", "execveat"}, unlike: true},
	{calls: []string{"open", "openat", "openat2"}},
	{calls: []string{"fork", "vfork", "clone"}, unlike: true},
	{calls: []string{"read", "readv", "pread64", "preadv", "preadv2"}},
	{calls: []string{"write", "writev", "pwrite64", "pwritev", "pwritev2"}},
	{calls: []string{"chmod", "fchmod", "fchmodat", "fchmodat2"}},
	{calls: []string{"chown", "lchown", "fchown", "fchownat"}},
	{calls: []string{"rename", "renameat", "renameat2"}},
	{calls: []string{"link", "linkat"}}, {calls: []string{"symlink", "symlinkat"}},
	{calls: []string{"unlink", "unlinkat"}}, {calls: []string{"mkdir", "mkdirat"}}, {calls: []string{"mknod", "mknodat"}},
	{calls: []string{"setxattr", "lsetxattr", "fsetxattr", "setxattrat"}},
	{calls: []string{"kill", "tkill", "tgkill", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo"}},
	{calls: []string{"mount", "fsmount", "open_tree", "open_tree_attr"}, unlike: true},
	{calls: []string{"init_module", "finit_module"}, unlike: true},
	{calls: []string{"kexec_load", "kexec_file_load"}, unlike: true},
	{calls: []string{"process_vm_readv", "process_vm_writev", "ptrace"}, unlike: true},
	{calls: []string{"setuid", "setreuid", "setresuid"}, unlike: true},
	{calls: []string{"setgid", "setregid", "setresgid"}, unlike: true},
	{calls: []string{"settimeofday", "clock_settime"}, unlike: true},
	{calls: []string{"accept", "accept4"}},
	{calls: []string{"sendto", "sendmsg", "sendmmsg"}, unlike: true},
}

func equivalents(v *view) {
	for _, p := range v.programs {
		kills := v.defaultKills(p)
		for _, f := range families {
			for _, name := range f.calls {
				is := p.freedom(name)
				if is == killed && !kills || is == conditional && !f.unlike {
					v.wayAround(p, f, name, is)
				}
			}
		}
	}
}

// wayAround looks for what another call of the family does for one that is restricted.
func (v *view) wayAround(p *program, f family, name string, is freedom) {
	for _, other := range f.calls {
		also := p.freedom(other)
		if other == name || also != free && !(is == killed && also == conditional) {
			continue
		}
		word := map[freedom]string{killed: "killed", conditional: "under a condition"}[is]
		v.call(name, p.reach(other), 0, fmt.Sprintf("%s is %s, and %s does the same", name, word, other))
		return
	}
}

func clone3Flags(v *view) {
	for _, p := range v.programs {
		if w := p.reach(filter.Clone3); w != nil && p.freedom("clone") == conditional {
			v.call(filter.Clone3, w, 0, "clone is under a condition, and clone3 takes its flags through a pointer")
		}
	}
}
