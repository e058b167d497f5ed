package audit

import (
	"fmt"
	"slices"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/danger"
	"casemate/policy/prove"
	"casemate/policy/tree"

	"golang.org/x/sys/unix"
)

// shared records a finding about a namespace that is the host's.
func (v *view) shared(name string, severity Severity, message string) {
	v.found(Finding{Subject: "namespaces." + name, At: v.policy.Namespaces.At, Severity: severity, Message: message})
}

func sharedIPC(v *view) {
	if v.shares(unix.CLONE_NEWIPC) {
		v.shared("ipc", 0, "the IPC namespace is the host's")
	}
}

var internet = prove.Values(unix.AF_INET, unix.AF_INET6)

// takesConnections gives the call that makes an internet socket, where the workload can
// also bind it and receive.
func (v *view) takesConnections() *Witness {
	if v.reach("bind") == nil || v.reach("listen") == nil && v.reach("recvfrom") == nil && v.reach("recvmsg") == nil {
		return nil
	}
	return v.reach("socket", low(0, internet))
}

func sharedNetwork(v *view) {
	if !v.shares(unix.CLONE_NEWNET) {
		return
	}
	whose, more := "the host's", ", with its abstract sockets"
	if path := v.policy.Namespaces.Join; path != "" {
		whose, more = "that of "+path, ""
	}
	severity, message := Low, "the network is "+whose+more
	w := v.takesConnections()
	if w != nil {
		severity, message = Medium, "the network is "+whose+", and the service may take connections from it"
	} else if len(v.policy.Manager.Sockets) > 0 {
		severity, message = Medium, "the network is "+whose+", and the service is given listening sockets"
	}
	v.found(Finding{Subject: "namespaces.net", At: v.netAt(), Severity: severity, Message: message, Witness: w})
}

// netAt is where the policy shares the network, by one of its two keys.
func (v *view) netAt() string {
	if at := v.at("network.mode"); at != "" && at != "default" {
		return at
	}
	if at := v.policy.Namespaces.JoinAt; at != "" {
		return at
	}
	return v.policy.Namespaces.At
}

func rootOfTheHost(v *view) {
	n := &v.policy.Namespaces
	if n.HostUID(v.policy.Exec.UID) == 0 {
		v.found(Finding{Subject: "exec.user", At: v.execAt("user"), Message: fmt.Sprintf("uid %d inside is uid 0 of the host", v.policy.Exec.UID)})
	}
	for _, m := range [][]sealed.IDRange{n.UIDs, n.GIDs} {
		for _, r := range m {
			if r.Outside == 0 {
				v.found(Finding{Subject: "namespaces.user", At: r.At, Message: "the user namespace has id 0 of the host in its map, " + r.String()})
			}
		}
	}
}

func sharedNames(v *view) {
	if v.shares(unix.CLONE_NEWUTS) {
		v.shared("uts", 0, "the UTS namespace is the host's")
	}
	if v.shares(unix.CLONE_NEWCGROUP) {
		v.shared("cgroup", 0, "the cgroup namespace is the host's")
	}
}

// exposure is how much an attacker who takes the workload over would hold, as far as
// the rules about missing bounds need it.
func (v *view) exposure() Severity {
	p := v.policy
	commands := slices.ContainsFunc(p.Mounts, func(m sealed.Mount) bool {
		return m.Kind == sealed.Bind && danger.Source(m.Source, m.Writable) != ""
	})
	switch {
	case p.Namespaces.HostUID(p.Exec.UID) == 0, commands, !v.ownNamespace() && slices.ContainsFunc(capNames(p.Caps.Ambient), func(name string) bool { return danger.Capabilities[name] != "" }):
		return High
	case p.Caps.Ambient != 0, v.shares(unix.CLONE_NEWNET), v.shares(unix.CLONE_NEWIPC), v.writableHostPath() != "", len(p.Manager.Sockets) > 0:
		return Medium
	}
	return Low
}

func noLabel(v *view) {
	if l := &v.policy.LSM; l.AppArmor.Text == "" && l.SELinux.Text == "" && !demanded(&l.Landlock) {
		v.found(Finding{Subject: "lsm", At: v.at("lsm"), Severity: v.exposure(), Message: "no AppArmor profile and no SELinux type is named, and Landlock is not demanded"})
	}
}

func looseProfile(v *view) {
	if l := &v.policy.LSM.AppArmor; l.Text == "unconfined" || strings.HasSuffix(l.Text, "//unconfined") {
		v.found(Finding{Subject: "lsm.apparmor", At: l.At, Message: "the profile is " + l.Text})
	}
}

// looseTypes of SELinux's reference policy may do nearly all.
var looseTypes = []string{
	"unconfined_t", "unconfined_service_t", "spc_t", "init_t", "initrc_t", "kernel_t", "sysadm_t",
	"container_runtime_t", "docker_t", "crio_t", "virtd_t", "systemd_logind_t", "udev_t", "rpm_t", "rpm_script_t", "bootc_t", "install_t",
}

func looseDomain(v *view) {
	l := &v.policy.LSM.SELinux
	if parts := strings.Split(l.Text, ":"); len(parts) > 2 && slices.Contains(looseTypes, parts[2]) {
		v.found(Finding{Subject: "lsm.selinux", At: l.At, Message: "the type is " + parts[2]})
	}
}

func optionalLabel(v *view) {
	for _, l := range []struct {
		name  string
		label *sealed.Label
	}{{"apparmor", &v.policy.LSM.AppArmor}, {"selinux", &v.policy.LSM.SELinux}} {
		if l.label.Text != "" && !l.label.Require {
			v.found(Finding{Subject: "lsm." + l.name, At: l.label.At, Message: l.label.Text + " is preferred, not required"})
		}
	}
}

func unlimited(v *view) {
	severity := min(v.exposure(), Medium)
	for _, l := range []struct{ file, what string }{{"memory.max", "memory is"}, {"pids.max", "tasks are"}} {
		if _, ok := v.limit(l.file); !ok {
			v.found(Finding{Subject: "cgroup." + l.file, At: v.at("cgroup." + l.file), Severity: severity, Message: l.what + " not limited"})
		}
	}
}

func writableCgroups(v *view) {
	for i := range v.policy.Mounts {
		if m := &v.policy.Mounts[i]; m.Kind == sealed.Bind && m.Writable && (tree.Within(m.Source, "/sys/fs/cgroup") || tree.Within("/sys/fs/cgroup", m.Source)) {
			v.mount(m, 0, "the host's cgroup tree is writable at %s", m.Target)
		}
	}
}

func hostDevices(v *view) {
	if len(v.policy.Devices) > 0 {
		return // the device program holds for every node
	}
	for i := range v.policy.Mounts {
		m := &v.policy.Mounts[i]
		if m.Kind == sealed.Dev && m.Writable {
			v.mount(m, 0, "%s is writable", m.Target)
		}
		if m.Kind == sealed.Bind && (tree.Within(m.Source, "/dev") || tree.Within(m.Target, "/dev") && m.Writable) {
			v.mount(m, 0, "%s of the host is bound to %s", m.Source, m.Target)
		}
	}
}
