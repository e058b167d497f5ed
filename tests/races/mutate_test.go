//go:build amd64

package races

import (
	"os"
	"path/filepath"

	"casemate/tests/arena"

	"golang.org/x/sys/unix"
)

// A mutation does something to a path of the hostile root. attic is a directory of the
// attacker's in the same file system. Some have a second part, for the next call.
type mutation struct {
	name   string
	do     func(w *arena.Worker, path string) error
	undone func(w *arena.Worker, path string) error
}

func attic(w *arena.Worker, name string) string { return filepath.Join(w.Dir, "attic", name) }

func isDir(path string) bool {
	st, err := os.Lstat(path)
	return err == nil && st.IsDir()
}

// canaryFor is one of the kind of what is at a path.
func canaryFor(w *arena.Worker, path string) string {
	if isDir(path) {
		return canaryDir(w)
	}
	return canaryFile(w)
}

// inPlace moves what is there away and makes something else.
func inPlace(make func(w *arena.Worker, path, canary string, dir bool) error) func(*arena.Worker, string) error {
	return func(w *arena.Worker, path string) error {
		canary, dir := canaryFor(w, path), isDir(path)
		if err := unix.Rename(path, attic(w, "moved")); err != nil {
			return err
		}
		return make(w, path, canary, dir)
	}
}

// exchange swaps a path with something in the attic, in one step (renameat2(2)).
func exchange(with string) func(*arena.Worker, string) error {
	return func(w *arena.Worker, path string) error {
		return unix.Renameat2(unix.AT_FDCWD, path, unix.AT_FDCWD, attic(w, with), unix.RENAME_EXCHANGE)
	}
}

// decoy is of the same kind as what is at the path; both must be there before.
func withDecoy(w *arena.Worker, path string) error {
	name := "file"
	if isDir(path) {
		name = "dir"
	}
	return exchange(name)(w, path)
}

var mutations = []mutation{
	{name: "a link to a canary", do: inPlace(func(w *arena.Worker, path, canary string, dir bool) error { return os.Symlink(canary, path) })},
	{name: "exchanged with another", do: withDecoy},
	{name: "a canary mounted over it", do: func(w *arena.Worker, path string) error {
		return unix.Mount(canaryFor(w, path), path, "", unix.MS_BIND, "")
	}},
	{name: "deleted", do: func(w *arena.Worker, path string) error { return os.RemoveAll(path) }},
	{name: "a FIFO", do: inPlace(func(w *arena.Worker, path, canary string, dir bool) error { return unix.Mkfifo(path, 0o666) })},
	{name: "a device", do: inPlace(func(w *arena.Worker, path, canary string, dir bool) error {
		return unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5)))
	})},
	{name: "a socket", do: inPlace(func(w *arena.Worker, path, canary string, dir bool) error {
		return unix.Mknod(path, unix.S_IFSOCK|0o666, 0)
	})},
	{name: "of mode 000", do: func(w *arena.Worker, path string) error { return unix.Chmod(path, 0) }},
	{name: "of the other kind", do: inPlace(func(w *arena.Worker, path, canary string, dir bool) error {
		if dir {
			return os.WriteFile(path, nil, 0o644)
		}
		return os.Mkdir(path, 0o755)
	})},
	{name: "a link, and back", do: exchange("link"), undone: exchange("link")},
}

// makeAttic makes what is exchanged.
func makeAttic(w *arena.Worker) error {
	if err := os.MkdirAll(attic(w, "dir/data"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(attic(w, "file"), []byte("decoy"), 0o644); err != nil {
		return err
	}
	return os.Symlink(canaryDir(w), attic(w, "link"))
}
