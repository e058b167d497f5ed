package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Appliance is examples/appliance: a bootable image as files of a directory.
type Appliance struct {
	Root, Hashes string // disks: the erofs, and the tree of dm-verity over it
	Initrd       string
	RootHash     string // of the tree; the initrd has it, and with it vouches for every block
	machine      machine
}

// BuildAppliance builds it into a directory.
func BuildAppliance(dir string) (*Appliance, error) {
	return buildAppliance(dir, func(*builder) error { return nil })
}

// buildAppliance builds one in which something is not as it should be.
func buildAppliance(dir string, spoil func(*builder) error) (*Appliance, error) {
	tree, err := debianTree()
	if err != nil {
		return nil, err
	}
	k, err := fetchKernel()
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	a := &Appliance{Root: filepath.Join(dir, "root.erofs"), Hashes: filepath.Join(dir, "root.verity"), Initrd: filepath.Join(dir, "initrd")}
	if err := rootImage(a.Root, func(root string) error { return furnish(tree, root, spoil) }); err != nil {
		return nil, err
	}
	if err := a.verity(); err != nil {
		return nil, err
	}
	return a, a.bootable(k)
}

// furnish makes the appliance's root.
func furnish(tree, root string, spoil func(*builder) error) error {
	if err := base(tree, root); err != nil {
		return err
	}
	tests, err := directory()
	if err != nil {
		return err
	}
	if err := copyTree(filepath.Join(tests, "../examples/appliance/etc"), filepath.Join(root, "etc")); err != nil {
		return err
	}
	b, err := newBuilder(root)
	if err != nil {
		return err
	}
	return errors.Join(b.trust(), b.services("nginx", "redis"), spoil(b))
}

var rootHash = regexp.MustCompile(`(?m)^Root hash:\s*([0-9a-f]{64})$`)

// verity makes the tree of hashes.
func (a *Appliance) verity() error {
	if err := os.Remove(a.Hashes); err != nil && !os.IsNotExist(err) {
		return err
	}
	out, err := run("", "/usr/sbin/veritysetup", "format", a.Root, a.Hashes)
	if err != nil {
		return err
	}
	m := rootHash.FindStringSubmatch(out)
	if m == nil {
		return fmt.Errorf("veritysetup names no root hash: %s", out)
	}
	a.RootHash = m[1]
	return nil
}

// bootable makes the initrd: it opens the root under dm-verity, and goes over to it. There
// is no udev in the image, so the one network device is set up here, too.
func (a *Appliance) bootable(k kernel) error {
	i, err := newImage(k, []string{"virtio_pci", "virtio_blk", "virtio_net", "erofs", "dm_verity"})
	if err != nil {
		return err
	}
	if err := i.program("/usr/sbin/veritysetup", "sbin/veritysetup"); err != nil {
		return err
	}
	i.guest.Env = []string{"DM_DISABLE_UDEV=1"}
	i.guest.Commands = [][]string{
		{"/sbin/veritysetup", "open", "/dev/vda", "root", "/dev/vdb", a.RootHash},
		{"/bin/ip", "address", "add", "10.0.2.15/24", "dev", "eth0"}, // QEMU's user network
		{"/bin/ip", "link", "set", "eth0", "up"},
	}
	i.guest.Root, i.guest.Init = "erofs /dev/mapper/root", "/lib/systemd/systemd"
	initrd, err := i.bytes()
	if err != nil {
		return err
	}
	which, err := accelerator(k)
	if err != nil {
		return err
	}
	a.machine = machine{kernel: k, initrd: initrd, memory: "1024", cpus: "2", accelerator: which, limit: 5 * time.Minute,
		cmdline: "apparmor=1 security=apparmor systemd.volatile=state systemd.show_status=yes systemd.status_unit_format=name"}
	return os.WriteFile(a.Initrd, initrd, 0o644)
}

// there is a disk that is made already.
func there(from string) disk {
	return disk{readonly: true, make: func(path string) error { return os.Symlink(from, path) }}
}

// Boot boots it and calls f with an address of this host's loopback device that leads to
// port 8080 of the machine. When f has ended, so does the machine.
func (a *Appliance) Boot(serial io.Writer, f func(ctx context.Context, address string) error) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that nobody has
	if err != nil {
		return "", err
	}
	address := l.Addr().String()
	l.Close()
	m := a.machine
	m.disks = []disk{there(a.Root), there(a.Hashes)}
	m.args = []string{"-netdev", "user,id=n0,restrict=on,hostfwd=tcp:" + address + "-10.0.2.15:8080", "-device", "virtio-net-pci,netdev=n0,romfile="}
	ctx, cancel := context.WithTimeout(context.Background(), m.limit)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- f(ctx, address)
		cancel()
	}()
	t, err := m.run(ctx, serial)
	cancel()
	if failed := <-done; failed != nil {
		return string(t), errors.Join(failed, err)
	}
	return string(t), nil // that the machine was ended is no error
}

// Page waits until a page is served, and gives it.
func Page(ctx context.Context, address string) (string, error) {
	var last error
	for ctx.Err() == nil {
		page, err := fetch(ctx, "http://"+address+"/")
		if err == nil {
			return page, nil
		}
		last = err
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
	return "", fmt.Errorf("no page was served: %w", last)
}

func fetch(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = errors.New(r.Status)
	}
	return strings.TrimSpace(string(b)), err
}
