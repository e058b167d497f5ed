package verify

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"casemate/internal/plan"
	"casemate/internal/sealed"
)

// calls of a launch, and the kinds of checks that show whether each took hold, by commas; or
// after a "-" why none does. A call that is new fails the test until somebody has thought of
// how to read back what it does.
var calls = map[plan.Op]string{
	plan.Capset: "CapInh,CapPrm,CapEff", plan.Chdir: "directory", plan.CloseRange: "descriptors", plan.Dup3: "descriptors,descriptor",
	plan.Execveat: "program,arguments,environment,apparmor,selinux", plan.Fchdir: "root,directory", plan.Fsconfig: "type,bounds,standing",
	plan.Fsmount: "mount,type", plan.Fsopen: "type", plan.Ioctl: "terminal,loopback", plan.Keyctl: "-Unread: session keyring",
	plan.LandlockCreateRuleset: "-Unread: landlock", plan.LandlockAddRule: "-Unread: landlock", plan.LandlockRestrictSelf: "-Unread: landlock; a step behind it has to be refused",
	plan.MemfdCreate: "-has to be refused, which shows vm.memfd_noexec",
	plan.Mkdirat:     "mount", plan.Mknodat: "node,mount", plan.Mount: "mount", plan.MountSetattr: "mount", plan.MoveMount: "mount",
	plan.OpenTree: "source,mount", plan.Openat2: "-opens for the step behind it", plan.Personality: "personality", plan.PivotRoot: "root,mount",
	plan.Prctl:     "death signal,dumpable,owner,CapBnd,CapAmb,securebits,NoNewPrivs,mdwe,speculation,core scheduling", // PR_SET_KEEPCAPS is part of the securebits
	plan.Prlimit64: "limit", plan.Seccomp: "Seccomp,Seccomp_filters,seccomp program", plan.Read: "-the holder's, which waits in it", plan.Setgroups: "Groups", plan.Setns: "namespace", plan.Sethostname: "hostname",
	plan.Setresgid: "Gid", plan.Setresuid: "Uid", plan.Setsid: "session,process group", plan.Socket: "-for the ioctl behind it",
	plan.Symlinkat: "link", plan.Umask: "Umask", plan.Umount2: "mount", plan.Unshare: "namespace", plan.Write: "oom_score_adj,apparmor,selinux",
}

// parents are what the parent does for a launch, by the fields of plan.Plan.
var parents = map[string]string{
	"Service": "-a name", "Kernel": "-for people", "Filter": "-for people", "Lacks": "-for people", "Cgroup": "cgroup,cgroup file,device program",
	"Profile": "apparmor", "Opens": "source,program,descriptor", "Clone": "namespace", "Holder": "namespace,map,clocks", "Steps": "-above, by their calls",
}

// policies are the fields of the sealed policy in the same way.
var policies = map[string]string{
	"Policy.Service": "-a name", "Policy.Inputs": "-of the build", "Policy.Exec": "-below", "Policy.Root": "-below",
	"Policy.Namespaces": "-below", "Policy.Mounts": "-below", "Policy.Masks": "mount,type,standing", "Policy.ReadOnly": "mount",
	"Policy.Caps": "-below", "Policy.Filters": "-below", "Policy.LSM": "-below", "Policy.Limits": "-below", "Policy.Devices": "-below",
	"Policy.Signals": "-init's orders, in a sealed memfd", "Policy.Manager": "-below",
	"Input.Kind": "-of the build", "Input.Name": "-of the build", "Input.Digest": "-of the build",

	"Exec.Argv": "-init's orders", "Exec.Env": "-init's orders", "Exec.Cwd": "-init's orders: the child enters it before its execve, or fails",
	"Exec.UID": "Uid", "Exec.GID": "Gid", "Exec.Groups": "Groups", "Exec.Umask": "Umask", "Exec.Rlimits": "limit",
	"Exec.SetOOM": "oom_score_adj", "Exec.OOMScore": "oom_score_adj", "Exec.TTY": "terminal",
	"Exec.Memory": "-below", "Memory.MDWE": "mdwe", "Memory.MemFD": "-Unread: memfd_noexec", "Exec.Core": "core scheduling", "Exec.Spec": "speculation", "Exec.At": "-place",
	"Rlimit.Resource": "limit", "Rlimit.Soft": "limit", "Rlimit.Hard": "limit", "Rlimit.At": "-place",

	"Root.Image": "-below", "Image.File": "source,mount", "Image.Verity": "-the table of its device is read back before it is mounted (internal/image)", "Image.Hash": "-the same",
	"Root.Path": "source", "Root.Writable": "mount", "Root.Symlinks": "link", "Root.IDMap": "mount", "Root.At": "-place",
	"Symlink.Path": "link", "Symlink.Target": "link", "Symlink.At": "-place",
	"Namespaces.New": "namespace,pid inside", "Namespaces.Hostname": "hostname", "Namespaces.At": "-place",
	"Namespaces.UIDs": "map,Uid", "Namespaces.GIDs": "map,Gid", "Namespaces.Clocks": "clocks", "Namespaces.Join": "namespace", "Namespaces.JoinAt": "-place",
	"IDRange.Inside": "map", "IDRange.Outside": "map", "IDRange.Count": "map", "IDRange.At": "-place", "Clocks.Monotonic": "clocks", "Clocks.Boottime": "clocks",

	"Mount.Kind": "type", "Mount.Target": "mount", "Mount.Source": "source", "Mount.Type": "source", "Mount.Recursive": "mount",
	"Mount.IDMap": "mount", "Mount.PIDOnly": "type", "Mount.Writable": "mount", "Mount.Exec": "mount", "Mount.Devices": "mount", "Mount.NoFollow": "mount", "Mount.Size": "bounds", "Mount.Inodes": "bounds",
	"Mount.Mode": "standing", "Mount.UID": "standing", "Mount.GID": "standing", "Mount.At": "-place",
	"Path.Path": "mount", "Path.Type": "standing", "Path.Default": "mount", "Path.At": "-place",

	"Capabilities.Keep": "CapBnd", "Capabilities.Ambient": "CapInh,CapPrm,CapEff,CapAmb", "Capabilities.At": "-place",
	"Filter.Arch": "seccomp program", "Filter.Program": "seccomp program", "Filter.By": "-for people",
	"LSM.AppArmor": "apparmor", "LSM.SELinux": "selinux", "LSM.Contexts": "-below", "LSM.Profile": "-below",
	"Contexts.Auto": "selinux", "Contexts.Files": "type", "Label.Text": "apparmor,selinux", "Label.Require": "-the host has it, or the launch ends before", "Label.At": "-place",
	"Profile.Text": "-of the build", "Profile.Binaries": "-compared with the kernel's when it is loaded (internal/prepare)", "Binary.ABI": "-for people", "Binary.Bytes": "-the same",

	"LSM.Landlock": "-below", "Landlock.Files": "-Unread: landlock", "Landlock.Net": "-Unread: landlock", "Landlock.Scoped": "-Unread: landlock",
	"Landlock.Beneath": "-below", "Landlock.Ports": "-below", "Landlock.MinABI": "-the kernel has it, or the launch ends before", "Landlock.Log": "-Unread: landlock", "Landlock.At": "-place",
	"Beneath.Path": "-Unread: landlock", "Beneath.Type": "-Unread: landlock", "Beneath.Allow": "-Unread: landlock", "Beneath.At": "-place",
	"Port.Number": "-Unread: landlock", "Port.Allow": "-Unread: landlock", "Port.At": "-place",
	"Limit.File": "cgroup file", "Limit.Value": "cgroup file", "Limit.At": "-place",
	"Device.Path": "node", "Device.Block": "node", "Device.Major": "node", "Device.Minor": "node", "Device.Access": "device program", "Device.At": "-place",
	"Signals.Forward": "-init's orders", "Signals.Scope": "-init's orders", "Signals.Stop": "-init's orders", "Signals.Grace": "-init's orders",
	"Forward.From": "-init's orders", "Forward.To": "-init's orders",
	"Manager.Ready": "-what the shim does itself", "Manager.Watchdog": "-what the shim does itself", "Manager.Sockets": "descriptors,descriptor",
	"Manager.Credentials": "source", "Manager.At": "-place", "Passed.Name": "descriptor", "Passed.At": "-place",
}

func TestEveryCallIsReadBack(t *testing.T) {
	used := map[string]bool{}
	for _, op := range plan.Ops {
		covered(t, string(op), calls[op], used)
	}
	for op := range calls {
		if !slices.Contains(plan.Ops, op) {
			t.Errorf("%s is no call of a launch any more", op)
		}
	}
	of := reflect.TypeFor[plan.Plan]()
	for i := range of.NumField() {
		covered(t, "Plan."+of.Field(i).Name, parents[of.Field(i).Name], used)
	}
	seen := map[string]bool{}
	walk(reflect.TypeFor[sealed.Policy](), func(name string) { seen[name] = true; covered(t, name, policies[name], used) }, map[reflect.Type]bool{})
	for name := range policies {
		if !seen[name] {
			t.Errorf("%s is no field of a sealed policy any more", name)
		}
	}
	for kind := range kinds {
		if !used[kind] {
			t.Errorf("%q: what of a launch does it show? Say so in this test", kind)
		}
	}
}

// covered judges one entry of the tables.
func covered(t *testing.T, what, by string, used map[string]bool) {
	t.Helper()
	if by == "" || by == "-" {
		t.Errorf("%s: which check of the verification shows it, or why does none? Say so in this test", what)
	}
	if strings.HasPrefix(by, "-") {
		return
	}
	for kind := range strings.SplitSeq(by, ",") {
		if used[kind] = true; kinds[kind] == "" {
			t.Errorf("%s: %q is no kind of check", what, kind)
		}
	}
}

func walk(of reflect.Type, visit func(string), been map[reflect.Type]bool) {
	for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || been[of] {
		return
	}
	been[of] = true
	for i := range of.NumField() {
		visit(of.Name() + "." + of.Field(i).Name)
		walk(of.Field(i).Type, visit, been)
	}
}

// Every check that a launch gets is of a kind that the table names.
func TestEveryCheckHasAKind(t *testing.T) {
	found, err := Run(started(t, declared(), asPlanned))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found.Checks {
		if c.From == "" || KindOf(c.Name) == "" {
			t.Errorf("%+v", c)
		}
	}
}
