package sealed

import (
	"fmt"
	"strings"
	"testing"
)

// badPaths are refused wherever a path stands.
var badPaths = map[string]string{
	"":                              "not absolute",
	"usr":                           "not absolute",
	"./usr":                         "not absolute",
	"//usr":                         "not clean",
	"/usr/":                         "not clean",
	"/usr//lib":                     "not clean",
	"/usr/.":                        "not clean",
	"/./usr":                        "not clean",
	"/usr/..":                       "not clean",
	"/../usr":                       "not clean",
	"/usr/../../etc":                "not clean",
	"/usr\x00":                      "control",
	"/us\nr":                        "control",
	"/us\x7fr":                      "control",
	"/us\u0085r":                    "control",
	"/us\xffr":                      "UTF-8",
	"/" + strings.Repeat("x", 256):  "255 bytes",
	strings.Repeat("/0123456", 512): "too long",
}

func TestPaths(t *testing.T) {
	for bad, want := range badPaths {
		refused(t, []refusal{
			{"argv[0] " + bad, func(p *Policy) { p.Exec.Argv[0] = bad }, want},
			{"cwd " + bad, func(p *Policy) { p.Exec.Cwd = bad }, want},
			{"target " + bad, func(p *Policy) { p.Mounts[6].Target = bad }, want},
			{"source " + bad, func(p *Policy) { p.Mounts[6].Source = bad }, want},
			{"mask " + bad, func(p *Policy) { p.Masks[0].Path = bad }, want},
			{"readonly " + bad, func(p *Policy) { p.ReadOnly[0].Path = bad }, want},
			{"symlink " + bad, func(p *Policy) { p.Root.Symlinks[0].Path = bad }, want},
		})
		if bad != "" { // an assembled root
			refused(t, []refusal{{"root " + bad, func(p *Policy) { p.Root.Path, p.Root.Symlinks = bad, nil }, want}})
		}
	}
	for _, good := range []string{"/a", "/...", "/.a/b..", "/a b", "/ü", "/" + strings.Repeat("x", 255), strings.Repeat("/0123456", 511)} {
		accepted(t, []refusal{{name: good, change: func(p *Policy) { p.Mounts[6].Target = good }}})
	}
}

func TestRoot(t *testing.T) {
	refused(t, []refusal{
		{"symlinks in an image", func(p *Policy) { p.Root.Image.File, p.Root.Writable = "/a", false }, "gets no symlinks"},
		{"image beside a directory", func(p *Policy) { p.Root = Root{Path: "/b", Image: Image{File: "/a"}} }, "second root"},
		{"writable image", func(p *Policy) { p.Root = Root{Writable: true, Image: Image{File: "/a"}} }, "is writable"},
		{"image without a file", func(p *Policy) { p.Root.Image.Verity = "/a" }, "no file"},
		{"hash of no image", func(p *Policy) { p.Root.Image.Hash[5] = 1 }, "no file"},
		{"hash without a tree", func(p *Policy) { p.Root = Root{Image: Image{File: "/a", Hash: [32]byte{1}}} }, "no hash tree"},
		{"tree without a hash", func(p *Policy) { p.Root = Root{Image: Image{File: "/a", Verity: "/b"}} }, "no root hash"},
		{"tree in the image", func(p *Policy) { p.Root = Root{Image: Image{"/a", "/a", [32]byte{1}}} }, "its own hash tree"},
		{"relative image", func(p *Policy) { p.Root = Root{Image: Image{File: "a"}} }, "root image"},
		{"relative tree", func(p *Policy) { p.Root = Root{Image: Image{"/a", "b", [32]byte{1}}} }, "hash tree that"},
		{"symlinks in the host's directory", func(p *Policy) { p.Root.Path = "/srv/root" }, "gets no symlinks"},
		{"symlink without a target", func(p *Policy) { p.Root.Symlinks[0].Target = "" }, "is empty"},
		{"symlink target", func(p *Policy) { p.Root.Symlinks[0].Target = "a\nb" }, "control"},
		{"symlink twice", func(p *Policy) { p.Root.Symlinks[1].Path = "/bin" }, "there is /bin too"},
		{"symlink below a symlink", func(p *Policy) { p.Root.Symlinks[1].Path = "/bin/x" }, "there is /bin too"},
		{"symlink above a symlink", func(p *Policy) { p.Root.Symlinks[0].Path = "/lib64/x" }, "there is /lib64/x too"},
		{"symlink at a mount", func(p *Policy) { p.Root.Symlinks[0].Path = "/usr" }, "mount at /usr"},
		{"symlink in a mount", func(p *Policy) { p.Root.Symlinks[0].Path = "/dev/log" }, "mount at /dev"},
		{"symlink above a mount", func(p *Policy) { p.Root.Symlinks[0].Path = "/etc" }, "mount at /etc/passwd"},
		{"too many symlinks", func(p *Policy) {
			for i := range maxSymlinks {
				p.Root.Symlinks = append(p.Root.Symlinks, Symlink{Path: fmt.Sprintf("/%d", i), Target: "x"})
			}
		}, "symlinks"},
	})
	accepted(t, []refusal{
		{name: "host directory", change: func(p *Policy) { p.Root.Path, p.Root.Symlinks = "/srv/root", nil }},
		{name: "image", change: func(p *Policy) { p.Root = Root{Image: Image{File: "/a.erofs"}} }},
		{name: "verified image", change: func(p *Policy) { p.Root = Root{Image: Image{"/a.erofs", "/a.verity", [32]byte{1}}} }},
		{name: "the host's own root", change: func(p *Policy) { p.Root.Path, p.Root.Symlinks = "/", nil }},
		{name: "symlink with a like name", change: func(p *Policy) { p.Root.Symlinks[0].Path = "/usr2" }},
		{name: "dangling, upwards", change: func(p *Policy) { p.Root.Symlinks[0].Target = "../../x" }},
	})
}

// Mounts of full by index.
const (
	procMount, sysMount, cgroupMount, devMount, mqueueMount, tmpfsMount, bindMount, socketMount, fileMount = 0, 1, 2, 3, 4, 5, 6, 7, 8
)

func TestMounts(t *testing.T) {
	mount := func(i int, change func(m *Mount)) func(*Policy) { return func(p *Policy) { change(&p.Mounts[i]) } }
	refused(t, []refusal{
		{"at the root", mount(bindMount, func(m *Mount) { m.Target = "/" }), "root itself"},
		{"kind", mount(bindMount, func(m *Mount) { m.Kind = KindLimit }), "no known kind"},
		{"type", mount(bindMount, func(m *Mount) { m.Type = TypeLimit }), "no known kind"},
		{"bind without source", mount(bindMount, func(m *Mount) { m.Source = "" }), "source"},
		{"bind with a size", mount(bindMount, func(m *Mount) { m.Size = 1 }), "size"},
		{"bind with a mode", mount(bindMount, func(m *Mount) { m.Mode = 0o755 }), "mode"},
		{"bind with an owner", mount(bindMount, func(m *Mount) { m.GID = 1 }), "owner"},
		{"bind with devices", mount(bindMount, func(m *Mount) { m.Devices = true }), "devices"},
		{"recursive file", mount(fileMount, func(m *Mount) { m.Recursive = true }), "recursive"},
		{"recursive tmpfs", mount(tmpfsMount, func(m *Mount) { m.Recursive = true }), "recursive"},
		{"tmpfs with a source", mount(tmpfsMount, func(m *Mount) { m.Source = "/run" }), "source"},
		{"tmpfs of a file", mount(tmpfsMount, func(m *Mount) { m.Type = RegularFile }), "type"},
		{"tmpfs without size", mount(tmpfsMount, func(m *Mount) { m.Size = 0 }), "lacks a size"},
		{"tmpfs without inodes", mount(tmpfsMount, func(m *Mount) { m.Inodes = 0 }), "inode count"},
		{"dev without size", mount(devMount, func(m *Mount) { m.Size = 0 }), "lacks a size"},
		{"tmpfs setuid", mount(tmpfsMount, func(m *Mount) { m.Mode = 0o4755 }), "mode"},
		{"tmpfs owner -1", mount(tmpfsMount, func(m *Mount) { m.UID = noID }), "-1"},
		{"tmpfs group -1", mount(tmpfsMount, func(m *Mount) { m.GID = noID }), "-1"},
		{"tmpfs with devices", mount(tmpfsMount, func(m *Mount) { m.Devices = true }), "devices"},
		{"proc with exec", mount(procMount, func(m *Mount) { m.Exec = true }), "exec"},
		{"dev with exec", mount(devMount, func(m *Mount) { m.Exec = true }), "exec"},
		{"sysfs with a size", mount(sysMount, func(m *Mount) { m.Inodes = 1 }), "size"},
		{"cgroup2 with a source", mount(cgroupMount, func(m *Mount) { m.Source = "/sys" }), "source"},
		{"mqueue with a mode", mount(mqueueMount, func(m *Mount) { m.Mode = 0o700 }), "mode"},
	})
	accepted(t, []refusal{
		{name: "none", change: func(p *Policy) { p.Mounts, p.Devices, p.Manager = nil, nil, Manager{} }},
		{name: "read-only tmpfs", change: mount(tmpfsMount, func(m *Mount) { m.Writable = false })},
		{name: "bind of the host's root", change: mount(bindMount, func(m *Mount) { m.Source = "/" })},
		{name: "writable bind", change: mount(bindMount, func(m *Mount) { m.Writable = true })},
	})
}

func TestTree(t *testing.T) {
	refused(t, []refusal{
		{"twice", func(p *Policy) { p.Mounts[bindMount].Target = "/run" }, "two mounts at /run"},
		{"child first", func(p *Policy) { p.Mounts[sysMount], p.Mounts[cgroupMount] = p.Mounts[cgroupMount], p.Mounts[sysMount] },
			"mount /sys comes after /sys/fs/cgroup"},
		{"below a file", func(p *Policy) {
			p.Mounts = append(p.Mounts, Mount{Target: "/etc/passwd/x", Source: "/x"})
		}, "below /etc/passwd, which is no directory"},
		{"below a socket", func(p *Policy) {
			p.Mounts = append(p.Mounts, Mount{Target: "/run/log.sock/x", Source: "/x"})
		}, "which is no directory"},
		{"too many", func(p *Policy) {
			for i := range maxMounts {
				p.Mounts = append(p.Mounts, Mount{Target: fmt.Sprintf("/m/%d", i), Source: "/x"})
			}
		}, "mounts"},
	})
	accepted(t, []refusal{
		{name: "like names", change: func(p *Policy) {
			p.Mounts = append(p.Mounts, Mount{Target: "/run-2", Source: "/x"}, Mount{Target: "/ru", Source: "/x"})
		}},
		{name: "grandchild", change: func(p *Policy) {
			p.Mounts = append(p.Mounts, Mount{Target: "/run/a/b/c", Source: "/x"})
		}},
	})
}

func TestMasks(t *testing.T) {
	mask := func(s string) func(*Policy) { return func(p *Policy) { p.Masks[0].Path = s } }
	refused(t, []refusal{
		{"the root", mask("/"), "root itself"},
		{"twice", mask("/proc/scsi"), "twice"},
		{"below a mask", mask("/proc/scsi/x"), "there is a mask"},
		{"above a mask", mask("/etc"), "there is a mask at"},
		{"a mount", mask("/proc"), "target of a mount"},
		{"type", func(p *Policy) { p.Masks[0].Type = TypeLimit }, "type"},
		{"read-only root", func(p *Policy) { p.ReadOnly[0].Path = "/" }, "root itself"},
		{"read-only twice", func(p *Policy) { p.ReadOnly[0] = p.ReadOnly[1] }, "twice"},
		{"read-only mount", func(p *Policy) { p.ReadOnly[0].Path = "/etc/passwd" }, "target of a mount"},
		{"read-only type", func(p *Policy) { p.ReadOnly[0].Type = TypeLimit }, "type"},
		{"too many masks", func(p *Policy) {
			for i := range maxPaths {
				p.Masks = append(p.Masks, Path{Path: fmt.Sprintf("/%d", i)})
			}
		}, "mask has"},
	})
	accepted(t, []refusal{
		{name: "none", change: func(p *Policy) { p.Masks, p.ReadOnly = nil, nil }},
		{name: "mask in a read-only path", change: mask("/proc/sys/kernel")},
		{name: "nested read-only paths", change: func(p *Policy) { p.ReadOnly[1].Path = "/proc/sys/kernel" }},
	})
}
