package tests

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// hungFS mounts a file system in user space that answers for its root and for nothing in
// it: whoever looks at a file there sleeps in the kernel, and once it is signalled it cannot be
// killed (state D) until the server is gone. It gives the directory, and a function that ends the server;
// the end of the test does the same.
func hungFS(t *testing.T) (dir string, end func()) {
	t.Helper()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("needs FUSE: %v", err)
	}
	dir = filepath.Join(canaryDir(t), "hung")
	err = os.Mkdir(dir, 0o755)
	if err == nil {
		err = unix.Mount("casemate-test", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd))
	}
	if err != nil {
		unix.Close(fd)
		t.Fatal(err)
	}
	dev := os.NewFile(uintptr(fd), "/dev/fuse") // it can be polled when it is mounted
	go serve(dev)
	ended := false
	end = func() {
		if !ended {
			ended = true
			dev.Close() // who waits is told
			if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
				t.Errorf("umount %s: %v", dir, err)
			}
		}
	}
	t.Cleanup(end)
	return dir, end
}

// Requests of the protocol (include/uapi/linux/fuse.h).
const (
	fuseLookup  = 1
	fuseForget  = 2
	fuseGetattr = 3
	fuseStatfs  = 17
	fuseInit    = 26
)

// serve answers until the device is closed.
func serve(dev *os.File) {
	request := make([]byte, 1<<17)
	for {
		n, err := dev.Read(request)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENOENT) { // interrupted
			continue
		}
		if err != nil || n < 40 {
			return
		}
		errno, body := answer(binary.NativeEndian.Uint32(request[4:]))
		if errno < 0 {
			continue
		}
		b := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
		b = binary.NativeEndian.AppendUint32(b, uint32(-errno))
		b = append(b, request[8:16]...) // which request
		dev.Write(append(b, body...))   // who asked may be gone
	}
}

// answer is an error number and the body; -1 is no answer.
func answer(op uint32) (errno int32, body []byte) {
	put := binary.NativeEndian.PutUint32
	switch op {
	case fuseInit: // struct fuse_init_out
		body = make([]byte, 64)
		put(body[0:], 7)
		put(body[4:], 31)
		put(body[20:], 4096) // max_write
	case fuseGetattr: // struct fuse_attr_out, of the root
		body = make([]byte, 104)
		put(body[16:], 1)                     // ino
		put(body[16+60:], unix.S_IFDIR|0o755) // mode
		put(body[16+64:], 2)                  // nlink
	case fuseStatfs: // struct fuse_kstatfs
		body = make([]byte, 80)
	case fuseLookup, fuseForget:
		return -1, nil
	default:
		return int32(unix.ENOSYS), nil
	}
	return 0, body
}

// The shim does not wait for what cannot be killed: it ends, says so, and keeps nothing
// that keeps the next start from working.
func TestR16HungFileSystemUnderTheShim(t *testing.T) {
	needRoot(t)
	dir, end := hungFS(t)
	text := policy("hung", `"/app/hard", "stat", "/hung/file"`, fmt.Sprintf("[signals]\ngrace = %q\n[mounts]\nbind = [{ from = %q, at = \"/app\", exec = true }, { from = %q, at = \"/hung\" }]\n", grace, filepath.Join(bin, "app"), dir))
	p := &process{cmd: exec.Command(filepath.Join(bin, "casemate-shim"), "run", compiled(t, text)), done: make(chan error, 1)}
	p.cmd.WaitDelay = time.Second // the hung workload keeps its end of the pipes
	p.start(t)
	p.until(t, "ready")
	main := mainChild(t, initOf(t, p))
	inState(t, main, "SD")
	p.signal(t, syscall.SIGTERM)
	inState(t, main, "D")
	r := p.wait(t)
	r.expect(t, 128+9, "init was killed and does not end: a process of the container sleeps in the kernel")
	end()
	// What could not be removed goes with the next start of the service, or so.
	command(t, filepath.Join(bin, "casemate-shim"), "recover").expect(t, 0)
}
