//go:build amd64

package races

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"casemate/tests/arena"

	"golang.org/x/sys/unix"
)

// The canaries of a worker: where links and mounts of the attacker lead to. Each directory
// has what a launch would look for below it.
func canaryDir(w *arena.Worker) string  { return filepath.Join(w.Dir, "canary/dir") }
func canaryFile(w *arena.Worker) string { return filepath.Join(w.Dir, "canary/file") }

func makeCanaries(w *arena.Worker) error {
	var errs []error
	for _, d := range []string{"", "app", "data", "pts", "shm", "mqueue", "fs/cgroup", "secrets", "etc", "srv/data"} {
		errs = append(errs, os.MkdirAll(filepath.Join(canaryDir(w), d), 0o755))
	}
	for _, f := range []string{canaryFile(w)} {
		errs = append(errs, os.WriteFile(f, []byte("canary"), 0o644))
	}
	for _, f := range []string{"conf", "secret", "fixed", "socket", "null", "app/probe", "etc/conf"} {
		errs = append(errs, os.WriteFile(filepath.Join(canaryDir(w), f), []byte("canary"), 0o644))
	}
	return errors.Join(errs...)
}

// canaries is all that can be known of the tree, but for the times of reading.
func canaries(w *arena.Worker) (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(filepath.Join(w.Dir, "canary"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		fmt.Fprintln(&b, path, st.Ino, st.Dev, st.Mode, st.Uid, st.Gid, st.Nlink, st.Size, st.Mtim, st.Ctim)
		if d.Type().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%x\n", sha256.Sum256(text))
		}
		return nil
	})
	return b.String(), err
}
