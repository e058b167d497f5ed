package supervise

import (
	"errors"
	"fmt"
	"time"

	"casemate/internal/notify"

	"golang.org/x/sys/unix"
)

// Contract is what passes between the workload and the service manager.
type Contract struct {
	Socket   int  // our end of the workload's NOTIFY_SOCKET; -1 for none
	Ready    bool // the workload says when it is ready; else its execve does
	Watchdog bool // it answers the manager's watchdog
	ReadyFD  int  // gets a line end when the service is ready, and is closed; -1 for none
}

// workload is the other end of the workload's NOTIFY_SOCKET. Everything that comes from
// there is hostile: one datagram is taken at a time, not more than the manager takes,
// and not more often than rate.
type workload struct {
	Contract
	ready     bool // the manager was told so
	reloading bool // the manager was told that a reload has begun
	said      notify.Drops
	garbage   bool // it was said that no message has come
	loaded    bool // it was said that descriptors have come
	shedding  int  // hangs up when another thread has taken a message, -1 when none is to

	tokens  int
	filled  time.Time
	in      [notify.MaxSize + 1]byte // one more, so that a longer datagram is not cut to fit
	out     [notify.MaxText]byte
	control [senderRoom + fdRoom]byte
}

// The rate: so many messages at once, and then one for every interval. Who sends more
// waits, as for any reader that is slow; nothing is lost.
const (
	burst    = 32
	interval = 50 * time.Millisecond
)

// noContract is that of a workload which has nothing to say.
func noContract() workload { return keep(Contract{Socket: -1, ReadyFD: -1}) }

func keep(c Contract) workload { return workload{Contract: c, shedding: -1} }

// Keep takes over the contract, before the release.
func (p *Process) Keep(c Contract) { p.workload = keep(c) }

// workloadRuns tells the manager that the workload runs, if that is what it waits for.
func (p *Process) workloadRuns() error {
	if p.workload.Contract.Ready {
		return nil
	}
	return p.becomeReady([]byte("READY=1"))
}

// becomeReady is the moment of readiness.
func (p *Process) becomeReady(text []byte) error {
	p.workload.ready = true
	return errors.Join(p.workload.tellReadyFD(), p.manager.tell(text, -1, true))
}

// tellReadyFD is the protocol of s6 (s6-notifywhenup) and others.
func (w *workload) tellReadyFD() error {
	if w.ReadyFD < 0 {
		return nil
	}
	defer func() {
		unix.Close(w.ReadyFD)
		w.ReadyFD = -1
	}()
	// The manager's end may be full, and its file status flags are not ours to change.
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(w.ReadyFD), Events: unix.POLLOUT}}, 0)
	if err == nil && n != 1 {
		err = unix.EAGAIN
	}
	if err == nil {
		_, err = unix.Write(w.ReadyFD, []byte("\n"))
	}
	if err != nil {
		return fmt.Errorf("tell -ready-fd %d: %w", w.ReadyFD, err)
	}
	return nil
}

// mayHear tells whether a message may be taken now; if not, then again at next, unless
// that is forever.
func (w *workload) mayHear(now time.Time) (ok bool, next time.Time) {
	if w.Socket < 0 {
		return false, forever
	}
	if n := int(now.Sub(w.filled) / interval); w.filled == forever || n >= burst {
		w.tokens, w.filled = burst, now
	} else if n > 0 {
		w.tokens, w.filled = min(burst, w.tokens+n), w.filled.Add(time.Duration(n)*interval)
	}
	if w.tokens == 0 {
		return false, w.filled.Add(interval)
	}
	return true, forever
}

// source is what to wait for: a message, or that another thread has taken one.
func (w *workload) source() int {
	if w.shedding >= 0 {
		return w.shedding
	}
	return w.Socket
}

// settled waits until the other thread has taken the message that it was left, if there is
// one, and tells whether it has.
func (w *workload) settled(limit time.Duration) bool {
	if w.shedding < 0 {
		return true
	}
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(w.shedding)}}, int(max(0, limit.Milliseconds())))
	if err != nil || n != 1 {
		return false
	}
	unix.Close(w.shedding)
	w.shedding = -1
	return true
}

// hearWorkload takes one datagram and passes on what the manager may hear; false when
// there was none.
func (p *Process) hearWorkload() (bool, error) {
	w := &p.workload
	if !w.settled(0) {
		return false, nil
	}
	m, pipe, err := receive(w.Socket, w.in[:], &w.control)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return false, nil
	}
	w.tokens--
	switch {
	case errors.Is(err, errTrap):
		Say("the workload notifies of %s; nothing is heard of it any more", err)
		letGo(w.Socket) // with all that is still in its queue
		w.Socket = -1
		return false, nil
	case errors.Is(err, errLoaded):
		return true, w.shed()
	case err != nil:
		if !w.garbage {
			Say("the workload notifies of what is no message of sd_notify(3); it is dropped, and said once")
			w.garbage = true
		}
		return true, nil
	case m.Barrier:
		return true, p.manager.tell([]byte("BARRIER=1"), pipe, false)
	}
	w.judge(&m)
	w.sayDropped(m.Dropped)
	text := m.Append(w.out[:0])
	switch {
	case len(text) == 0:
		return true, nil
	case m.Ready && !w.ready:
		return true, p.becomeReady(text)
	}
	return true, p.manager.tell(text, -1, false)
}

// shed has another thread take a message with descriptors that nobody wants. Nothing is
// heard of the workload until that is done; it may be for ever.
func (w *workload) shed() (err error) {
	if !w.loaded {
		Say("the workload notifies with descriptors; such messages are dropped, and it is said once")
		w.loaded = true
	}
	w.shedding, err = shed(w.Socket)
	switch {
	case errors.Is(err, unix.EAGAIN): // no thread is to be had: it stays in the queue
		w.tokens, w.filled = 0, time.Now()
	case err != nil:
		return fmt.Errorf("drop a message of the workload's: %w", err)
	}
	return nil
}

// judge takes out what this policy does not want passed on. Where the execve counts, the
// workload's READY has a meaning only at the end of a reload that it has announced.
func (w *workload) judge(m *notify.Message) {
	if m.Ready && !w.Contract.Ready && !w.reloading {
		m.Ready, m.Dropped = false, m.Dropped|notify.DropReady
	}
	if (m.Watchdog || m.Trigger) && !w.Watchdog {
		m.Watchdog, m.Trigger, m.Dropped = false, false, m.Dropped|notify.DropWatchdog
	}
	w.reloading = m.Reloading || w.reloading && !m.Ready
}

// sayDropped says each key once.
func (w *workload) sayDropped(d notify.Drops) {
	d &^= w.said
	w.said |= d
	for d != 0 {
		var name string
		name, d = d.First()
		Say("the workload notifies of %s, which is not passed on; it is said once", name)
	}
}

// lastWords takes what the workload has said before its end, and gives it to the manager.
func (p *Process) lastWords() error {
	until := time.Now().Add(lastWordsTimeout)
	for range burst {
		if err := p.manager.flush(until); err != nil || p.workload.Socket < 0 || !p.workload.settled(time.Until(until)) {
			return err
		}
		if some, err := p.hearWorkload(); err != nil || !some {
			return err
		}
	}
	return p.manager.flush(until)
}

// lastWordsTimeout bounds the wait for a manager that does not read, at the end.
const lastWordsTimeout = time.Second
