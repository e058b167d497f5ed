package sys

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Some system calls may take for ever, and whoever makes one must not wait: a write to a terminal
// that is stopped, a close that a file system answers which never does. The Go runtime has
// a goroutine make such a call in a thread, and makes another thread for the rest. Where none
// is to be had, since pids.max is reached, it ends the program, or hangs while it says so. So
// they are made in a thread that the runtime does not know of: it makes its calls and ends.
// Where there is none for it, that is an error like any other.

// Call is one of them. Its result is nobody's.
type Call struct {
	words [4]uintptr // number and arguments
	keep  any        // what they point to
}

// CallClose is close(2).
func CallClose(fd int) Call { return Call{words: [4]uintptr{syscall.SYS_CLOSE, uintptr(fd)}} }

// CallWrite is write(2); b must not be changed until the task has ended.
func CallWrite(fd int, b []byte) Call {
	// Safety: the thread reads b, which task keeps as long as the thread is there.
	return Call{[4]uintptr{syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b))}, b}
}

// CallDrop is recvmsg(2) with room for a byte: the next datagram goes, and all that comes with it.
func CallDrop(fd, flags int) Call {
	room := &struct {
		m syscall.Msghdr
		v syscall.Iovec
		b byte
	}{}
	room.v.Base, room.v.Len = &room.b, 1
	room.m.Iov, room.m.Iovlen = &room.v, 1
	// Safety: the kernel reads and writes room, which task keeps as long as the thread is there.
	return Call{[4]uintptr{syscall.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&room.m)), uintptr(flags)}, room}
}

// longest is how many calls a task may have, and most how many tasks there may be at once.
const (
	longest = 4
	most    = 8
)

// Task is some calls on their way.
type Task struct {
	there atomic.Uint32 // the thread; the kernel writes 0 when it has ended
	calls [longest + 1][4]uintptr
	stack [64]uintptr // no call of the thread's uses it, nor a signal
	keep  [longest]any
}

// tasks are those whose threads may still be there: what they use is kept by this list.
var tasks [most]*Task

// The same on all architectures, linux/sched.h.
const asideFlags = syscall.CLONE_VM | syscall.CLONE_FS | syscall.CLONE_FILES | syscall.CLONE_SIGHAND | syscall.CLONE_THREAD |
	syscall.CLONE_SYSVSEM | syscall.CLONE_CHILD_CLEARTID

// aside is clone(2), and in the thread that it makes the calls.
func aside(flags uintptr, stack, tid unsafe.Pointer, calls unsafe.Pointer) int

// Aside makes the calls in their order, at most four, in a thread of their own. EAGAIN says that
// there is none to be had, or that so many tasks are under way. One goroutine alone may call it.
func Aside(calls ...Call) (*Task, error) {
	free := -1
	for i, t := range tasks {
		if t.Done() {
			tasks[i], free = nil, i
		}
	}
	if free < 0 || len(calls) > longest {
		return nil, syscall.EAGAIN
	}
	t := new(Task)
	for i, c := range calls {
		t.calls[i], t.keep[i] = c.words, c.keep
	}
	t.calls[len(calls)][0] = ^uintptr(0)
	t.there.Store(1)
	tasks[free] = t
	var tid int
	// Safety: t is on the heap, where nothing moves, and tasks keeps it until its thread has
	// ended. The thread has all signals blocked from its beginning on, which it inherits, and
	// so runs no handler; the code behind clone uses registers and calls alone.
	err := unheard(func() {
		stack := unsafe.Pointer(uintptr(unsafe.Pointer(&t.stack[len(t.stack)-1])) &^ 15) // as arm64 wants it
		tid = aside(asideFlags, stack, unsafe.Pointer(&t.there), unsafe.Pointer(&t.calls))
	})
	runtime.KeepAlive(t)
	if tid < 0 {
		tasks[free] = nil
		return nil, syscall.Errno(-tid)
	}
	return t, err
}

// Done tells whether the calls have returned, all of them. No task is done.
func (t *Task) Done() bool { return t == nil || t.there.Load() == 0 }
