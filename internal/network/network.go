// Package network lowers the network of a policy: in a new network namespace there
// is nothing but a loopback interface, which is down until somebody sets it up.
//
// Pure: it imports plan, and x/sys/unix for its constants.
package network

import (
	"encoding/binary"

	"casemate/internal/plan"

	"golang.org/x/sys/unix"
)

// ifreqSize is sizeof(struct ifreq) on a 64-bit kernel, netdevice(7).
const ifreqSize = 40

// Loopback sets lo up.
func Loopback(l *plan.List) {
	l.Save("", "socket", plan.Socket, plan.Named(unix.AF_INET, "AF_INET"),
		plan.Named(unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, "SOCK_DGRAM|SOCK_CLOEXEC"), plan.Num(0))
	request := make([]byte, ifreqSize)
	copy(request, "lo")
	binary.NativeEndian.PutUint16(request[unix.IFNAMSIZ:], unix.IFF_UP)
	l.Add("", plan.Ioctl, plan.Slot("socket"), plan.Named(unix.SIOCSIFFLAGS, "SIOCSIFFLAGS"), plan.Bytes("{lo IFF_UP}", request))
}
