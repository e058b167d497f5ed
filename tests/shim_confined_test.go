package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// shimEnv says by what every shim that these tests start is confined: "apparmor", by
// dist/apparmor/casemate-shim, or "selinux", by dist/selinux and Debian's policy.
const shimEnv = "CASEMATE_TEST_SHIM"

// needConfinedShim skips, by name, where shims run as their caller does.
func needConfinedShim(t *testing.T, module string) {
	t.Helper()
	needRoot(t)
	if os.Getenv(shimEnv) != module {
		t.Skipf("needs shims that %s confines (make vm RUNG=%s-shim)", module, module)
	}
}

// The shims of this machine are where they should be: otherwise the tests beside this one
// would show nothing.
func TestShimIsConfined(t *testing.T) {
	needRoot(t)
	want, file := "system_u:system_r:casemate_shim_t:s0\x00", "attr/current"
	switch os.Getenv(shimEnv) {
	case "apparmor":
		want, file = "casemate-shim (enforce)\n", "attr/apparmor/current"
	case "":
		t.Skip("needs shims that are confined (make vm RUNG=apparmor-shim, RUNG=selinux-shim)")
	}
	p := running(t, compiled(t, policy("sleeping", `"/app/probe", "sleep"`, "")))
	p.until(t, "ready")
	equal(t, "the shim's label", readFile(t, filepath.Join("/proc", fmt.Sprint(p.cmd.Process.Pid), file)), want)
	p.signal(t, unix.SIGTERM)
	p.wait(t).expect(t, 143)
}

// A policy without a label starts nothing from a confined shim: the workload would keep
// the shim's.
func TestShimConfinedDemandsALabel(t *testing.T) {
	needRoot(t)
	if os.Getenv(shimEnv) == "" {
		t.Skip("needs shims that are confined (make vm RUNG=apparmor-shim, RUNG=selinux-shim)")
	}
	canary := canaryDir(t)
	mounts := "[mounts]\nbind = [{ from = \"" + bin + "/app\", at = \"/app\", exec = true }, { from = \"" + canary + "\", at = \"/canary\", writable = true }]\n"
	launch(t, compiled(t, policy("bare", `"/app/probe", "write:/canary/ran"`, mounts+"[lsm]\n"))).expect(t, 248, "execveat", "permission denied")
	if _, err := os.Stat(canary + "/ran"); err == nil {
		t.Error("the workload ran")
	}
}

// refusedProbe is a copy of the probe under a name by which tests/vm tells its denials, which
// are meant. It lies beside the shim: SELinux takes a domain from no file of a nosuid mount.
func refusedProbe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(bin, "refused")
	if err := os.WriteFile(path, []byte(readFile(t, filepath.Join(bin, "app/probe"))), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	return path
}

// labelled gives a file a type of SELinux's.
func labelled(t *testing.T, path, kind string) string {
	t.Helper()
	if err := unix.Setxattr(path, "security.selinux", []byte("system_u:object_r:"+kind+":s0"), 0); err != nil {
		t.Fatal(err)
	}
	return path
}

// refusedTo runs a program of root's, with every capability, that is to have the label, and
// checks that it was refused every attempt. The label comes first: without it they succeed.
func refusedTo(t *testing.T, label string, attempts []string, run func(attempts ...string) result) {
	t.Helper()
	if got := decoded(t, run()).Label; got != label {
		t.Fatalf("label %q, want %q", got, label)
	}
	r := decoded(t, run(attempts...))
	if len(r.Attempts) != len(attempts) {
		t.Errorf("%d attempts of %d", len(r.Attempts), len(attempts))
	}
	for _, a := range r.Attempts {
		if a.Result != "EACCES" && a.Result != "EPERM" && !strings.HasSuffix(a.Result, ": permission denied") {
			t.Errorf("%s: %s", a.Name, a.Result)
		}
	}
}

// What a shim does not need it cannot do, though it is root: a program in its domain is
// refused the host's files, programs, processes, modules, the policy, and the network.
func TestShimDomainRefuses(t *testing.T) {
	needConfinedShim(t, "selinux")
	secret := filepath.Join(canaryDir(t), "shadow")
	writeFile(t, secret, "secret")
	labelled(t, secret, "shadow_t")
	attempts := []string{"write:/etc/passwd", "write:/etc/new", "write:/usr/bin/busybox", "mkdir:/new", "chown:/etc/passwd", "mknod:/dev/new",
		"read:" + secret, "exec:/usr/bin/env", "write:/dev/loop0", "read:/dev/kmsg", "read:/dev/mem",
		"module", "ptrace", "pidfd-getfd", "signal1:18", "read:/proc/1/environ", "setns:/proc/1/ns/mnt",
		"put:/sys/fs/selinux/enforce=0", "put:/sys/fs/selinux/load=x", "put:/proc/self/attr/current=system_u:system_r:kernel_t:s0",
		"put:/proc/self/attr/fscreate=system_u:object_r:bin_t:s0", "put:/proc/sys/kernel/core_pattern=core", "put:/proc/sysrq-trigger=x",
		"bind:8080", "socket:packet", "socket:alg"}
	probe := labelled(t, refusedProbe(t), "casemate_shim_exec_t")
	refusedTo(t, "system_u:system_r:casemate_shim_t:s0", attempts, func(attempts ...string) result { return command(t, probe, attempts...) })
}

// What a shim may do in its domain the workload may not in its own, as root, with every
// capability and all of the host in sight.
func TestShimDomainIsNotTheWorkloads(t *testing.T) {
	needConfinedShim(t, "selinux")
	const workload = "system_u:system_r:casemate_test_t:s0"
	attempts := []string{"read:/dev/loop-control", "write:/dev/loop-control", "read:/dev/loop0", "read:/dev/mapper/control", "mount", "umount:/proc", "remount:/",
		"setns:" + namespaceFile(t, unix.CLONE_NEWNET, "net"), "unshare-net", "unshare-mnt", "set-clock:realtime", "sethostname:x", "setuid:7", "setgroups:7",
		"list:/run/casemate", "put:/sys/fs/cgroup/cgroup.procs=0", "mkdir:/sys/fs/cgroup/new", "ptrace", "module", "signal1:18",
		"put:/sys/fs/selinux/enforce=0", "put:/proc/self/attr/exec=system_u:system_r:casemate_shim_t:s0", "exec:" + filepath.Join(bin, "casemate-shim")}
	probe := labelled(t, refusedProbe(t), "casemate_init_exec_t")
	refusedTo(t, workload, attempts, func(attempts ...string) result { return inDomain(t, workload, append([]string{probe}, attempts...)...) })
}

// The same of the profile, which must allow what services may: kernel modules, hardware,
// the host's processes, Casemate's and AppArmor's files, profiles of others.
func TestShimProfileRefuses(t *testing.T) {
	needConfinedShim(t, "apparmor")
	load(t, "other", openProfile("other", "", ""))
	attempts := []string{"module", "ptrace", "pidfd-getfd", "write:/usr/lib/casemate/new", "write:/usr/lib/casemate/casemate-init", "write:/etc/apparmor.d/abi/new",
		"exec:/usr/lib/casemate/casemate-init", "put:/sys/kernel/security/apparmor/.remove=casemate-shim", "put:/sys/module/apparmor/parameters/mode=complain",
		"write:/proc/sys/kernel/core_pattern", "write:/proc/sysrq-trigger",
		"put:/proc/self/attr/apparmor/exec=exec unconfined", "put:/proc/self/attr/apparmor/exec=stack other", "put:/proc/self/attr/apparmor/current=changeprofile unconfined"}
	probe := refusedProbe(t)
	refusedTo(t, "casemate-shim (enforce)", attempts, func(attempts ...string) result {
		return under(t, "casemate-shim", append([]string{probe}, attempts...)...)
	})
}
