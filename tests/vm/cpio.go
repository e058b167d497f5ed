package vm

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"sort"
	"strings"
)

// archive is a file tree on its way to an initramfs. The kernel unpacks concatenated
// archives one over the other, so that what every run has can be kept ready.
type archive map[string]entry

// entry is a file of mode, with its content, or the target of a symbolic link.
type entry struct {
	mode uint32 // stat(2): type and permissions
	data []byte
}

const (
	typeDirectory = 0o040000
	typeRegular   = 0o100000
	typeSymlink   = 0o120000
)

func (a archive) dir(name string, mode uint32) { a.put(name, entry{typeDirectory | mode, nil}) }
func (a archive) symlink(name, target string) {
	a.put(name, entry{typeSymlink | 0o777, []byte(target)})
}
func (a archive) file(name string, b []byte)       { a.put(name, entry{typeRegular | 0o644, b}) }
func (a archive) executable(name string, b []byte) { a.put(name, entry{typeRegular | 0o755, b}) }

// put adds an entry and the directories above it.
func (a archive) put(name string, e entry) {
	name = merged(strings.TrimPrefix(path.Clean("/"+name), "/"))
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, there := a[dir]; !there {
			a[dir] = entry{typeDirectory | 0o755, nil}
		}
	}
	a[name] = e
}

// below are the directories of /usr that Debian has links to in /.
var below = []string{"bin", "sbin", "lib", "lib64"}

// merged is where a file lies with /usr merged: file-hierarchy(7).
func merged(name string) string {
	if first, _, more := strings.Cut(name, "/"); more && slices.Contains(below, first) {
		return "usr/" + name
	}
	return name
}

// write gives the archive in the "newc" format (Linux, Documentation/driver-api/
// early-userspace/buffer-format.rst), everything root's, ascending by name.
func (a archive) write(w io.Writer) error {
	names := make([]string, 0, len(a))
	for name := range a {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range slices.Concat(names, []string{"TRAILER!!!"}) {
		if err := writeEntry(w, i+1, name, a[name]); err != nil {
			return err
		}
	}
	return nil
}

func writeEntry(w io.Writer, inode int, name string, e entry) error {
	var b bytes.Buffer
	b.WriteString("070701")
	for _, field := range []int{
		inode, int(e.mode), 0, 0, 1, 0, len(e.data), 0, 0, 0, 0, len(name) + 1, 0,
	} {
		fmt.Fprintf(&b, "%08x", field)
	}
	b.WriteString(name)
	b.WriteByte(0)
	pad(&b)
	b.Write(e.data)
	pad(&b)
	_, err := w.Write(b.Bytes())
	return err
}

func pad(b *bytes.Buffer) {
	for b.Len()%4 != 0 {
		b.WriteByte(0)
	}
}
