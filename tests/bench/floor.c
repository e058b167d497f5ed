//go:build ignore

// floor ROOT FILTER MASKS READONLY COMMAND [ARGUMENT]...
//
// The least that a launch can cost: the isolation that casemate-shim builds, as
// straight-line system calls, by a static program with nothing to initialise, no
// policy to read, nothing to verify and no init to start. It is a yardstick for
// tests/bench and no launcher: it resolves paths by name in a root that it trusts.
//
// ROOT is a directory with /proc, /dev, /sys and COMMAND. FILTER holds a seccomp
// program as raw struct sock_filter records. MASKS and READONLY say how many of the
// paths below are covered: the first that this kernel has.
//
// Every failure is named and ends with 1; otherwise COMMAND's own status, or 128+n.
// Build, with the kernel's headers behind those of musl:
//
//	musl-gcc -static -O2 -Wall -idirafter /usr/include -idirafter /usr/include/$(gcc -dumpmachine) -o floor floor.c

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534
#define STRICT (MS_NOSUID | MS_NODEV | MS_NOEXEC)

// A path of proc or sysfs, relative to the root that is the working directory.
struct path {
	const char *name;
	int directory;
};

// Masked paths, the list of policy/base/masks.toml: what every OCI runtime masks first.
static const struct path masks[] = {
	{"proc/acpi", 1}, {"proc/asound", 1}, {"proc/interrupts", 0}, {"proc/kcore", 0},
	{"proc/keys", 0}, {"proc/latency_stats", 0}, {"proc/scsi", 1}, {"proc/sched_debug", 0},
	{"proc/timer_list", 0}, {"proc/timer_stats", 0}, {"sys/devices/virtual/powercap", 1}, {"sys/firmware", 1},
	{"proc/sysrq-trigger", 0}, {"proc/kmsg", 0}, {"proc/key-users", 0}, {"proc/bootconfig", 0},
	{"proc/config.gz", 0}, {"proc/dynamic_debug", 1}, {"proc/iomem", 0}, {"proc/ioports", 0},
	{"proc/kallsyms", 0}, {"proc/kpagecgroup", 0}, {"proc/kpagecount", 0}, {"proc/kpageflags", 0},
	{"proc/locks", 0}, {"proc/modules", 0}, {"proc/pagetypeinfo", 0}, {"proc/schedstat", 0},
	{"proc/slabinfo", 0}, {"proc/softirqs", 0}, {"proc/vmallocinfo", 0}, {"proc/vmcore", 0},
	{"sys/fs/pstore", 1}, {"sys/kernel/debug", 1}, {"sys/kernel/notes", 0}, {"sys/kernel/security", 1},
	{"sys/kernel/slab", 1}, {"sys/kernel/tracing", 1}, {"sys/kernel/vmcoreinfo", 0},
};

static const char *const readonly[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/driver", "proc/mtrr"};

static const struct node {
	const char *name;
	unsigned major, minor;
} nodes[] = {
	{"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7},
	{"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0},
};

static const char *const links[][2] = {
	{"/proc/self/fd", "dev/fd"}, {"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"},
	{"/proc/self/fd/2", "dev/stderr"}, {"pts/ptmx", "dev/ptmx"},
};

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

// must ends the process, naming the call and its operand, unless the call went well.
static long must(long result, const char *call, const char *operand)
{
	if (result < 0) {
		fprintf(stderr, "floor: %s %s: %s\n", call, operand, strerror(errno));
		_exit(1);
	}
	return result;
}

static void attach(const char *source, const char *target, const char *type, unsigned long flags, const char *data)
{
	must(mount(source, target, type, flags, data), "mount", target);
}

static struct sock_fprog read_filter(const char *name)
{
	static struct sock_filter program[BPF_MAXINSNS];
	int fd = must(open(name, O_RDONLY | O_CLOEXEC), "open", name);
	long n = must(read(fd, program, sizeof(program)), "read", name);

	close(fd);
	if (n == 0 || n % sizeof(program[0])) {
		fprintf(stderr, "floor: %s: %ld bytes are no filter\n", name, n);
		_exit(1);
	}
	return (struct sock_fprog){.len = n / sizeof(program[0]), .filter = program};
}

// The root: a read-only bind of itself, which becomes the working directory.
static void make_root(const char *root)
{
	attach(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	attach(root, root, NULL, MS_BIND | MS_REC, NULL);
	attach(NULL, root, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL);
	must(chdir(root), "chdir", root);
}

// /dev: a tmpfs with the nodes that programs expect, a devpts of its own, shm, mqueue.
static void make_dev(void)
{
	attach("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k,nr_inodes=64");
	for (int i = 0; i < COUNT(nodes); i++)
		must(mknod(nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), "mknod", nodes[i].name);
	for (int i = 0; i < COUNT(links); i++)
		must(symlink(links[i][0], links[i][1]), "symlink", links[i][1]);
	must(mkdir("dev/pts", 0755), "mkdir", "dev/pts");
	must(mkdir("dev/shm", 01777), "mkdir", "dev/shm");
	must(mkdir("dev/mqueue", 01777), "mkdir", "dev/mqueue");
	attach("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620");
	attach("tmpfs", "dev/shm", "tmpfs", STRICT, "mode=1777,size=64m,nr_inodes=4096");
	attach("mqueue", "dev/mqueue", "mqueue", STRICT, NULL);
	attach(NULL, "dev", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL);
}

// Masks: an empty read-only tmpfs over a directory, the null device over a file.
// A path that this kernel does not have hides nothing and is passed over.
static void mask(int most)
{
	for (int i = 0, done = 0; i < COUNT(masks) && done < most; i++) {
		const char *name = masks[i].name;
		int r = masks[i].directory
			? mount("tmpfs", name, "tmpfs", STRICT | MS_RDONLY, "mode=0,size=4k,nr_inodes=1")
			: mount("dev/null", name, NULL, MS_BIND, NULL);

		if (r == 0)
			done++;
		else if (errno != ENOENT)
			must(r, "mask", name);
	}
}

// Read-only paths: a bind of the path over itself, remounted.
static void make_readonly(int most)
{
	for (int i = 0, done = 0; i < COUNT(readonly) && done < most; i++) {
		int r = mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL);

		if (r < 0 && errno == ENOENT)
			continue;
		must(r, "bind", readonly[i]);
		attach(NULL, readonly[i], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | STRICT, NULL);
		done++;
	}
}

static void pivot(void)
{
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root", ".");
	must(umount2(".", MNT_DETACH), "umount2", "the old root");
	must(chdir("/"), "chdir", "/");
}

// Identity and capabilities: none of any kind, and no way back.
static void drop(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};

	for (int c = 0; c < 64; c++) {
		if (prctl(PR_CAPBSET_DROP, c) < 0) {
			if (errno == EINVAL && c > CAP_AUDIT_READ) // past the kernel's last
				break;
			must(-1, "prctl", "PR_CAPBSET_DROP");
		}
	}
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl", "PR_CAP_AMBIENT_CLEAR_ALL");
	must(syscall(SYS_setgroups, 0, NULL), "setgroups", "0");
	must(syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY), "setresgid", "nobody");
	must(syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY), "setresuid", "nobody");
	must(syscall(SYS_capset, &header, none), "capset", "none");
}

// child runs as PID 1 of the new namespaces, up to the exec.
static void child(char **argv, struct sock_fprog *filter)
{
	static char *const environment[] = {NULL};

	must(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl", "PR_SET_PDEATHSIG");
	must(setsid(), "setsid", "");
	umask(0);
	make_root(argv[1]);
	attach("proc", "proc", "proc", STRICT, NULL);
	make_dev();
	attach("sysfs", "sys", "sysfs", STRICT | MS_RDONLY, NULL);
	attach("cgroup2", "sys/fs/cgroup", "cgroup2", STRICT | MS_RDONLY, NULL);
	mask(atoi(argv[3]));
	make_readonly(atoi(argv[4]));
	pivot();
	must(sethostname("floor", 5), "sethostname", "floor");
	must(syscall(SYS_close_range, 3, ~0U, 0), "close_range", "3");
	umask(022);
	drop();
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl", "PR_SET_NO_NEW_PRIVS");
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter), "seccomp", argv[2]);
	execve(argv[5], argv + 5, environment);
	must(-1, "execve", argv[5]);
}

int main(int argc, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	int status;

	if (argc < 6) {
		fprintf(stderr, "usage: floor ROOT FILTER MASKS READONLY COMMAND [ARGUMENT]...\n");
		return 2;
	}
	struct sock_fprog filter = read_filter(argv[2]);
	pid_t pid = must(syscall(SYS_clone3, &args, sizeof(args)), "clone3", "");

	if (pid == 0)
		child(argv, &filter);
	must(waitpid(pid, &status, 0), "waitpid", "");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
