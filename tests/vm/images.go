package vm

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// rootImages brings root images, whole and to be tampered with, for loop devices, dm-verity,
// erofs and squashfs. They are made here, the guest has no mkfs.
func rootImages(i *image) error {
	dir, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	hashes, err := makeImages(dir, i.archive["casemate/bin/app/probe"].data)
	if err != nil {
		return err
	}
	for name, hash := range hashes {
		i.file("images/"+name+".hash", []byte(hash+"\n"))
		for _, file := range []string{name, name + ".verity"} {
			if err := i.copy(filepath.Join(dir, file), "images/"+file); err != nil {
				return err
			}
		}
	}
	if _, err := run(dir, "mkfs.erofs", "empty.erofs", filepath.Join(dir, "tree/tmp")); err != nil {
		return err
	}
	if err := i.copy(filepath.Join(dir, "empty.erofs"), "images/empty.erofs"); err != nil {
		return err
	}
	i.guest.Env = append(i.guest.Env, "CASEMATE_TEST_IMAGES=/images")
	return nil
}

// makeImages makes root.erofs and root.squashfs with the probe in it, hash trees beside them,
// and gives the root hashes.
func makeImages(dir string, probe []byte) (hashes map[string]string, err error) {
	tree := filepath.Join(dir, "tree")
	for _, d := range []string{"app", "dev", "proc", "tmp"} {
		if err := os.MkdirAll(filepath.Join(tree, d), 0o755); err != nil {
			return nil, err
		}
	}
	for name, b := range map[string][]byte{"app/probe": probe, "app/data": []byte(strings.Repeat("verified ", 20000))} {
		if err := os.WriteFile(filepath.Join(tree, name), b, 0o755); err != nil {
			return nil, err
		}
	}
	// As files of the image's own would be labelled.
	if err := labelled(tree, "usr_t"); err != nil {
		return nil, err
	}
	if err := labelled(filepath.Join(tree, "app/probe"), "bin_t"); err != nil {
		return nil, err
	}
	hashes = map[string]string{}
	for kind, make := range map[string][]string{
		"erofs": {"mkfs.erofs", "root.erofs", "tree"}, "squashfs": {"mksquashfs", "tree", "root.squashfs", "-quiet", "-no-progress"},
	} {
		if _, err := run(dir, make[0], make[1:]...); err != nil {
			return nil, fmt.Errorf("%w (packages erofs-utils, squashfs-tools)", err)
		}
		image := "root." + kind
		out, err := run(dir, "/usr/sbin/veritysetup", "format", image, image+".verity")
		if err != nil {
			return nil, fmt.Errorf("%w (package cryptsetup-bin)", err)
		}
		hash := rootHash.FindStringSubmatch(out)
		if hash == nil {
			return nil, fmt.Errorf("veritysetup names no root hash: %s", out)
		}
		hashes[image] = hash[1]
	}
	return hashes, nil
}

// labelled gives files SELinux's label of a type, for mkfs.erofs and mksquashfs to take along. It
// takes no SELinux here.
func labelled(path, kind string) error {
	return filepath.WalkDir(path, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return unix.Lsetxattr(path, "security.selinux", []byte("system_u:object_r:"+kind+":s0"), 0)
	})
}
