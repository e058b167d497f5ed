// Package module writes the SELinux module of a service, in the Common Intermediate
// Language: its types, and what its sealed policy asks for beyond what every service has
// (dist/selinux/casemate.cil). It is one text for any host: what a system's policy may lack
// stands in blocks that are then left out, and a service has less, never more.
//
// Pure: it imports the sealed policy, names of capabilities, and what the filter lets through.
package module

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"casemate/internal/caps"
	"casemate/internal/sealed"
	"casemate/policy/profile"

	"golang.org/x/sys/unix"
)

// writer collects the text.
type writer struct {
	strings.Builder
	policy               *sealed.Policy
	name, domain, object string // casemate_web, casemate_web_t, casemate_web_file_t
}

// Text gives the module of a policy whose types are generated ones.
func Text(p *sealed.Policy) (string, error) {
	w := &writer{policy: p}
	var ok bool
	if w.domain, ok = typeOf(p.LSM.SELinux.Text); ok {
		w.object, ok = typeOf(p.LSM.Contexts.Files)
	}
	if w.name = strings.TrimSuffix(w.domain, "_t"); !ok || !strings.HasPrefix(w.name, "casemate_") || w.object != w.name+"_file_t" {
		return "", errors.New("its SELinux types are not generated ones (lsm.selinux = { generate = true })")
	}
	w.types()
	w.files()
	w.capabilities()
	if err := w.network(); err != nil {
		return "", err
	}
	w.manager()
	return w.String(), nil
}

// typeOf is the third part of a context.
func typeOf(context string) (string, bool) {
	parts := strings.SplitN(context, ":", 4)
	if len(parts) < 3 {
		return "", false
	}
	return parts[2], true
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// allow is one rule for the domain.
func (w *writer) allow(target, class, permissions string) {
	w.line("(allow %s %s (%s (%s)))", w.domain, target, class, permissions)
}

// optional puts rules for the domain on types that a system may not have.
func (w *writer) optional(target string, rules ...[2]string) {
	w.line("(optional %s_%s", w.name, target)
	for _, r := range rules {
		w.line("  (allow %s %s (%s (%s)))", w.domain, target, r[0], r[1])
	}
	w.line(")")
}

func (w *writer) types() {
	w.line("; SELinux module of the service %s, made by casemate from its policy.", w.policy.Service)
	w.line("; Install it behind casemate.cil when the image is built, then label its files:")
	w.line(";   semodule -i casemate.cil %s.cil", w.name)
	w.line("(type %s)", w.domain)
	w.line("(roletype system_r %s)", w.domain)
	w.line("(typeattributeset domain (%s))", w.domain)
	w.line("(typeattributeset casemate_domain (%s))", w.domain)
	w.line("; Without this attribute a level would keep nobody apart: a system that lacks it refuses the module.")
	w.line("(typeattributeset mcs_constrained_type (%s))", w.domain)
	w.line("(type %s)", w.object)
	w.line("(roletype object_r %s)", w.object)
	w.line("(typeattributeset file_type (%s))", w.object)
	w.line("(typeattributeset casemate_file (%s))", w.object)
}

const (
	readDir   = "search read open getattr ioctl watch"
	readFile  = "read open getattr ioctl map lock watch"
	execute   = " execute execute_no_trans"
	writeDir  = " write add_name remove_name create rmdir rename reparent setattr lock"
	writeFile = " write append create unlink link rename setattr"
)

// systemTypes are what an image's programs, libraries and configuration have in the
// reference policy; shadow_t and private keys are not among them.
var systemTypes = []string{
	"bin_t", "shell_exec_t", "lib_t", "ld_so_t", "ld_so_cache_t", "textrel_shlib_t", "usr_t", "etc_t", "net_conf_t", "cert_t",
	"locale_t", "fonts_t", "root_t",
	// The reference policy's attributes of all programs and of all files below /etc: a daemon's
	// own program is httpd_exec_t, not bin_t.
	"exec_type", "configfile",
}

// files: its own, those of the image that are bound in, and the labels of what it may write.
// Which of them are there to be reached, and whether they can be written or executed, is
// the mounts' business too.
func (w *writer) files() {
	own, programs := "", ""
	var labelled []string
	for _, m := range w.policy.Mounts {
		switch {
		case m.Kind == sealed.Bind && m.Writable:
			labelled = append(labelled, m.Source)
			fallthrough
		case m.Kind == sealed.Tmpfs:
			if m.Exec {
				own = execute
			}
		case m.Kind == sealed.Bind && m.Exec:
			programs = execute
		}
	}
	if r := w.policy.Root; !r.Assembled() {
		programs = execute
		if r.Writable {
			labelled = append(labelled, r.Path)
			own = execute
		}
	}
	w.line("; Files of its own.")
	w.allow(w.object, "dir", readDir+writeDir)
	w.allow(w.object, "file", readFile+writeFile+own)
	w.allow(w.object, "lnk_file", "read getattr create unlink rename")
	w.allow(w.object, "sock_file", "read write getattr create unlink setattr open")
	w.allow(w.object, "fifo_file", readFile+writeFile)
	w.allow(w.object, "chr_file", "read write append open getattr ioctl lock")
	for _, d := range w.policy.Devices {
		if d.Block {
			w.allow(w.object, "blk_file", "read write open getattr ioctl lock")
			break
		}
	}
	w.line("; Programs, libraries and configuration of the image.")
	for _, t := range systemTypes {
		w.optional(t, [2]string{"dir", readDir}, [2]string{"file", readFile + programs}, [2]string{"lnk_file", "read getattr"})
	}
	if len(labelled) != 0 {
		w.line("; What it may write, at the level s0: restorecon -R labels it.")
	}
	for _, path := range labelled {
		w.line(`(filecon "%s(/.*)?" any (system_u object_r %s ((s0) (s0))))`, pattern(path), w.object)
	}
}

// pattern matches a path. A character that could end the text that it stands in, or mean
// something in an expression, is any character.
func pattern(path string) string {
	return strings.ReplaceAll(unusual.ReplaceAllString(strings.ReplaceAll(path, ".", "\x00"), "."), "\x00", `\.`)
}

var unusual = regexp.MustCompile(`[^A-Za-z0-9_/\x00-]`)

// firstOfTwo is the first capability of the class capability2.
const firstOfTwo = 32

// capabilities in a user namespace are of classes of their own (Linux 4.7).
func (w *writer) capabilities() {
	classes := [2]string{"capability", "capability2"}
	if len(w.policy.Namespaces.UIDs) != 0 {
		classes = [2]string{"cap_userns", "cap2_userns"}
	}
	var one, two []string
	for n := range 64 {
		if w.policy.Caps.Ambient>>n&1 == 0 {
			continue
		}
		name := strings.ToLower(strings.TrimPrefix(caps.Name(n), "CAP_"))
		if n < firstOfTwo {
			one = append(one, name)
		} else {
			two = append(two, name)
		}
	}
	if len(one)+len(two) != 0 {
		w.line("; Its capabilities.")
	}
	if len(one) != 0 {
		w.allow("self", classes[0], strings.Join(one, " "))
	}
	if len(two) != 0 {
		w.allow("self", classes[1], strings.Join(two, " "))
	}
}

// network: internet sockets where the filter lets it make them, ports where it lets it bind
// or connect. A policy names no ports: all, and below 1024 NET_BIND_SERVICE decides.
func (w *writer) network() error {
	families, err := profile.Reachable(w.policy, "socket")
	if err != nil {
		return err
	}
	if !families.Contains(unix.AF_INET) && !families.Contains(unix.AF_INET6) {
		return nil
	}
	ports := ""
	for _, call := range [][2]string{{"bind", "name_bind"}, {"connect", "name_connect"}} {
		at, err := profile.Reachable(w.policy, call[0])
		if err != nil {
			return err
		}
		if !at.Empty() {
			ports += " " + call[1]
		}
	}
	w.line("; The internet, as far as its filter and its network namespace go.")
	const use = "create ioctl read write getattr setattr append bind connect listen accept getopt setopt shutdown"
	w.allow("self", "tcp_socket", use)
	w.allow("self", "udp_socket", use)
	if strings.Contains(ports, "name_bind") {
		w.optional("node_type", [2]string{"tcp_socket", "node_bind"}, [2]string{"udp_socket", "node_bind"})
		w.optional("port_type", [2]string{"tcp_socket", ports[1:]}, [2]string{"udp_socket", "name_bind"})
	} else if ports != "" {
		w.optional("port_type", [2]string{"tcp_socket", ports[1:]})
	}
	return nil
}

// manager: sockets that were made by whoever started the shim, and the one to notify by.
func (w *writer) manager() {
	m := &w.policy.Manager
	if len(m.Sockets) != 0 {
		w.line("; Sockets of the service manager.")
		for _, class := range []string{"tcp_socket", "udp_socket", "unix_stream_socket", "unix_dgram_socket"} {
			w.allow("casemate_launcher", class, "read write getattr getopt setopt listen accept shutdown")
		}
	}
	if m.Notify() {
		w.line("; The shim's socket for sd_notify(3), in the state directory.")
		for _, t := range []string{"casemate_state_t", "var_run_t", "init_runtime_t", "tmpfs_t"} {
			w.optional(t, [2]string{"sock_file", "write getattr"})
		}
	}
}
