package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// loadPolicy loads the SELinux policy.
func loadPolicy(r rung) error {
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
	return nil
}

// label gives files their contexts: an initramfs holds none, and nobody else does it for
// the devices of modules.
func label(r rung) error {
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
