package prepare

import (
	"errors"
	"fmt"

	"casemate/internal/orders"

	"golang.org/x/sys/unix"
)

// OrderSeals are on the orders before init sees them: nothing can change them,
// memfd_create(2), fcntl(2).
const OrderSeals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

// Orders writes init's orders to a sealed memfd.
func Orders(o *orders.Orders) (int, error) {
	b, err := orders.Encode(o)
	if err != nil {
		return -1, fmt.Errorf("orders: %w", err)
	}
	if len(b) > orders.MaxSize {
		return -1, fmt.Errorf("orders: %d bytes of arguments and environment; at most %d", len(b), orders.MaxSize)
	}
	// MFD_NOEXEC_SEAL since Linux 6.3; a host with vm.memfd_noexec=2 demands it.
	fd, err := unix.MemfdCreate("casemate-orders", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate("casemate-orders", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return -1, fmt.Errorf("memfd_create: %w", err)
	}
	if err := fill(fd, b); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return High(fd)
}

// fill writes the orders, seals them and goes back to their start. Not by package os:
// an os.File brings a finalizer, and its goroutine a thread.
func fill(fd int, b []byte) error {
	if err := writeAll(fd, b); err != nil {
		return fmt.Errorf("write the orders: %w", err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, OrderSeals); err != nil {
		return fmt.Errorf("seal the orders: %w", err)
	}
	if _, err := unix.Seek(fd, 0, unix.SEEK_SET); err != nil {
		return fmt.Errorf("seek the orders: %w", err)
	}
	return nil
}

// Gate makes the pair: ours, and init's.
func Gate() (ours, inits int, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, fmt.Errorf("socketpair: %w", err)
	}
	if inits, err = High(pair[1]); err != nil {
		unix.Close(pair[0])
		return -1, -1, err
	}
	return pair[0], inits, nil
}
