package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// owner answers with the ids that a file belongs to here, "0:0".
func owner(path string) error {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return err
	}
	return fmt.Errorf("%d:%d", st.Uid, st.Gid)
}

// bindPort binds a TCP port of the loopback address.
func bindPort(s string) error {
	return withNumber(s, func(port int) error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	})
}

var clocks = map[string]int32{"realtime": unix.CLOCK_REALTIME, "monotonic": unix.CLOCK_MONOTONIC, "boottime": unix.CLOCK_BOOTTIME}

// readClock reads a clock by its name.
func readClock(name string) (id int32, ts unix.Timespec, err error) {
	id, ok := clocks[name]
	if !ok {
		return id, ts, errUnknownName
	}
	err = unix.ClockGettime(id, &ts)
	return id, ts, err
}

// clock answers with the seconds of a clock.
func clock(name string) error {
	_, ts, err := readClock(name)
	if err != nil {
		return err
	}
	return errors.New(fmt.Sprint(ts.Sec))
}

// setClock sets a clock to what it is.
func setClock(name string) error {
	id, ts, err := readClock(name)
	if err != nil {
		return err
	}
	return unix.ClockSettime(id, &ts)
}

// adjust sets the frequency of the clock to what it is, adjtimex(2).
func adjust(string) error {
	var tx unix.Timex
	if _, err := unix.Adjtimex(&tx); err != nil { // asks, which anybody may
		return err
	}
	tx.Modes = unix.ADJ_FREQUENCY
	_, err := unix.Adjtimex(&tx)
	return err
}

// overwrite writes a text over what a file of the kernel's says.
func overwrite(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
