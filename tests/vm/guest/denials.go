package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// everyDenial has the kernel log all of them: without this it leaves out what exceeds ten
// lines in five seconds (printk_ratelimit of sysctl/kernel.rst). The boot's command line
// gives the room: log_buf_len, and audit_backlog_limit=0, which is none.
func everyDenial() error {
	return os.WriteFile("/proc/sys/kernel/printk_ratelimit", []byte("0"), 0)
}

// denials prints what security modules have refused, each line behind VM-DENIED, for the
// host to judge; and where the log begins too late, or the kernel has lost some, that.
func denials() error {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	time.Sleep(200 * time.Millisecond) // a thread of the kernel's writes them (kauditd)
	b := make([]byte, 8192)            // the most that a record has, printk.c
	for first := true; ; first = false {
		n, err := unix.Read(fd, b)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case err != nil: // EPIPE too: records were overwritten while they were read
			return fmt.Errorf("read /dev/kmsg: %w", err)
		}
		head, text, _ := strings.Cut(string(b[:n]), ";")
		if f := strings.Split(head, ","); first && (len(f) < 2 || f[1] != "0") {
			return fmt.Errorf("the kernel's log begins with %q", head)
		}
		if strings.Contains(text, "denied") || strings.Contains(text, `apparmor="DENIED"`) || strings.Contains(text, "audit: audit_lost") {
			fmt.Print("VM-DENIED ", strings.TrimSpace(strings.ReplaceAll(text, "\n", " ")), "\n")
		}
	}
}
