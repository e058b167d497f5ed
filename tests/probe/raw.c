//go:build ignore

// raw MODE ... [, MODE ...]...: system calls with exactly the numbers and arguments that are
// given, past every library. Each is made by a process of its own, and its outcome is one
// line: "ok N", "errno N", "signal N" (it was killed) or "exit N" (it has ended itself).
//
//	call NR [ARG]...     through the native entry
//	int80 NR [ARG]...    through the 32-bit entry (amd64)
//
// Numbers may be written in any base. In C and static: a Go program's runtime makes calls
// of its own. Built with musl-gcc -static.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long native(const long *a) { return syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]); }

static long old(const long *a)
{
#ifdef __x86_64__
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "0"(a[0]), "b"(a[1]), "c"(a[2]), "d"(a[3]), "S"(a[4]), "D"(a[5]) : "memory", "r8", "r9", "r10", "r11");
	if ((int)r < 0 && (int)r > -4096) {
		errno = -(int)r;
		return -1;
	}
	return (int)r;
#else
	(void)a;
	errno = ENOSYS;
	return -1;
#endif
}

// attempt makes the call in a process of its own and puts the outcome into words.
static void attempt(long (*enter)(const long *), const long *a, char *words, size_t room)
{
	int p[2], status = 0;
	struct { long value; int number; } answer = {0, 0};
	if (pipe(p) < 0)
		exit(1);
	pid_t child = fork();
	if (child < 0)
		exit(1);
	if (child == 0) {
		errno = 0;
		answer.value = enter(a);
		answer.number = errno;
		(void)!write(p[1], &answer, sizeof answer);
		_exit(0);
	}
	close(p[1]);
	int whole = read(p[0], &answer, sizeof answer) == sizeof answer;
	close(p[0]);
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		snprintf(words, room, "signal %d", WTERMSIG(status));
	else if (!whole)
		snprintf(words, room, "exit %d", WEXITSTATUS(status));
	else if (answer.value == -1)
		snprintf(words, room, "errno %d", answer.number);
	else
		snprintf(words, room, "ok %ld", answer.value);
}

// one makes the call of argv[0] to argv[argc-1]; 0 where there is none like that.
static int one(int argc, char **argv)
{
	long a[7] = {0};
	char words[64];
	if (argc < 2 || argc > 8)
		return 0;
	for (int i = 1; i < argc; i++)
		a[i - 1] = (long)strtoull(argv[i], NULL, 0);
	if (!strcmp(argv[0], "call"))
		attempt(native, a, words, sizeof words);
	else if (!strcmp(argv[0], "int80"))
		attempt(old, a, words, sizeof words);
	else
		return 0;
	puts(words);
	fflush(stdout); // the next one's process would say it again
	return 1;
}

int main(int argc, char **argv)
{
	for (int first = 1, next; first <= argc; first = next + 1) {
		for (next = first; next < argc && strcmp(argv[next], ","); next++)
			;
		if (!one(next - first, argv + first))
			return 2;
	}
	return 0;
}
