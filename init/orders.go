package main

import (
	"syscall"

	"casemate/internal/exit"
	"casemate/internal/orders"
	"casemate/internal/sys"
)

// seals that orders must carry: nothing can change them after the shim wrote them
// (fcntl(2), "File sealing").
const seals = sys.F_SEAL_SEAL | sys.F_SEAL_SHRINK | sys.F_SEAL_GROW | sys.F_SEAL_WRITE

// underShim is the job that the shim orders.
func underShim() (*job, error) {
	// Armed by the shim's child, but cleared by a change of label (prctl(2)). The
	// shim may be gone already; then the gate is closed.
	if err := sys.Prctl(syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL)); err != nil {
		return nil, because(exit.Step, "PR_SET_PDEATHSIG", err)
	}
	// Executed from a descriptor it is called after that: 5, or memfd:casemate-init.
	if err := sys.SetName("casemate-init"); err != nil {
		return nil, because(exit.Step, "PR_SET_NAME", err)
	}
	if err := checkSeals(); err != nil {
		return nil, err
	}
	if err := closeAtExec(orders.GateFD, "descriptor 4 is not open: the shim's gate is missing"); err != nil {
		return nil, err
	}
	b, err := readOrders()
	if err != nil {
		return nil, because(exit.Step, "read the orders", err)
	}
	o, err := orders.Decode(b)
	if err != nil {
		return nil, because(exit.Usage, "orders", err)
	}
	if o.Argv[0] == "" || o.Argv[0][0] != '/' {
		return nil, misuse("orders: argv[0] is not an absolute path: " + o.Argv[0])
	}
	for i := range int(o.Sockets) {
		if err := closeAtExec(orders.SocketFD+i, "a descriptor of the service manager's is missing"); err != nil {
			return nil, err
		}
	}
	return &job{Orders: *o, path: o.Argv[0], gate: orders.GateFD, foreground: o.TTY}, nil
}

// closeAtExec keeps a descriptor from the workload. missing is what it means that it is not
// open.
func closeAtExec(fd int, missing string) error {
	_, err := sys.Fcntl(fd, syscall.F_SETFD, syscall.FD_CLOEXEC)
	if err == syscall.EBADF {
		return misuse(missing)
	}
	return because(exit.Step, "FD_CLOEXEC", err)
}

// checkSeals demands that descriptor 3 is a sealed memfd. Without any, init was called
// by hand.
func checkSeals() error {
	have, err := sys.Fcntl(orders.FD, sys.F_GET_SEALS, 0)
	switch {
	case err == syscall.EBADF:
		return misuse("no command and no orders: run casemate-init -- CMD, or let casemate-shim run it")
	case err == syscall.EINVAL:
		return misuse("orders: descriptor 3 is not a memfd: " + err.Error())
	case err != nil:
		return because(exit.Step, "F_GET_SEALS", err)
	case have&seals != seals:
		return misuse("orders: the memfd is not sealed")
	}
	return nil
}

// readOrders reads descriptor 3 to its end and closes it. One byte more than orders
// can have is enough for Decode to refuse them.
func readOrders() ([]byte, error) {
	b := make([]byte, 0, 4<<10)
	for len(b) <= orders.MaxSize {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, errno := sys.Read(orders.FD, b[len(b):cap(b)])
		if errno != 0 {
			return nil, errno
		}
		if n == 0 {
			break
		}
		b = b[:len(b)+n]
	}
	return b, syscall.Close(orders.FD)
}
