//go:build ignore

// floor COMMAND [ARGUMENT]...
//
// The least that an init can cost: it starts the command with the signals that it was
// started with, reaps what ends, sends on what it gets, and exits with the command's
// status. A yardstick for tests/bench-init and no init: it checks nothing and says
// nothing. Built with musl-gcc -static.

#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	sigset_t all, before;
	siginfo_t info;
	int status;
	pid_t pid, command;

	if (argc < 2)
		return 246;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	command = fork();
	if (command == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	for (;;) {
		if (sigwaitinfo(&all, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD) {
			kill(command, info.si_signo);
			continue;
		}
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == command)
				return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}
