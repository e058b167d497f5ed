package verify

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Identity tells files apart.
type Identity struct{ Dev, Inode uint64 }

// Identify is the identity of an open file.
func Identify(fd int) (Identity, error) {
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	return Identity{st.Dev, st.Ino}, err
}

// identify follows a link of a process's to the file itself.
func identify(dir int, link string) (Identity, error) {
	var st unix.Stat_t
	err := unix.Fstatat(dir, link, &st, 0)
	return Identity{st.Dev, st.Ino}, err
}

func (i Identity) String() string {
	return fmt.Sprintf("device %d:%d inode %d", unix.Major(i.Dev), unix.Minor(i.Dev), i.Inode)
}

// program compares what init was executed from, and with what: the file that the shim has
// opened and checked, one argument, and of the environment the two variables that keep its
// runtime small.
func (r *reader) program(t Target) {
	exe, err := identify(r.proc.dir, "exe")
	r.fail("exe", err)
	r.add("program", "", t.Init.String(), exe.String())
	r.add("arguments", "", "casemate-init", r.words("cmdline"))
	r.add("environment", "", "GOMAXPROCS=1 GOGC=off", r.words("environ"))
}

// words reads strings that end in NUL.
func (r *reader) words(name string) string {
	b, err := r.proc.read(name)
	r.fail(name, err)
	return strings.ReplaceAll(strings.TrimSuffix(string(b), "\x00"), "\x00", " ")
}
