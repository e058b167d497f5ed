//go:build ignore

// work MODE [ARGUMENT]...: what the inits under measurement run, and who measures
// signals from outside. All talk is through standard input and output.
//
//	orphans CPU       for each line "COUNT BATCH" on stdin: makes so many orphans, and
//	                  the next batch when init has reaped the last; then writes "done".
//	                  Ends with stdin.
//	echo CPU          writes a byte for each SIGUSR1, from its handler
//	send PID COUNT    sends SIGUSR1 to PID and reads a byte from stdin, COUNT times; writes
//	                  the nanoseconds of each round as native 32-bit numbers
//	start PROGRAM...  executes a program, whose argument "@" becomes the time of that
//	stamp TIME        writes the nanoseconds since TIME
//
// CPU is the processor that the mode pins itself to, so that init has its own. A mode
// that cannot go on ends with status 1. Built with musl-gcc -static.

#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096 }; // orphans in a batch

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	_exit(1);
}

static void pin(const char *cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(atoi(cpu), &set);
	need(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// gone waits until init has reaped a process.
static void gone(pid_t pid)
{
	while (kill(pid, 0) == 0 || errno != ESRCH)
		sched_yield();
}

static pid_t forked(void)
{
	pid_t pid = fork();

	need(pid >= 0, "fork");
	return pid;
}

static void reaped(pid_t pid)
{
	int status;

	need(waitpid(pid, &status, 0) == pid && status == 0, "the parent of orphans");
}

// batch makes n orphans that have all ended when their parent does: init gets them
// at once.
static void batch(int n, volatile pid_t *pids)
{
	siginfo_t info;
	pid_t middle = forked(), pid;
	int i;

	if (middle == 0) {
		for (i = 0; i < n; i++) {
			pid = forked();
			if (pid == 0)
				_exit(0);
			pids[i] = pid;
			need(waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0, "waitid");
		}
		_exit(0);
	}
	reaped(middle);
	for (i = 0; i < n; i++)
		gone(pids[i]);
}

// single makes an orphan that outlives its parent: it ends when the pipe is closed.
static void single(volatile pid_t *pids)
{
	int hold[2];
	pid_t middle, pid;
	char byte;

	need(pipe(hold) == 0, "pipe");
	middle = forked();
	if (middle == 0) {
		pid = forked();
		if (pid == 0) {
			close(hold[1]);
			_exit(read(hold[0], &byte, 1) != 0);
		}
		pids[0] = pid;
		_exit(0);
	}
	reaped(middle);
	close(hold[0]);
	close(hold[1]);
	gone(pids[0]);
}

static int orphans(void)
{
	volatile pid_t *pids = mmap(NULL, MOST * sizeof *pids, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int count, size;

	need(pids != MAP_FAILED, "mmap");
	while (scanf("%d %d", &count, &size) == 2) {
		need(size > 0 && size <= MOST, "batch");
		for (; count > 0; count -= size)
			if (size > 1)
				batch(count < size ? count : size, pids);
			else
				single(pids);
		need(write(1, "done\n", 5) == 5, "write");
	}
	return 0;
}

static void handler(int n)
{
	(void)n;
	need(write(1, "", 1) == 1, "write");
}

static void echo(void)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = SA_RESTART };

	need(sigaction(SIGUSR1, &act, NULL) == 0, "sigaction");
	need(write(1, "", 1) == 1, "write"); // ready
	for (;;)
		pause();
}

static int sender(pid_t pid, int count)
{
	unsigned *took = calloc(count, sizeof *took);
	char byte;
	int i;

	need(took != NULL, "calloc");
	for (i = 0; i < count; i++) {
		long long before = now();
		need(kill(pid, SIGUSR1) == 0, "kill");
		need(read(0, &byte, 1) == 1, "read");
		took[i] = now() - before;
	}
	need(fwrite(took, sizeof *took, count, stdout) == (size_t)count, "write");
	return fflush(stdout) != 0;
}

static int start(char **argv)
{
	char time[32];
	int i;

	for (i = 0; argv[i] != NULL; i++)
		if (strcmp(argv[i], "@") == 0)
			argv[i] = time;
	snprintf(time, sizeof time, "%lld", now());
	execv(argv[0], argv);
	need(0, argv[0]);
	return 1;
}

int main(int argc, char **argv)
{
	long long at = now();
	const char *mode = argc > 2 ? argv[1] : "";

	if (strcmp(mode, "stamp") == 0) {
		printf("%lld\n", at - atoll(argv[2]));
		return 0;
	}
	if (strcmp(mode, "start") == 0)
		return start(argv + 2);
	if (strcmp(mode, "send") == 0 && argc > 3)
		return sender(atoi(argv[2]), atoi(argv[3]));
	if (strcmp(mode, "orphans") == 0) {
		pin(argv[2]);
		return orphans();
	}
	if (strcmp(mode, "echo") == 0) {
		pin(argv[2]);
		echo();
	}
	fprintf(stderr, "work: no such mode: %s\n", mode);
	return 1;
}
