package mount

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"casemate/internal/facts"
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func tree() *sealed.Policy {
	return &sealed.Policy{Mounts: []sealed.Mount{
		{Kind: sealed.Bind, Target: "/usr", Recursive: true, Exec: true}, {Kind: sealed.Tmpfs, Target: "/run", Writable: true},
		{Kind: sealed.Dev, Target: "/run/dev", Devices: true}, {Kind: sealed.Bind, Target: "/run/dev/x", Type: sealed.RegularFile}, {Kind: sealed.Proc, Target: "/proc"},
	}}
}

// A path is looked up in the deepest mount that it lies in, never in one that has only
// the beginning of its name.
func TestHolder(t *testing.T) {
	for path, want := range map[string]struct {
		slot, rest string
		fresh      bool
	}{
		"/etc/x": {plan.Root, "etc/x", true}, "/usrx": {plan.Root, "usrx", true}, "/usr": {plan.Root, "usr", true},
		"/usr/share/doc": {"mount:/usr", "share/doc", false}, "/run/a": {"mount:/run", "a", true}, "/run/dev": {"mount:/run", "dev", true},
		"/run/dev/null": {"mount:/run/dev", "null", true}, "/run/devx": {"mount:/run", "devx", true}, "/proc/sys/kernel": {"mount:/proc", "sys/kernel", false},
	} {
		if slot, rest, fresh := holder(tree(), path); slot != want.slot || rest != want.rest || fresh != want.fresh {
			t.Errorf("%s lies in %s at %s, fresh %v", path, slot, rest, fresh)
		}
	}
	p := tree()
	p.Root.Path = "/srv"
	if _, _, fresh := holder(p, "/etc"); fresh {
		t.Error("a directory of the host is taken for a fresh one")
	}
}

// Every flag of every table is one bit and stands there once: a flag of two bits would
// be printed when one of them is set.
func TestFlagsAreSingleBits(t *testing.T) {
	for _, table := range []*plan.Names{&atFlags, &attrFlags, &openFlags, &treeFlags, &moveFlags, &fsopenFlags, &fsmountFlags, &resolveFlags} {
		var all uint64
		for _, f := range *table {
			if f.Bit == 0 || f.Bit&(f.Bit-1) != 0 || all&f.Bit != 0 {
				t.Errorf("%s is %#x", f.Name, f.Bit)
			}
			all |= f.Bit
		}
	}
}

// The structures as x/sys has them.
func TestStructures(t *testing.T) {
	var how unix.OpenHow
	if a := openHow(unix.O_PATH, Beneath); binary.Size(how) != openHowSize || len(a.Data) != openHowSize {
		t.Errorf("open_how of %d bytes", len(a.Data))
	} else if _, err := binary.Decode(a.Data, binary.NativeEndian, &how); err != nil || how != (unix.OpenHow{Flags: unix.O_PATH, Resolve: Beneath}) {
		t.Errorf("%+v, %v", how, err)
	}
	var attr unix.MountAttr
	for _, private := range []bool{false, true} {
		want := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
		if private {
			want.Propagation = unix.MS_PRIVATE
		}
		a := mountAttr(unix.MOUNT_ATTR_RDONLY, private)
		if _, err := binary.Decode(a.Data, binary.NativeEndian, &attr); err != nil || attr != want || len(a.Data) != mountAttrSize || binary.Size(attr) != mountAttrSize {
			t.Errorf("%+v of %d bytes, %v", attr, len(a.Data), err)
		}
	}
}

func TestAttributes(t *testing.T) {
	for _, c := range []struct {
		mount sealed.Mount
		want  string
	}{
		{sealed.Mount{}, "ro,nosuid,nodev,noexec"}, {sealed.Mount{Writable: true}, "nosuid,nodev,noexec"},
		{sealed.Mount{Exec: true}, "ro,nosuid,nodev"}, {sealed.Mount{Devices: true}, "ro,nosuid,noexec"},
	} {
		if got := flagText(attributes(&c.mount)); got != c.want {
			t.Errorf("%+v is %s", c.mount, got)
		}
	}
	for _, c := range []struct {
		root sealed.Root
		want string
	}{
		{sealed.Root{}, "ro,nosuid,nodev,noexec"}, {sealed.Root{Writable: true}, "nosuid,nodev,noexec"},
		{sealed.Root{Image: sealed.Image{File: "/a"}}, "ro,nosuid,nodev"},
		{sealed.Root{Path: "/srv"}, "ro,nosuid,nodev"}, {sealed.Root{Path: "/srv", Writable: true}, "nosuid,nodev"},
	} {
		if got := flagText(rootAttributes(&sealed.Policy{Root: c.root})); got != c.want {
			t.Errorf("%+v is %s", c.root, got)
		}
	}
}

// A default that the kernel lacks, or whose file system is not mounted, is left out; a
// path of the policy never is.
func TestPresent(t *testing.T) {
	f := &facts.Facts{Paths: map[string]string{"/proc/kcore": "file", "/proc/bus": "dir", "/sys/firmware": "dir"}}
	got := Present(tree(), f, []sealed.Path{
		{Path: "/proc/kcore", Default: true}, {Path: "/proc/bus", Default: true}, {Path: "/proc/gone", Default: true},
		{Path: "/sys/firmware", Default: true}, {Path: "/proc/own", Type: sealed.Directory}, {Path: "/nowhere", Type: sealed.RegularFile},
	})
	want := []sealed.Path{
		{Path: "/proc/kcore", Default: true, Type: sealed.RegularFile}, {Path: "/proc/bus", Default: true, Type: sealed.Directory},
		{Path: "/proc/own", Type: sealed.Directory}, {Path: "/nowhere", Type: sealed.RegularFile},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestExpected(t *testing.T) {
	p := tree()
	p.Masks = []sealed.Path{{Path: "/proc/sys/kernel/x"}, {Path: "/proc/y"}}
	p.ReadOnly = []sealed.Path{{Path: "/proc/sys"}}
	want := []Point{
		{Path: "/", Flags: "ro,nosuid,nodev,noexec"},
		{Path: "/usr", Flags: "ro,nosuid,nodev", Below: true},
		{Path: "/run", Flags: "nosuid,nodev,noexec"},
		{Path: "/run/dev", Flags: "ro,nosuid,noexec"}, {Path: "/run/dev/pts", Flags: "nosuid,noexec"},
		{Path: "/run/dev/x", Flags: "ro,nosuid,nodev,noexec"},
		{Path: "/proc", Flags: "nosuid,nodev,noexec"},
		{Path: "/proc/sys/kernel/x", Flags: "ro,nosuid,nodev,noexec", Copies: 1},
		{Path: "/proc/y", Flags: "ro,nosuid,nodev,noexec"},
		{Path: "/proc/sys", Flags: "ro,nosuid", Copy: true},
	}
	if d := cmp.Diff(want, Expected(p, &facts.Facts{})); d != "" {
		t.Error(d)
	}
}

// A read-only path below another one is read-only already: a second copy could not even
// be attached, since the first one lies over it.
func TestReadOnlyPathsBelowEachOther(t *testing.T) {
	p := tree()
	f := &facts.Facts{Paths: map[string]string{"/proc/sys": "dir"}}
	p.ReadOnly = []sealed.Path{{Path: "/proc/sys/kernel"}, {Path: "/proc/sys", Default: true}, {Path: "/proc/sysx"}, {Path: "/proc/sys/net/ipv4"}}
	opened := func() []string {
		l := &plan.List{}
		ReadOnly(l, p, f)
		var paths []string
		for _, s := range l.Steps {
			if s.Op == plan.Openat2 {
				paths = append(paths, s.Args[1].Text)
			}
		}
		return paths
	}
	if got := opened(); !slices.Equal(got, []string{"sys", "sysx"}) {
		t.Errorf("copies of %q", got)
	}
	for _, e := range Expected(p, f) {
		if strings.HasPrefix(e.Path, "/proc/sys/") {
			t.Errorf("expects %s", e.Path)
		}
	}
	delete(f.Paths, "/proc/sys") // not on this kernel: then the policy's own are what there is
	if got := opened(); !slices.Equal(got, []string{"sys/kernel", "sysx", "sys/net/ipv4"}) {
		t.Errorf("copies of %q", got)
	}
}

// Nothing to hide: no file system is made for it, and none is detached.
func TestNoMasks(t *testing.T) {
	l := &plan.List{}
	Masks(l, tree(), &facts.Facts{})
	ReadOnly(l, tree(), &facts.Facts{})
	if len(l.Steps) != 0 {
		t.Errorf("%s", l.Steps[0])
	}
}

func TestOpens(t *testing.T) {
	p := tree()
	p.Mounts[0].Source, p.Mounts[0].At, p.Mounts[3].Source = "/host/usr", "p:1", "/host/x"
	want := []plan.Open{
		{Slot: "mount:/usr", Kind: plan.Recursive, Path: "/host/usr", Type: "dir", At: "p:1"},
		{Slot: "mount:/run/dev/x", Kind: plan.Tree, Path: "/host/x", Type: "file"},
	}
	if d := cmp.Diff(want, Opens(p)); d != "" {
		t.Error(d)
	}
	p.Root = sealed.Root{Path: "/srv", At: "p:2"}
	if got := Opens(p)[0]; got != (plan.Open{Slot: plan.Root, Kind: plan.Tree, Path: "/srv", Type: "dir", At: "p:2"}) {
		t.Errorf("%+v", got)
	}
}

func TestOpensImage(t *testing.T) {
	p := &sealed.Policy{Root: sealed.Root{Image: sealed.Image{File: "/a.erofs", Verity: "/a.verity", Hash: [32]byte{31: 7}}, At: "p:2"}}
	want := plan.Open{Slot: plan.Root, Kind: plan.Image, Path: "/a.erofs", Type: "file", Verity: plan.Verity{Tree: "/a.verity", Hash: [32]byte{31: 7}}, At: "p:2"}
	if got := Opens(p); len(got) != 1 || got[0] != want {
		t.Errorf("%+v", got)
	}
	l := &plan.List{}
	AttachRoot(l, p, &facts.Facts{})
	Seal(l, p)
	for _, s := range l.Steps { // the parent has made it: only attributes, and its place
		if s.Op != plan.MountSetattr && s.Op != plan.MoveMount {
			t.Errorf("%s", s)
		}
	}
}

// Nothing is made in a directory of the host: there the mount points have to exist.
func TestNothingIsMadeInTheHostsDirectory(t *testing.T) {
	for root, want := range map[string]bool{"": true, "/srv": false} {
		p := &sealed.Policy{Root: sealed.Root{Path: root}, Mounts: []sealed.Mount{{Kind: sealed.Bind, Target: "/a/b", Type: sealed.RegularFile}, {Kind: sealed.Proc, Target: "/proc"}}}
		l := &plan.List{}
		Tree(l, p, &facts.Facts{})
		made := slices.ContainsFunc(l.Steps, func(s plan.Step) bool { return s.Op == plan.Mkdirat || s.Op == plan.Mknodat })
		if made != want {
			t.Errorf("root %q: something is made: %v", root, made)
		}
	}
}
