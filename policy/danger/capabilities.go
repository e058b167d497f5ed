package danger

// Capabilities are those with which a workload leaves its confinement, or reads
// or fakes what others own, capabilities(7).
var Capabilities = map[string]string{
	"SYS_ADMIN":          "mounts, namespaces and most else of root's powers",
	"SYS_MODULE":         "code in the kernel",
	"SYS_RAWIO":          "ports, physical memory, raw disk commands",
	"SYS_BOOT":           "reboots the host, loads another kernel",
	"SYS_PTRACE":         "reads and writes the memory of other programs",
	"SYS_CHROOT":         "with a directory kept open, the way out of a chroot",
	"SYS_TIME":           "sets the host's clock",
	"SYSLOG":             "reads kernel addresses and messages",
	"MAC_ADMIN":          "changes the security module's policy",
	"MAC_OVERRIDE":       "passes by the security module",
	"AUDIT_CONTROL":      "turns the host's audit off",
	"AUDIT_READ":         "reads the host's audit log",
	"BPF":                "programs in the kernel",
	"PERFMON":            "observes the whole host",
	"CHECKPOINT_RESTORE": "chooses process ids, reads others' memory maps",
	"DAC_OVERRIDE":       "reads and writes every file that is mounted, whoever owns it",
	"DAC_READ_SEARCH":    "reads every file, and opens by handle what is not mounted (open_by_handle_at(2))",
	"FOWNER":             "changes the modes of files of others",
	"CHOWN":              "takes files of others",
	"FSETID":             "keeps set-id bits on files it changes",
	"SETFCAP":            "gives capabilities to files",
	"SETPCAP":            "changes securebits and the bounding set",
	"SETUID":             "becomes any user, root among them",
	"SETGID":             "becomes any group, root's among them",
	"MKNOD":              "makes device nodes",
	"LINUX_IMMUTABLE":    "undoes the immutable flag of files",
	"NET_ADMIN":          "interfaces, routes, firewall",
	"NET_RAW":            "forges and reads packets",
}
