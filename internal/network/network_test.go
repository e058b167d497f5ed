package network

import (
	"encoding/binary"
	"reflect"
	"testing"

	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

func TestLoopback(t *testing.T) {
	l := &plan.List{}
	Loopback(l)
	want := []string{"socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, 0) -> socket", "ioctl(socket, SIOCSIFFLAGS, {lo IFF_UP})"}
	for i, s := range l.Steps {
		if s.String() != want[i] {
			t.Errorf("step %d: %s", i, s)
		}
	}
	request := l.Steps[1].Args[2].Data
	if size := int(reflect.TypeFor[unix.Ifreq]().Size()); len(request) != size {
		t.Errorf("struct ifreq of %d bytes; x/sys has %d", len(request), size)
	}
	if got := unix.ByteSliceToString(request[:unix.IFNAMSIZ]); got != "lo" {
		t.Errorf("the interface is %q", got)
	}
	if got := binary.NativeEndian.Uint16(request[unix.IFNAMSIZ:]); got != unix.IFF_UP {
		t.Errorf("the flags are %#x", got)
	}
	for i, b := range request[unix.IFNAMSIZ+2:] {
		if b != 0 {
			t.Errorf("byte %d is %#x", unix.IFNAMSIZ+2+i, b)
		}
	}
}
