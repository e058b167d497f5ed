package notify

// key is what stands before the equals sign, sd_notify(3).
type key uint8

// The keys that are passed on come first.
const (
	ready key = iota
	reloading
	stopping
	status
	monotonic
	extend
	errno
	watchdog
	barrier

	mainPID // whose status the manager takes for the service's: the workload could name any process
	mainPIDFD
	mainPIDFDID
	fdStore // descriptors that the manager keeps, and hands to the next start
	fdStoreRemove
	fdName
	fdPoll
	notifyAccess // who may notify
	watchdogUsec // the interval, which is the policy of the unit
	exitStatus
	busError
	varlinkError
	restartReset
	other // all the rest is one: the workload could think of any number
	keyLimit
)

var keyNames = [keyLimit]string{
	ready: "READY", reloading: "RELOADING", stopping: "STOPPING", status: "STATUS", monotonic: "MONOTONIC_USEC",
	extend: "EXTEND_TIMEOUT_USEC", errno: "ERRNO", watchdog: "WATCHDOG", barrier: "BARRIER",
	mainPID: "MAINPID", mainPIDFD: "MAINPIDFD", mainPIDFDID: "MAINPIDFDID", fdStore: "FDSTORE", fdStoreRemove: "FDSTOREREMOVE",
	fdName: "FDNAME", fdPoll: "FDPOLL", notifyAccess: "NOTIFYACCESS", watchdogUsec: "WATCHDOG_USEC",
	exitStatus: "EXIT_STATUS", busError: "BUSERROR", varlinkError: "VARLINKERROR", restartReset: "RESTART_RESET",
	other: "a key that sd_notify(3) does not have",
}

func keyOf(name []byte) key {
	for k := range other {
		if string(name) == keyNames[k] {
			return k
		}
	}
	return other
}

// Drops is a set of keys.
type Drops uint32

// Keys that a policy decides about.
const (
	DropReady    Drops = 1 << ready
	DropWatchdog Drops = 1 << watchdog
)

// First takes a key out of the set and gives its name, "" for an empty set.
func (d Drops) First() (name string, rest Drops) {
	for k := range keyLimit {
		if d>>k&1 != 0 {
			return keyNames[k], d &^ (1 << k)
		}
	}
	return "", 0
}
