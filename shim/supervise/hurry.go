package supervise

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// NoHurry is what the receipt says where Hurry can do nothing.
const NoHurry = "real-time priority for init while it answers a signal: the shim has no CAP_SYS_NICE, or the cgroup no real-time runtime (CONFIG_RT_GROUP_SCHED)"

// rush is for how long init comes first: what it does about a signal takes it 50 us, and
// the shim takes the priority back whether it is done or not.
var rush = 10 * time.Millisecond

// hurry is how init gets a processor in time. Among 512 processes that do not let go of theirs
// it waits for seconds, whatever its nice value: since Linux 6.6 the next to run is the one
// with the earliest deadline, and all that are overdue have an earlier one. A real-time
// priority is above that and above the throttling of cpu.max, so it is given for the moment
// of a signal only, which the manager sends and no workload can bring about.
type hurry struct {
	usual *unix.SchedAttr // how init is scheduled else; nil where it cannot hurry or need not
	until time.Time       // when the priority is taken back; forever while there is none
	again time.Time       // when the grace is over and init has to kill; forever for not known
}

// Hurry makes ready to let init come first when a signal is passed on, and tries. It tells
// whether that works; an init that is real-time by its manager's will is left so. The
// error is for an init that is not as it was before.
func (p *Process) Hurry() (able bool, err error) {
	usual, err := unix.SchedGetAttr(p.PID(), 0)
	if err != nil {
		return false, nil // a filter of the manager's
	}
	switch usual.Policy {
	case unix.SCHED_FIFO, unix.SCHED_RR, unix.SCHED_DEADLINE:
		return true, nil
	}
	if err := p.first(); err != nil {
		return false, nil
	}
	if err := unix.SchedSetAttr(p.PID(), usual, 0); err != nil {
		return false, fmt.Errorf("sched_setattr of init, back to what it was: %w", err)
	}
	if now, err := unix.SchedGetAttr(p.PID(), 0); err != nil || *now != *usual {
		return false, fmt.Errorf("init is scheduled by %+v, not %+v as before (%w)", now, usual, err)
	}
	p.hurry.usual = usual
	return true, nil
}

// first gives init the lowest real-time priority, which no child of its inherits
// (SCHED_FLAG_RESET_ON_FORK, sched(7)). Its number is its own until it is reaped.
func (p *Process) first() error {
	return unix.SchedSetAttr(p.PID(), &unix.SchedAttr{Policy: unix.SCHED_FIFO, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK}, 0)
}

// hasten lets init come first for a moment from now.
func (p *Process) hasten() {
	if p.hurry.usual == nil {
		return
	}
	if err := p.first(); err != nil && !errors.Is(err, unix.ESRCH) {
		Say("sched_setattr of init: %s; it waits its turn", err)
		p.hurry.usual = nil
		return
	}
	p.hurry.until = time.Now().Add(rush)
}

// pace hastens init when its time to kill has come, and takes the priority back when the
// moment is over.
func (p *Process) pace() {
	now := time.Now()
	if p.hurry.again != forever && !now.Before(p.hurry.again) {
		p.hurry.again = forever
		p.hasten()
	}
	if p.hurry.until == forever || now.Before(p.hurry.until) {
		return
	}
	p.hurry.until = forever
	if err := unix.SchedSetAttr(p.PID(), p.hurry.usual, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		Say("sched_setattr of init, back to what it was: %s", err)
	}
}
