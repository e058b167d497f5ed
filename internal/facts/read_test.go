package facts

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A file is read to its end, whatever it says of its size: one of the kernel's says 0 and gives
// itself in pieces, as a FIFO does.
func TestReadAtWhole(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 4095, 4096, 4097, 12287, 12288, 12289, 100_000} {
		want := make([]byte, size)
		for i := range want {
			want[i] = byte(i * 7)
		}
		if err := os.WriteFile(filepath.Join(dir, "file"), want, 0o600); err != nil {
			t.Fatal(err)
		}
		go func() {
			w, err := os.OpenFile(fifo, os.O_WRONLY, 0)
			if err != nil {
				t.Error(err)
				return
			}
			defer w.Close()
			for rest := want; len(rest) != 0; {
				n, err := w.Write(rest[:min(len(rest), 1000)])
				if err != nil {
					t.Error(err)
					return
				}
				rest = rest[n:]
			}
		}()
		for _, name := range []string{"file", "fifo"} {
			got, err := ReadAt(unix.AT_FDCWD, filepath.Join(dir, name), 0)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s of %d bytes: %d, %v", name, size, len(got), err)
			}
		}
	}
	if _, err := ReadAt(unix.AT_FDCWD, dir, 0); err == nil {
		t.Error("a directory was read")
	}
}
