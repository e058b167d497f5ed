//go:build ignore

// hard MODE [ARGUMENT]...: workloads that are hard on an init. In C and static, so that
// it is not its own runtime that fails. Built with musl-gcc -static.
//
//	quick [CODE]        ends at once
//	wait                ends by any signal
//	bomb UID MOST [stubborn]
//	                    answers USR2 with "pong"; with USR1 begins a fork bomb, of sessions
//	                    of its own that ignore TERM if stubborn. It refuses to unless it is, or
//	                    can become, that user, who is not root and may have MOST processes,
//	                    and ends when it has forked 16 times as many
//	eat                 answers USR2; with USR1 begins to take memory, up to 512 MiB
//	orphans COUNT BATCH leaves so many processes to PID 1, in batches: dead ones, living
//	                    ones, ones that are executing something, ones whose parent blocks
//	                    CHLD; says "half" on the way and "done"; with TERM ends with 77
//	storm COUNT         sends PID 1 so many signals, of every number but TERM, some with
//	                    forged siginfo; then says "sent"; with TERM ends with 77
//	drum                four processes send PID 1 HUP without end; with TERM ends with 77
//	queue               for a line on stdin fills PID 1's queue of real-time signals and
//	                    says "full COUNT"; with TERM ends with 77
//	tree MS             leaves three daemons that take so long to end by TERM and then say
//	                    "clean"; below 0 they ignore TERM
//	stat PATH           looks at a file, and ends with 0 if that comes back
//	hold PID            keeps a process in a ptrace stop until stdin ends
//	flood               writes to stdout without end
//
// All but quick and flood say "ready" first. 1: it could not go on; 2: misuse.

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t begun;
static const char *self;

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	_exit(1);
}

// say writes a line at once, so that lines of several processes do not mix.
static void say(const char *line) { need(write(1, line, strlen(line)) >= 0, "write"); }

static void pong(int n) { (void)n; say("pong\n"); }
static void begin(int n) { (void)n; begun = 1; }
static void end77(int n) { (void)n; _exit(77); }

static pid_t forked(void)
{
	pid_t pid = fork();

	need(pid >= 0, "fork");
	return pid;
}

static void rest(void)
{
	for (;;)
		pause();
}

// wait_for_usr1 answers USR2 meanwhile and after.
static void wait_for_usr1(void)
{
	sigset_t usr1, before;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, &before);
	signal(SIGUSR1, begin);
	signal(SIGUSR2, pong);
	say("ready\n");
	while (!begun)
		sigsuspend(&before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

// bounded makes a bomb harmless whatever else bounds it: root and CAP_SYS_RESOURCE are
// above RLIMIT_NPROC, so they are given up; the counter is shared by all its processes.
static volatile int *bounded(uid_t uid, int most)
{
	struct rlimit limit = { most, most };
	volatile int *forks = mmap(NULL, sizeof *forks, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	need(forks != MAP_FAILED, "mmap");
	if (uid == 0 || most < 1 || most > 1024) {
		fprintf(stderr, "hard: a bomb without bounds\n");
		_exit(2);
	}
	need(setrlimit(RLIMIT_NPROC, &limit) == 0, "RLIMIT_NPROC");
	if (getuid() == 0)
		need(setresuid(uid, uid, uid) == 0, "setresuid"); // which drops all capabilities
	errno = EPERM;
	need(getuid() == uid && geteuid() == uid, "a bomb of another user");
	need(setuid(0) != 0, "a bomb that can become root");
	need(getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur <= (rlim_t)most, "RLIMIT_NPROC");
	return forks;
}

static void bomb(uid_t uid, int most, int stubborn)
{
	volatile int *forks = bounded(uid, most);

	wait_for_usr1();
	if (forked() != 0)
		rest();
	signal(SIGUSR2, SIG_DFL);
	if (stubborn) {
		setsid();
		signal(SIGTERM, SIG_IGN);
	}
	for (;;) {
		if (__atomic_load_n(forks, __ATOMIC_SEQ_CST) >= 16 * most)
			_exit(3);
		if (fork() > 0)
			__atomic_add_fetch(forks, 1, __ATOMIC_SEQ_CST);
	}
}

// eat is bounded by itself, too: what it may have is far more than any test allows.
static void eat(void)
{
	struct rlimit limit = { 512 << 20, 512 << 20 };

	need(setrlimit(RLIMIT_AS, &limit) == 0, "RLIMIT_AS");
	wait_for_usr1();
	if (forked() != 0)
		rest();
	for (;;) {
		char *p = malloc(1 << 20);
		need(p != NULL, "malloc");
		memset(p, 1, 1 << 20);
	}
}

// leave is a parent of orphans of one of four kinds. It ends when they are made.
static void leave(int kind, int batch)
{
	int hold[2], i;
	sigset_t chld;
	siginfo_t info;
	char byte;

	need(pipe(hold) == 0, "pipe");
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	if (kind == 3)
		sigprocmask(SIG_BLOCK, &chld, NULL);
	for (i = 0; i < batch; i++) {
		pid_t pid = forked();
		if (pid != 0) {
			if (kind == 0 || kind == 3)
				need(waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0, "waitid");
			continue;
		}
		close(hold[1]);
		if (kind == 1) // until the parent has ended
			need(read(hold[0], &byte, 1) == 0, "read");
		if (kind == 2)
			execl(self, "hard", "quick", NULL);
		_exit(i & 127);
	}
	_exit(0);
}

static void orphans(int count, int batch)
{
	int kind = 0, status, half = count / 2;

	signal(SIGTERM, end77);
	say("ready\n");
	for (; count > 0; count -= batch, kind = (kind + 1) % 4) {
		pid_t pid = forked();
		if (pid == 0) {
			signal(SIGTERM, SIG_DFL);
			leave(kind, count < batch ? count : batch);
		}
		need(waitpid(pid, &status, 0) == pid && status == 0, "a parent of orphans");
		if (count > half && count - batch <= half)
			say("half\n");
	}
	say("done\n");
	rest();
}

// forge sends a signal that claims to be queued by PID 1. The kernel refuses codes from
// 0 up and SI_TKILL to all but the process itself.
static void forge(int n, int code)
{
	siginfo_t info;

	memset(&info, 0, sizeof info);
	info.si_signo = n;
	info.si_code = code;
	info.si_pid = 1;
	syscall(SYS_rt_sigqueueinfo, 1, n, &info);
}

static void ignore_all(void)
{
	struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } act = { SIG_IGN, 0, NULL, 0 };
	int n;

	for (n = 1; n <= 64; n++)
		if (n != SIGCHLD && n != SIGTERM)
			syscall(SYS_rt_sigaction, n, &act, NULL, 8); // libc keeps 32 to 34 for itself
	signal(SIGTERM, end77);
}

static void storm(int count)
{
	static const int codes[] = { SI_QUEUE, SI_TKILL, SI_USER, SI_KERNEL, SI_ASYNCIO };
	int i;

	ignore_all();
	say("ready\n");
	if (forked() == 0) {
		for (i = 0; i < count; i++) {
			int n = i % 64 + 1;
			if (n == SIGTERM)
				continue;
			if (i / 64 % 4 == 3)
				forge(n, codes[i % 5]);
			else
				kill(1, n);
		}
		say("sent\n");
		_exit(0);
	}
	rest();
}

static void drum(void)
{
	int i;

	ignore_all();
	for (i = 0; i < 4; i++)
		if (forked() == 0)
			for (;;)
				kill(1, SIGHUP);
	say("ready\n");
	rest();
}

static void queue(void)
{
	char line[64];
	int count = 0, refused = 0;

	ignore_all();
	if (forked() != 0)
		rest();
	say("ready\n");
	need(read(0, line, sizeof line) > 0, "read");
	while (refused < 64)
		if (sigqueue(1, SIGRTMIN + count % 20, (union sigval){ .sival_int = count }) == 0)
			count++;
		else if (errno == EAGAIN)
			refused++;
		else
			need(0, "sigqueue");
	snprintf(line, sizeof line, "full %d\n", count);
	say(line);
	_exit(0);
}

static int linger; // milliseconds

static void clean(int n)
{
	struct timespec t = { linger / 1000, linger % 1000 * 1000000L };

	(void)n;
	while (nanosleep(&t, &t) != 0)
		;
	say("clean\n");
	_exit(0);
}

static void tree(int ms)
{
	int up[2], i;
	char byte;

	linger = ms;
	need(pipe(up) == 0, "pipe");
	for (i = 0; i < 3; i++) {
		if (forked() != 0)
			continue;
		if (forked() != 0)
			_exit(0);
		setsid();
		signal(SIGTERM, ms < 0 ? SIG_IGN : clean);
		need(write(up[1], "x", 1) == 1, "write");
		rest();
	}
	for (i = 0; i < 3; i++)
		need(wait(NULL) > 0 && read(up[0], &byte, 1) == 1, "daemons");
	say("ready\n");
	rest();
}

// hold is a process of its own since a tracer takes all that it waits for.
static void hold(pid_t pid)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	int status;

	need(ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0, "PTRACE_SEIZE");
	need(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0, "PTRACE_INTERRUPT");
	need(waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status), "waitpid");
	say("ready\n");
	// A tracee that is killed is its parent's only when the tracer has waited for it.
	while (poll(&in, 1, 10) == 0)
		if (waitpid(pid, &status, __WALL | WNOHANG) == pid && !WIFSTOPPED(status))
			_exit(0);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int a = argc > 2 ? atoi(argv[2]) : 0, b = argc > 3 ? atoi(argv[3]) : 0;
	struct stat st;

	self = argv[0];
	if (strcmp(mode, "quick") == 0)
		return a;
	if (strcmp(mode, "bomb") == 0)
		bomb(a, b, argc > 4);
	if (strcmp(mode, "eat") == 0)
		eat();
	if (strcmp(mode, "orphans") == 0 && a > 0 && b > 0)
		orphans(a, b);
	if (strcmp(mode, "storm") == 0 && a > 0)
		storm(a);
	if (strcmp(mode, "drum") == 0)
		drum();
	if (strcmp(mode, "queue") == 0)
		queue();
	if (strcmp(mode, "tree") == 0 && a != 0)
		tree(a);
	if (strcmp(mode, "hold") == 0 && a > 0)
		hold(a);
	if (strcmp(mode, "wait") == 0) {
		say("ready\n");
		rest();
	}
	if (strcmp(mode, "stat") == 0 && argc > 2) {
		say("ready\n");
		return stat(argv[2], &st) != 0;
	}
	if (strcmp(mode, "flood") == 0)
		for (;;)
			say("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n");
	fprintf(stderr, "hard: no such mode: %s\n", mode);
	return 2;
}
