package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// The modes that run into a limit. Each goes on until something outside stops it or a
// bound of its own is reached, and says how far it came.

// eat touches megabytes of memory, one after the other, and says so.
func eat(args []string) int {
	n, ok := number(args, 4096)
	if !ok {
		return usage("eat: wants a number of MiB")
	}
	for i := 1; i <= n; i++ {
		b, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		if err != nil {
			return usage("eat: %v", err)
		}
		for at := 0; at < len(b); at += os.Getpagesize() {
			b[at] = 1
		}
		fmt.Println("MiB", i)
	}
	return 0
}

// eatAsChild has a child of its own eat, and tells how that ended: the child is what the
// kernel kills, so that this process can say so.
func eatAsChild(args []string) int {
	cmd := exec.Command("/proc/self/exe", append([]string{"eat"}, args...)...)
	err := cmd.Run()
	fmt.Println("the child ended:", err)
	return 0
}

// breed starts children that stay until it may not.
func breed(args []string) int {
	n, ok := number(args, 10_000)
	if !ok {
		return usage("breed: wants a number of children")
	}
	var made int
	for made < n {
		cmd := exec.Command("/proc/self/exe", "sleep")
		if err := cmd.Start(); err != nil {
			fmt.Printf("%d children, then: %v\n", made, err)
			return 0
		}
		made++
	}
	fmt.Println(made, "children")
	return 0
}

// burn computes on every processor for a number of milliseconds and says how much
// processor time it got.
func burn(args []string) int {
	n, ok := number(args, 60_000)
	if !ok {
		return usage("burn: wants milliseconds")
	}
	for range runtime.NumCPU() {
		go func() {
			for i := 0; ; i++ {
				if i&0xfffff == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	time.Sleep(time.Duration(n) * time.Millisecond)
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return usage("burn: %v", err)
	}
	fmt.Println("milliseconds of processor time:", (u.Utime.Nano()+u.Stime.Nano())/1e6)
	return 0
}

// processors prints the numbers of the processors that it may run on.
func processors([]string) int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return usage("sched_getaffinity: %v", err)
	}
	line := "processors:"
	for i := range 1024 {
		if set.IsSet(i) {
			line += " " + strconv.Itoa(i)
		}
	}
	fmt.Println(line)
	return 0
}

// writeThrough writes megabytes to a file past the page cache and says how long it took.
func writeThrough(args []string) int {
	if len(args) != 2 {
		return usage("write: wants a file and a number of MiB")
	}
	n, ok := number(args[1:], 64)
	if !ok {
		return usage("write: wants a number of MiB")
	}
	fd, err := unix.Open(args[0], unix.O_WRONLY|unix.O_CREAT|unix.O_DIRECT|unix.O_SYNC, 0o600)
	if err != nil {
		return usage("write: %s: %v", args[0], err)
	}
	b, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS) // aligned, as O_DIRECT wants it
	if err != nil {
		return usage("write: %v", err)
	}
	start := time.Now()
	for range n {
		if _, err := unix.Write(fd, b); err != nil {
			return usage("write: %s: %v", args[0], err)
		}
	}
	fmt.Println("milliseconds for the writes:", time.Since(start).Milliseconds())
	return 0
}
