package danger

// Call says why a system call needs a reason when a policy names it. No shipped
// group grants one, but under a condition of its own that takes the danger away.
type Call struct {
	Why string
	// Narrowed: a condition that the policy states is reason enough, since it
	// shows the arguments to the reviewer.
	Narrowed bool
}

// Calls are those by which programs have left their confinement, or that
// act on the whole host.
var Calls = turned(map[string][]string{
	"its operations pass by the filter":                       {"io_uring_setup", "io_uring_enter", "io_uring_register"},
	"programs in the kernel, and a long record of holes":      {"bpf", "perf_event_open"},
	"reads and changes other processes":                       {"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "pidfd_getfd", "kcmp"},
	"undoes masks and read-only mounts":                       {"mount", "umount2", "fsopen", "fsconfig", "fsmount", "fspick", "open_tree", "open_tree_attr", "move_mount", "mount_setattr", "pivot_root", "chroot"},
	"enters or makes namespaces":                              {"setns", "unshare"},
	"code in the kernel":                                      {"init_module", "finit_module", "delete_module", "create_module", "kexec_load", "kexec_file_load"},
	"opens files that are not mounted (CVE-2014-3519)":        {"open_by_handle_at"},
	"keyrings are not in a namespace":                         {"keyctl", "add_key", "request_key"},
	"holds the kernel in the middle of a copy, for races":     {"userfaultfd"},
	"makes readable memory executable, turns off randomizing": {"personality"},
	"acts on the whole host":                                  {"swapon", "swapoff", "reboot", "acct", "quotactl", "quotactl_fd", "syslog", "vhangup", "sethostname", "setdomainname"},
	"sets the host's clock":                                   {"settimeofday", "clock_settime", "clock_adjtime", "adjtimex"},
	"input and output ports":                                  {"iopl", "ioperm"},
	"segments of the processor's descriptor table":            {"modify_ldt"},
	"watches files of the whole host":                         {"fanotify_init", "fanotify_mark"},
	"changes the security module's label":                     {"lsm_set_self_attr"},
	"memory that passes by the mounts, to be executed":        {"memfd_create"},
}, map[string][]string{
	"without a condition it makes namespaces":                               {"clone"},
	"without a condition it reaches every protocol family of the kernel":    {"socket"},
	"without a condition it types into terminals and drives every device":   {"ioctl"},
	"without a condition it turns speculation mitigations off for a filter": {"seccomp"},
})

// turned turns the lists around.
func turned(always, unconditional map[string][]string) map[string]Call {
	all := map[string]Call{}
	for why, names := range always {
		for _, name := range names {
			all[name] = Call{Why: why}
		}
	}
	for why, names := range unconditional {
		for _, name := range names {
			all[name] = Call{Why: why, Narrowed: true}
		}
	}
	return all
}
