package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// probePuppet prints every signal it gets, as "NAME 15", and does with some of them what it
// was told, as 15=exit:4 says:
//
//	exit:CODE   ends
//	late:MS     ends so many milliseconds later, and says so
//	many:N      makes orphans that end at once, and says so
//	orphan      starts a puppet that is not its child, of the name "other", which only prints
//	inside:N    sends a signal to PID 1
//
// It says "NAME up" when it is ready. Shells as workloads lose what they get between the
// fork and the exec of a command.
func probePuppet(args []string) {
	name, does := args[0], map[int]string{}
	for _, a := range args[1:] {
		n, what, _ := strings.Cut(a, "=")
		number, _ := strconv.Atoi(n)
		does[number] = what
	}
	c := make(chan os.Signal, 1<<10)
	signal.Notify(c)
	signal.Reset(syscall.SIGURG, syscall.SIGCHLD)
	fmt.Println(name, "up")
	for s := range c {
		n := int(s.(syscall.Signal))
		fmt.Println(name, n)
		what, arg, _ := strings.Cut(does[n], ":")
		number, _ := strconv.Atoi(arg)
		switch what {
		case "exit":
			os.Exit(number)
		case "late":
			time.Sleep(time.Duration(number) * time.Millisecond)
			fmt.Println(name, "late")
			os.Exit(0)
		case "orphan":
			startOrphan("other")
		case "many":
			if err := exec.Command("/bin/sh", "-c", fmt.Sprintf("i=0; while [ $i -lt %d ]; do (:&); i=$((i+1)); done", number)).Run(); err != nil {
				fmt.Println(err)
			}
			fmt.Println("many")
		case "inside":
			syscall.Kill(1, syscall.Signal(number))
		}
	}
}

// startOrphan starts a puppet whose parent ends, in a session of its own.
func startOrphan(args ...string) {
	cmd := exec.Command("/bin/sh", append([]string{"-c", `setsid "$0" probe puppet "$@" &`, os.Args[0]}, args...)...)
	cmd.Stdout = os.Stdout
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
	}
}
