//go:build ignore

/* Installs a seccomp filter from a file ("-": none) and prints, in nanoseconds, what
 * its installation took and what each of three calls costs, one line:
 *
 *     install allowed checked denied
 *
 * allowed: getppid, which every rule of the benchmark allows without a look at the
 * arguments. checked: ioctl on a closed descriptor, allowed by its second argument.
 * denied: personality(0xffffffff), which changes nothing where it is allowed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "loop: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double each(long nr, long a, long b, long count, int want)
{
	long i, got = 0;
	long long start = now();
	for (i = 0; i < count; i++)
		got = syscall(nr, a, b, 0);
	long long end = now();
	if (want >= 0 && !(got == -1 && errno == want)) {
		fprintf(stderr, "loop: call %ld gave %ld (%s), not %s\n", nr, got, strerror(errno), strerror(want));
		exit(1);
	}
	return (double)(end - start) / count;
}

int main(int argc, char **argv)
{
	static struct sock_filter code[4096];
	struct sock_fprog prog = {.filter = code};
	long count;
	long long install = 0;
	int filtered;

	if (argc != 3 || (count = atol(argv[2])) < 1) {
		fprintf(stderr, "usage: loop FILTER|- COUNT\n");
		return 2;
	}
	filtered = strcmp(argv[1], "-") != 0;
	if (filtered) {
		int fd = open(argv[1], O_RDONLY);
		ssize_t n = fd < 0 ? -1 : read(fd, code, sizeof code);
		if (n <= 0 || n % sizeof code[0])
			die(argv[1]);
		close(fd);
		prog.len = n / sizeof code[0];
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
			die("no_new_privs");
		long long start = now();
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog))
			die("seccomp");
		install = now() - start;
	}
	each(SYS_getppid, 0, 0, count / 10 + 1, -1); /* warms up */
	double allowed = each(SYS_getppid, 0, 0, count, -1);
	double checked = each(SYS_ioctl, 1000, TIOCGWINSZ, count, EBADF);
	double denied = each(SYS_personality, 0xffffffff, 0, count, filtered ? EPERM : -1);
	printf("%lld %.2f %.2f %.2f\n", install, allowed, checked, denied);
	return 0;
}
