package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// label loads the SELinux policy and gives files of the image their contexts: an
// initramfs holds none.
func label(r rung) error {
	if r.Policy == "" {
		return nil
	}
	b, err := os.ReadFile(r.Policy)
	if err != nil {
		return err
	}
	// The kernel takes a policy in one write.
	if err := os.WriteFile("/sys/fs/selinux/load", b, 0); err != nil {
		return fmt.Errorf("load %s: %w", r.Policy, err)
	}
	for _, l := range r.Labels {
		err := filepath.WalkDir(l[0], func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return unix.Lsetxattr(path, "security.selinux", []byte(l[1]), 0)
		})
		if err != nil {
			return fmt.Errorf("label %s: %w", l[0], err)
		}
	}
	return nil
}
