package vm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// image is an initramfs in the making, for one rung on one kernel.
type image struct {
	archive
	kernel kernel
	guest  guestRung
	disks  []disk
}

// guestRung is rung of tests/vm/guest.
type guestRung struct {
	Modules  []string
	Commands [][]string
	Env      []string
	Mounts   []string
	Policy   string
	Labels   [][2]string
	Root     string
	Init     string
}

// first has a command run before the others.
func (i *image) first(argv ...string) {
	i.guest.Commands = append([][]string{argv}, i.guest.Commands...)
}

// newImage begins with the guest's init and a shell for people.
func newImage(k kernel, modules []string) (*image, error) {
	i := &image{archive: archive{}, kernel: k}
	for _, dir := range []string{"proc", "sys", "dev", "tmp", "run", "root", "etc", "var"} {
		i.dir(dir, 0o755)
	}
	for _, name := range below {
		i.dir("usr/"+name, 0o755)
		i.symlink(name, "usr/"+name)
	}
	i.file("etc/passwd", []byte("root:x:0:0:root:/root:/bin/sh\nredis:x:104:104::/var/lib/redis:/bin/false\nwww-data:x:33:33::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n"))
	i.file("etc/group", []byte("root:x:0:\nredis:x:104:\nwww-data:x:33:\nnogroup:x:65534:\n"))
	init, err := buildGuest()
	if err != nil {
		return nil, err
	}
	i.executable("init", init)
	if err := i.busybox(); err != nil {
		return nil, err
	}
	order, err := loadOrder(k.modules(), modules)
	if err != nil {
		return nil, err
	}
	for _, path := range order {
		name := "modules/" + filepath.Base(path)
		if err := i.copy(path, name); err != nil {
			return nil, err
		}
		i.guest.Modules = append(i.guest.Modules, "/"+name)
	}
	return i, nil
}

// buildGuest compiles the guest's init, static, once.
var buildGuest = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "init")
	if _, err := run("", "env", "CGO_ENABLED=0", "go", "build", "-ldflags", "-s -w", "-o", out, "casemate/tests/vm/guest"); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
})

// busybox brings the static shell of Debian's package busybox-static.
func (i *image) busybox() error {
	const path = "/bin/busybox"
	if err := i.copy(path, "bin/busybox"); err != nil {
		return fmt.Errorf("%w (package busybox-static)", err)
	}
	list, err := run("", path, "--list")
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(list) {
		if _, there := i.archive["usr/bin/"+name]; !there {
			i.symlink("bin/"+name, "busybox")
		}
	}
	return nil
}

// take takes a file of the host, or a symbolic link as such.
func (i *image) take(path, name string) error {
	target, err := os.Readlink(path)
	if err != nil {
		return i.copy(path, name)
	}
	i.symlink(name, target)
	return nil
}

// copy takes a file of the host, with its permissions.
func (i *image) copy(path, name string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	i.put(name, entry{typeRegular | uint32(st.Mode().Perm()), b})
	return nil
}

var library = regexp.MustCompile(`(?m)(/[^ ]+) \(0x`)

// program copies a program and, where it is dynamic, what it is linked with.
func (i *image) program(path, name string) error {
	if err := i.copy(path, name); err != nil {
		return err
	}
	out, err := run("", "ldd", path)
	if err != nil {
		return nil // ldd(1) says so of a static program
	}
	for _, m := range library.FindAllStringSubmatch(out, -1) {
		if err := i.copy(m[1], m[1]); err != nil {
			return err
		}
	}
	return nil
}

// tree copies a directory.
func (i *image) tree(dir, name string) error {
	return filepath.Walk(dir, func(path string, st os.FileInfo, err error) error {
		if err != nil || st.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return i.take(path, filepath.Join(name, rel))
	})
}

// bytes gives the initramfs.
func (i *image) bytes() ([]byte, error) {
	b, err := json.Marshal(i.guest)
	if err != nil {
		return nil, err
	}
	i.file("rung.json", b)
	var out bytes.Buffer
	err = i.write(&out)
	return out.Bytes(), err
}
