package mount

import (
	"testing"

	"casemate/internal/facts"
	"casemate/internal/sealed"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestStandsInWords(t *testing.T) {
	for want, s := range map[string]Stands{
		"directory 1777 0:0": {Mode: unix.S_IFDIR | 0o1777}, "file 0000 7:4294967295": {Mode: unix.S_IFREG, UID: 7, GID: 1<<32 - 1},
		"socket 0755 1:2": {Mode: unix.S_IFSOCK | 0o755, UID: 1, GID: 2}, "symbolic link 0777 0:0": {Mode: unix.S_IFLNK | 0o777},
		"FIFO 4001 0:0": {Mode: unix.S_IFIFO | 0o4001}, "character device 1:3 0666 0:0": {Mode: unix.S_IFCHR | 0o666, Number: unix.Mkdev(1, 3)},
		"block device 259:1048575 0060 0:0": {Mode: unix.S_IFBLK | 0o60, Number: unix.Mkdev(259, 1<<20-1)}, " 0000 0:0": {},
	} {
		if got := s.String(); got != want {
			t.Errorf("%+v is %q, not %q", s, got, want)
		}
	}
}

func TestMade(t *testing.T) {
	p := tree()
	p.Masks = []sealed.Path{{Path: "/proc/y", Type: sealed.Directory}}
	p.Devices = []sealed.Device{{Path: "/dev/sda", Block: true, Major: 8, Minor: 1}}
	p.Root.Symlinks = []sealed.Symlink{{Path: "/bin", Target: "usr/bin"}}
	paths := map[string]string{}
	for _, m := range Made(p, &facts.Facts{}) {
		paths[m.Path] = m.Type + " " + m.Here.String()
	}
	want := map[string]string{
		"/": "tmpfs directory 0755 0:0", "/run": "tmpfs directory 0000 0:0", "/run/dev": "tmpfs directory 0755 0:0", "/run/dev/pts": "devpts  0000 0:0",
		"/proc": "proc  0000 0:0", "/proc/y": "tmpfs directory 0000 0:0",
	}
	if d := cmp.Diff(want, paths); d != "" {
		t.Error(d)
	}
	nodes, links := Nodes(p), Links(p)
	if n := nodes[len(nodes)-1]; len(nodes) != 7 || n.Path != "/run/dev/sda" || n.Here.String() != "block device 8:1 0666 0:0" {
		t.Errorf("%+v", nodes)
	}
	if len(links) != 6 || links[0] != (Link{"/bin", "usr/bin"}) || links[1] != (Link{"/run/dev/fd", "/proc/self/fd"}) {
		t.Errorf("%+v", links)
	}
	p.Root = sealed.Root{Path: "/srv", Symlinks: p.Root.Symlinks}
	if Made(p, &facts.Facts{})[0].Path == "/" || Links(p)[0].Path == "/bin" {
		t.Error("a root of the host's is made")
	}
}
