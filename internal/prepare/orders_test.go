package prepare

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"casemate/internal/gate"
	"casemate/internal/orders"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestOrdersAreSealed(t *testing.T) {
	want := &orders.Orders{Argv: []string{"/bin/app", "x"}, Env: []string{"A=1"}, Cwd: "/", Stop: 15}
	fd, err := Orders(want)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0); err != nil || seals&OrderSeals != OrderSeals {
		t.Errorf("seals %#x, %v", seals, err)
	}
	for name, err := range map[string]error{
		"write": second(unix.Write(fd, []byte("x"))), "truncate": unix.Ftruncate(fd, 0), "grow": unix.Ftruncate(fd, 1<<20),
		"map": second(unix.Mmap(fd, 0, 8, unix.PROT_WRITE, unix.MAP_SHARED)), "seal": second(unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, 0)),
	} {
		if !errors.Is(err, unix.EPERM) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 || fd < firstSlot {
		t.Errorf("descriptor %d, flags %#x", fd, flags)
	}
	b := make([]byte, 4096)
	n, err := unix.Read(fd, b) // from the start, as init does
	if err != nil {
		t.Fatal(err)
	}
	got, err := orders.Decode(b[:n])
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func second[T any](_ T, err error) error { return err }

func TestOrdersRefuses(t *testing.T) {
	before := descriptors(t)
	many := make([]string, 30)
	for i := range many {
		many[i] = strings.Repeat("x", 100<<10)
	}
	for name, o := range map[string]*orders.Orders{
		"no argv": {Stop: 15}, "too many": {Argv: make([]string, 1<<13), Stop: 15}, "too large": {Argv: many, Stop: 15},
	} {
		if fd, err := Orders(o); err == nil || fd != -1 || !strings.HasPrefix(err.Error(), "orders: ") {
			t.Errorf("%s: %d, %v", name, fd, err)
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors, before %d", after, before)
	}
}

func TestGate(t *testing.T) {
	ours, inits, err := Gate()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ours)
	for _, fd := range []int{ours, inits} {
		kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
		flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || kind != unix.SOCK_SEQPACKET || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d: type %d, flags %#x, %v", fd, kind, flags, err)
		}
	}
	if inits < firstSlot {
		t.Errorf("init's end is %d", inits)
	}
	for _, k := range []gate.Kind{gate.Ready, gate.Exited} { // messages keep their bounds
		b := gate.Message{Kind: k}.Encode()
		if _, err := unix.Write(inits, b[:]); err != nil {
			t.Fatal(err)
		}
	}
	var b [64]byte
	if n, err := unix.Read(ours, b[:]); n != gate.Size || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	unix.Read(ours, b[:])
	unix.Close(inits)
	if n, err := unix.Read(ours, b[:]); n != 0 || err != nil {
		t.Errorf("after the end: %d, %v", n, err)
	}
}

// Where no number from 64 up is to be had, every function says why and leaves nothing open.
func TestDescriptorsRunOut(t *testing.T) {
	needRoot(t)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	file := t.TempDir() + "/init"
	if err := os.WriteFile(file, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	before := descriptors(t)
	low := old
	low.Cur = firstSlot
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old)
	_, ordersErr := Orders(&orders.Orders{Argv: []string{"/a"}, Stop: 15})
	ours, _, gateErr := Gate()
	_, initErr := Init(file, false)
	for name, err := range map[string]error{"orders": ordersErr, "gate": gateErr, "init": initErr} {
		if err == nil || !strings.Contains(err.Error(), "limit of open files") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if ours != -1 {
		t.Errorf("half a gate: %d", ours)
	}
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old)
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors, before %d", after, before)
	}
}
