package main

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// What a process has given up for itself.
func init() {
	for name, f := range map[string]func(string) error{
		"mmap-wx":    func(string) error { return mapped(unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, 0) },
		"mprotect-x": func(string) error { return mapped(unix.PROT_READ|unix.PROT_WRITE, unix.PROT_READ|unix.PROT_EXEC) },
		"mmap-x":     func(string) error { return mapped(unix.PROT_READ|unix.PROT_EXEC, 0) },
		"memfd":      func(flags string) error { return withNumber(flags, memfd) },
		"memfd-exec": func(flags string) error { return withNumber(flags, memfdExec) }, // of this program
		"follow":     followLink,                                                       // a link in the directory, to a file in it
	} {
		attempts[name] = f
	}
}

// mapped makes a page of memory, and changes what may be done with it.
func mapped(prot, then int) error {
	b, err := unix.Mmap(-1, 0, os.Getpagesize(), prot, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return err
	}
	defer unix.Munmap(b)
	if then != 0 {
		return unix.Mprotect(b, then)
	}
	return nil
}

func memfd(flags int) error { return closed(unix.MemfdCreate("probe", flags)) }

// memfdExec copies this program into a memfd and executes that.
func memfdExec(flags int) error {
	fd, err := unix.MemfdCreate("probe", flags)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), "probe")
	defer f.Close()
	text, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return errors.New("read: " + err.Error())
	}
	if _, err := f.Write(text); err != nil {
		return err
	}
	return execute("/proc/" + strconv.Itoa(os.Getpid()) + "/fd/" + strconv.Itoa(fd))
}

func followLink(dir string) error {
	link := filepath.Join(dir, "link")
	if err := os.WriteFile(filepath.Join(dir, "target"), nil, 0o600); err != nil {
		return err
	}
	if err := os.Symlink("target", link); err != nil {
		return err
	}
	defer os.Remove(link)
	f, err := os.Open(link)
	if err == nil {
		err = f.Close()
	}
	return err
}
