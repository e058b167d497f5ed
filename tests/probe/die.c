//go:build ignore

// die SIGNAL: ends by the signal's default action. A program in C, since the Go
// runtime has handlers for most signals and no way to give the default back. Raw
// calls, since libc keeps 32 to 34 for itself. Built with musl-gcc -static.
//
// 3: the default action is not to end; 2: no number.

#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned long defaults[8] = {0}; // struct sigaction of the kernel: SIG_DFL
	unsigned long none = 0;
	int n = argc == 2 ? atoi(argv[1]) : 0;

	if (n < 1 || n > 64)
		return 2;
	syscall(SYS_rt_sigaction, n, defaults, NULL, 8); // KILL and STOP refuse and need none
	syscall(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, NULL, 8);
	syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), n);
	return 3;
}
