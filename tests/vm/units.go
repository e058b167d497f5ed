package vm

import (
	"fmt"
	"os"
	"path/filepath"
)

// demanding seals policies that take more of the unit than it has: a root image, a map with id
// 0 of the host, a time namespace, a joined network. Each has the drop-ins that
// casemate-shim(8) names, and a service of the same policy has none, where some are needed.
func (b *builder) demanding(own string) error {
	if err := b.pictured(); err != nil {
		return err
	}
	for _, name := range []string{"mapped", "later"} {
		if err := b.copies(filepath.Join(own, name+".toml"), name+"-bare"); err != nil {
			return err
		}
	}
	for _, d := range [][2]string{
		{"pictured", "image.conf"}, {"pictured", "apparmor.conf"}, {"pictured", "confined.conf"}, {"pictured-bare", "apparmor.conf"},
		{"joined", "apparmor.conf"}, {"joined", "confined.conf"}, {"later", "time.conf"},
	} {
		if err := b.dropIn(d[0], d[1]); err != nil {
			return err
		}
	}
	return nil
}

// pictured makes a root image, and two services with it.
func (b *builder) pictured() error {
	probe, err := os.ReadFile(filepath.Join(b.root, "usr/lib/casemate-test/app/probe"))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	hashes, err := makeImages(dir, probe)
	if err != nil {
		return err
	}
	const share = "/usr/share/casemate/"
	for _, name := range []string{"root.erofs", "root.erofs.verity"} {
		if err := copyFile(filepath.Join(dir, name), filepath.Join(b.root, share, name), 0o644); err != nil {
			return err
		}
	}
	source := filepath.Join(dir, "pictured.toml")
	text := fmt.Sprintf(`policy = 1
service = "pictured"
extends = ["base/daemon", "base/tcp-server"]
[exec]
argv = ["/app/probe", "signals"]
[root.image]
file = %q
verity = %q
root_hash = %q
[lsm]
apparmor = { generate = true }
`, share+"root.erofs", share+"root.erofs.verity", hashes["root.erofs"])
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		return err
	}
	if err := b.seal(source); err != nil {
		return err
	}
	return b.copies(source, "pictured-bare")
}
