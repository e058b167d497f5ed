package main

import (
	"errors"
	"os"
	"sort"
	"syscall"

	"golang.org/x/sys/unix"
)

// Report is the document. Field names are those of the kernel where it has one.
type Report struct {
	PID  int `json:"pid"`
	PPID int `json:"ppid"`
	SID  int `json:"sid"`
	PGID int `json:"pgid"`

	Argv     []string `json:"argv"`
	Env      []string `json:"env"`
	Cwd      string   `json:"cwd"`
	Root     []string `json:"root"` // names in /, sorted
	Hostname string   `json:"hostname"`

	Status     map[string]string    `json:"status"` // of /proc/self/status; see statusKeys
	Caps       Caps                 `json:"caps"`   // by capget(2) and prctl(2)
	Securebits int                  `json:"securebits"`
	Dumpable   int                  `json:"dumpable"`
	Label      string               `json:"label"` // attr/current
	Keyring    int                  `json:"keyring"`
	KeyLabel   string               `json:"keyring_label"` // of a security module; "" for none
	OOMScore   string               `json:"oom_score_adj"`
	Namespaces map[string]string    `json:"namespaces"`
	Cgroup     []string             `json:"cgroup"`
	Limits     map[string][2]string `json:"limits"` // name: soft, hard; see limits
	Mounts     []string             `json:"mountinfo"`
	FDs        []FD                 `json:"fds"`
	Interfaces []Interface          `json:"interfaces"`

	Attempts []Attempt         `json:"attempts"`
	Errors   map[string]string `json:"errors"` // what could not be found out, and the errno
}

// FD is an inherited descriptor.
type FD struct {
	FD     int    `json:"fd"`
	Target string `json:"target"`
}

// Attempt is what was tried, and "ok", "empty" or the name of the errno.
type Attempt struct {
	Name   string `json:"name"`
	Result string `json:"result"`
}

// gather fills everything but the attempts.
func gather() *Report {
	r := &Report{Errors: map[string]string{}, Attempts: []Attempt{}}
	r.PID, r.PPID, r.Argv, r.Env = os.Getpid(), os.Getppid(), os.Args, os.Environ()
	for _, f := range []struct {
		name string
		fill func() error
	}{
		{"fds", func() (err error) { r.FDs, err = inherited("/proc/self/fd"); return err }},
		{"sid", func() (err error) { r.SID, err = unix.Getsid(0); return err }},
		{"pgid", func() (err error) { r.PGID, err = unix.Getpgid(0); return err }},
		{"cwd", func() (err error) { r.Cwd, err = unix.Getwd(); return err }},
		{"root", func() (err error) { r.Root, err = names("/"); return err }},
		{"hostname", func() (err error) { r.Hostname, err = hostname(); return err }},
		{"status", func() (err error) { r.Status, err = status("/proc/self/status"); return err }},
		{"caps", func() (err error) { r.Caps, err = loadCaps(); return err }},
		{"securebits", func() (err error) { r.Securebits, err = prctl(unix.PR_GET_SECUREBITS); return err }},
		{"dumpable", func() (err error) { r.Dumpable, err = prctl(unix.PR_GET_DUMPABLE); return err }},
		{"label", func() (err error) { r.Label, err = text("/proc/self/attr/current"); return err }},
		{"keyring", func() (err error) {
			r.Keyring, err = unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
			return err
		}},
		{"keyring_label", func() (err error) { r.KeyLabel, err = keyringLabel(); return err }},
		{"oom_score_adj", func() (err error) { r.OOMScore, err = text("/proc/self/oom_score_adj"); return err }},
		{"namespaces", func() (err error) { r.Namespaces, err = links("/proc/self/ns"); return err }},
		{"cgroup", func() (err error) { r.Cgroup, err = lines("/proc/self/cgroup"); return err }},
		{"limits", func() (err error) { r.Limits, err = limits("/proc/self/limits"); return err }},
		{"mountinfo", func() (err error) { r.Mounts, err = lines("/proc/self/mountinfo"); return err }},
		{"interfaces", func() (err error) { r.Interfaces, err = interfaces("/proc/self/net/dev"); return err }},
	} {
		if err := f.fill(); err != nil {
			r.Errors[f.name] = outcome(err)
		}
	}
	return r
}

// outcome names an error as the tests compare it.
func outcome(err error) string {
	var errno syscall.Errno
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &errno):
		return unix.ErrnoName(errno)
	}
	return err.Error()
}

// keyringLabel asks for the label of the session keyring, keyctl_get_security(3).
func keyringLabel() (string, error) {
	label := make([]byte, 4096)
	n, err := unix.KeyctlBuffer(unix.KEYCTL_GET_SECURITY, unix.KEY_SPEC_SESSION_KEYRING, label, 0)
	return unix.ByteSliceToString(label[:max(n, 0)]), err
}

func prctl(option int) (int, error) { return unix.PrctlRetInt(option, 0, 0, 0, 0) }

func hostname() (string, error) {
	var u unix.Utsname
	err := unix.Uname(&u)
	return unix.ByteSliceToString(u.Nodename[:]), err
}

// names lists a directory.
func names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	all := make([]string, 0, len(entries))
	for _, e := range entries {
		all = append(all, e.Name())
	}
	sort.Strings(all)
	return all, err
}
