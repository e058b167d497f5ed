package sealed

// Manager is the contract with the service manager: what of it reaches the workload.
type Manager struct {
	Ready       Ready
	Watchdog    bool     // WATCHDOG_USEC is passed on, and the workload's WATCHDOG=1 with it
	Sockets     []Passed // names of LISTEN_FDNAMES (sd_listen_fds(3)), ascending
	Credentials []Passed // names in $CREDENTIALS_DIRECTORY (systemd.exec(5)), ascending
	At          string
}

// Passed is one thing that the manager passes, by its name there.
type Passed struct{ Name, At string }

// Notify tells whether the workload talks to the manager, through the shim.
func (m *Manager) Notify() bool { return m.Ready == ReadyNotify || m.Watchdog }

// Ready says when the service manager is told that the service is up.
type Ready uint8

// The moments. ReadyLimit is not one of them.
const (
	ReadyExec   Ready = iota // the workload's execve has succeeded
	ReadyNotify              // the workload says so
	ReadyLimit
)

// Where the workload finds what comes from the manager: below /dev, the one directory
// that is made anew in every launch, whatever the root is.
const (
	contractPath = "/dev/casemate"
	NotifyPath   = contractPath + "/notify"
	SecretsPath  = contractPath + "/credentials"
)

// MaxSockets bounds LISTEN_FDS. The numbers from 7 up are init's for them, and those
// from 64 up the parent's own.
const MaxSockets = 48

// maxName is systemd's bound, FDNAME_MAX and that of a file's name.
const maxName = 255

func validManager(p *Policy) error {
	m := &p.Manager
	if m.Ready >= ReadyLimit {
		return invalid(m.At, "no such readiness: %d", m.Ready)
	}
	if err := validPassed("socket", m.Sockets, MaxSockets, socketNameFault); err != nil {
		return err
	}
	if err := validPassed("credential", m.Credentials, maxCredentials, credentialNameFault); err != nil {
		return err
	}
	return m.validMounts(p)
}

func validPassed(what string, list []Passed, most int, fault func(string) string) error {
	if len(list) > most {
		return invalid("", "%d %ss", len(list), what)
	}
	for i, s := range list {
		if why := fault(s.Name); why != "" {
			return invalid(s.At, "%s %s %s", what, clip(s.Name), why)
		}
		if i > 0 && s.Name <= list[i-1].Name {
			return invalid(s.At, "%s %s is not in ascending order", what, s.Name)
		}
	}
	return nil
}

// validMounts: what the contract needs is mounted, what it does not need is not, and
// nothing else lies there.
func (m *Manager) validMounts(p *Policy) error {
	want := map[string]bool{NotifyPath: m.Notify(), SecretsPath: len(m.Credentials) != 0}
	dev := false
	for i := range p.Mounts {
		t := p.Mounts[i].Target
		dev = dev || p.Mounts[i].Kind == Dev
		if t != contractPath && !below(t, contractPath) {
			continue
		}
		if !want[t] || places[p.Mounts[i].Kind] != t || !dev {
			return invalid(p.Mounts[i].At, "mount %s: the directory is that of the contract with the service manager", t)
		}
		delete(want, t)
	}
	for t, missing := range want {
		if missing {
			return invalid(m.At, "the contract with the service manager lacks its mount %s", t)
		}
	}
	return nil
}

// socketNameFault is fdname_is_valid of systemd: printable ASCII without the colon that
// separates them.
func socketNameFault(s string) string {
	if s == "" || len(s) > maxName {
		return "does not have 1 to 255 characters"
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ':' {
			return "has a character that no name in LISTEN_FDNAMES can have"
		}
	}
	return ""
}

// credentialNameFault is credential_name_valid of systemd: such a name and a file's.
func credentialNameFault(s string) string {
	if why := socketNameFault(s); why != "" {
		return why
	}
	for i := range len(s) {
		if s[i] == '/' {
			return "is a path"
		}
	}
	if s == "." || s == ".." {
		return "is a directory"
	}
	return ""
}
