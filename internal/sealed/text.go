package sealed

import (
	"strings"
	"unicode/utf8"
)

// The checks of single texts. Each gives what is wrong, or "" for nothing.

// lineFault: one printable line, empty or not. Policy text and receipts are
// UTF-8, so nothing else can be meant; a control character would let a name
// forge a second log line or drive a terminal.
func lineFault(s string, most int) string {
	if len(s) > most {
		return "is too long"
	}
	ascii := true
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return "holds a control character"
		}
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		return ""
	}
	return runeFault(s)
}

// runeFault finds what no single byte shows: the C1 controls and the line ends
// that only Unicode has.
func runeFault(s string) string {
	if !utf8.ValidString(s) {
		return "is not UTF-8"
	}
	for _, r := range s {
		if 0x80 <= r && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return "holds a control character"
		}
	}
	return ""
}

// argumentFault: what execve(2) can carry. Line ends are allowed, since a script
// may stand in an argument; a NUL would cut it short.
func argumentFault(s string) string {
	if len(s) > maxArgument {
		return "is too long"
	}
	if !utf8.ValidString(s) {
		return "is not UTF-8"
	}
	if strings.IndexByte(s, 0) >= 0 {
		return "holds a NUL"
	}
	return ""
}

// pathFault: absolute and clean as of path.Clean, so that comparing two paths as
// texts compares what they name, as long as no symbolic link is on the way.
func pathFault(s string) string {
	if s == "" || s[0] != '/' {
		return "is not absolute"
	}
	if why := lineFault(s, maxPath); why != "" || s == "/" {
		return why
	}
	for rest := s[1:]; ; {
		part, more, ok := strings.Cut(rest, "/")
		switch {
		case part == "" || part == "." || part == "..":
			return "is not clean"
		case len(part) > 255: // NAME_MAX
			return "has a component over 255 bytes"
		case !ok:
			return ""
		}
		rest = more
	}
}

// placeFault: a path below the root, not the root itself.
func placeFault(s string) string {
	if s == "/" {
		return "is the root itself"
	}
	return pathFault(s)
}

// below says whether a clean path lies strictly below another.
func below(path, parent string) bool {
	if parent == "/" {
		return path != "/"
	}
	return len(path) > len(parent) && path[len(parent)] == '/' && path[:len(parent)] == parent
}

// ValidService tells whether a policy can have this name for its service.
func ValidService(name string) bool { return serviceFault(name) == "" }

// serviceFault: the name becomes a directory, a cgroup and a field of log lines.
func serviceFault(s string) string {
	if s == "" || len(s) > 63 {
		return "does not have 1 to 63 characters"
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return "does not match [a-z0-9][a-z0-9._-]*"
		}
	}
	return ""
}

// hostnameFault: labels of letters, digits and inner dashes, hostname(7); at most
// __NEW_UTS_LEN bytes, which sethostname(2) would refuse.
func hostnameFault(s string) string {
	if s == "" || len(s) > 64 {
		return "does not have 1 to 64 characters"
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "has a label that is empty, too long, or begins or ends in a dash"
		}
		for i := range len(label) {
			c := label[i] | 0x20
			if (c < 'a' || 'z' < c) && (label[i] < '0' || '9' < label[i]) && label[i] != '-' {
				return "has a character other than letters, digits and dashes"
			}
		}
	}
	return ""
}
