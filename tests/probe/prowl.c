//go:build ignore

// prowl: looks all the time for processes called casemate-shim or casemate-init, and tries
// to look into them: memory, descriptors, root, a ptrace stop, a stolen descriptor. It says
// "got WHAT of NAME" for what succeeds while the process still has that name, and at the end
// of its standard input "tried N". Run as an ordinary user it must get nothing: a launcher in
// the middle of its work holds descriptors of the host (CVE-2016-9962, CVE-2026-41163).
// In C, to be quick. Built with musl-gcc -static.

#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int ours(const char *pid, char *name, size_t room)
{
	char path[320];
	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, name, room - 1);
	close(fd);
	if (n <= 0)
		return 0;
	name[n - 1] = 0;
	return !strcmp(name, "casemate-shim") || !strcmp(name, "casemate-init");
}

static int opens(const char *pid, const char *file, int flags)
{
	char path[320];
	snprintf(path, sizeof path, "/proc/%s/%s", pid, file);
	char c;
	int fd = open(path, flags);
	if (fd < 0)
		return 0;
	// Some open for everybody and are empty to those who may not look.
	int got = strncmp(file, "maps", 4) && strcmp(file, "environ") && strcmp(file, "auxv") && strcmp(file, "stack") ? 1 : read(fd, &c, 1) == 1;
	close(fd);
	return got;
}

static int steals(pid_t pid)
{
	int p = syscall(SYS_pidfd_open, pid, 0);
	if (p < 0)
		return 0;
	int got = 0;
	for (int fd = 0; fd < 16; fd++) {
		int r = syscall(SYS_pidfd_getfd, p, fd, 0);
		if (r >= 0) {
			got = 1;
			close(r);
		}
	}
	close(p);
	return got;
}

static int reads(pid_t pid)
{
	char c;
	struct iovec here = {&c, 1}, there = {(void *)0x400000, 1};
	return process_vm_readv(pid, &here, 1, &there, 1, 0) == 1;
}

static int attaches(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return 0;
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, NULL, __WALL);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return 1;
}

static long tried;

static void attack(const char *pid)
{
	static const char *const files[] = {"mem", "environ", "maps", "auxv", "stack", "fd/0", "fd/3", "fd/4", "fd/5", "fd/6", "fd/7", "fd/8", "root/etc/passwd", "cwd/etc/passwd", "exe", "ns/mnt", "map_files"};
	char name[32], still[32];
	int number = atoi(pid);
	for (size_t i = 0; i < sizeof files / sizeof *files + 3; i++) {
		const char *what;
		int got;
		size_t n = sizeof files / sizeof *files;
		if (!ours(pid, name, sizeof name))
			return;
		tried++;
		if (i < n) {
			what = files[i];
			got = opens(pid, what, O_RDONLY | O_NONBLOCK);
		} else if (i == n) {
			what = "pidfd_getfd";
			got = steals(number);
		} else if (i == n + 1) {
			what = "process_vm_readv";
			got = reads(number);
		} else {
			what = "ptrace";
			got = attaches(number);
		}
		if (got && ours(pid, still, sizeof still) && !strcmp(name, still))
			printf("got %s of %s\n", what, name);
	}
}

int main(void)
{
	struct pollfd end = {0, POLLIN, 0};
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (poll(&end, 1, 0) == 0) {
		DIR *proc = opendir("/proc");
		struct dirent *d;
		if (!proc)
			return 1;
		while ((d = readdir(proc)))
			if (isdigit((unsigned char)d->d_name[0]))
				attack(d->d_name);
		closedir(proc);
	}
	printf("tried %ld\n", tried);
	return 0;
}
