package vm

import (
	"fmt"
	"path/filepath"
)

// disk is made anew for each boot.
type disk struct {
	readonly bool
	make     func(path string) error
}

// attach makes the n-th disk in dir and gives QEMU's arguments for it.
func (d disk) attach(n int, dir string) ([]string, error) {
	path := filepath.Join(dir, fmt.Sprintf("disk%d", n))
	if err := d.make(path); err != nil {
		return nil, err
	}
	drive := fmt.Sprintf("if=none,id=d%d,format=raw,file=%s", n, path)
	if d.readonly {
		drive += ",readonly=on"
	}
	return []string{"-device", fmt.Sprintf("virtio-blk-pci,drive=d%d", n), "-drive", drive}, nil
}

func emptyExt4(path string) error {
	_, err := run("", "mkfs.ext4", "-q", "-F", path, "32M")
	return err
}
