package verify

import (
	"fmt"
	"strconv"

	"casemate/internal/facts"

	"golang.org/x/sys/unix"
)

// proc is one process.
type proc struct{ dir int }

// openProc opens a process in a procfs that no path leads to. The shim's /proc could be
// mounted over; what is compared here must come from the kernel (CVE-2025-52881). The
// mount is the one that the facts were asked of: another one took 100 us, most of it to
// look everything up for the first time and to give it up again.
//
// The descriptor of /proc/PID goes on naming that process
// alone: when it is gone, every read through it fails with ESRCH, whoever has the
// number then.
func openProc(mnt, pid int) (*proc, error) {
	dir, err := unix.Openat2(mnt, strconv.Itoa(pid), &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return nil, fmt.Errorf("open process %d: %w", pid, err)
	}
	return &proc{dir}, nil
}

func (p *proc) close() { unix.Close(p.dir) }

// read reads a whole small file.
func (p *proc) read(name string) ([]byte, error) {
	return facts.ReadAt(p.dir, name, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_XDEV|unix.RESOLVE_NO_SYMLINKS)
}

// link gives the text of a link, "net:[4026531840]" of ns/net; the first 64 bytes of it.
func (p *proc) link(name string) (string, error) {
	buf := make([]byte, 64)
	n, err := unix.Readlinkat(p.dir, name, buf)
	return string(buf[:max(n, 0)]), err
}
