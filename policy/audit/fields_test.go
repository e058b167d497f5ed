package audit

import (
	"reflect"
	"testing"

	"casemate/internal/sealed"
)

// fields of the sealed policy, by type, and the rules that look at each; or why none
// does. A field that is new to the format fails the test until somebody has thought of
// what it opens.
var fields = map[string]string{
	"Policy.Service": "fingerprints", "Policy.Inputs": "SEAL-002", "Policy.Exec": "below", "Policy.Root": "below",
	"Policy.Namespaces": "below", "Policy.Mounts": "below", "Policy.Masks": "FS-004 FS-005", "Policy.ReadOnly": "FS-004 FS-005",
	"Policy.Caps": "below", "Policy.Filters": "below", "Policy.LSM": "below", "Policy.Limits": "below", "Policy.Signals": "opens nothing",
	"Policy.Manager": "below",

	"Input.Kind": "SEAL-002", "Input.Name": "SEAL-002", "Input.Digest": "SEAL-002",

	"Exec.Argv": "FS-008", "Exec.Env": "PRC-003", "Exec.Cwd": "opens nothing", "Exec.UID": "NS-003 PRC-002 CAP-008",
	"Exec.GID": "PRC-002", "Exec.Groups": "PRC-002", "Exec.Umask": "PRC-004", "Exec.Rlimits": "PRC-003",
	"Exec.SetOOM": "opens nothing", "Exec.OOMScore": "opens nothing", "Exec.TTY": "typing into it has its reason under [why]", "Exec.At": "place",
	"Exec.Memory": "below", "Memory.MDWE": "SC-022 looks at the calls", "Memory.MemFD": "SC-022; executed memfds have their reason under [why]", "Exec.Core": "takes away", "Exec.Spec": "takes away",
	"Rlimit.Resource": "PRC-003", "Rlimit.Soft": "below the hard one", "Rlimit.Hard": "PRC-003", "Rlimit.At": "place",

	"Root.Image": "below", "Image.File": "FS-010", "Image.Verity": "FS-010", "Image.Hash": "FS-010: it goes with the tree",
	"Root.Path": "FS-002 FS-008 CAP-002", "Root.Writable": "FS-001 CAP-004", "Root.Symlinks": "opens nothing", "Root.At": "place", "Root.IDMap": "a writable root is FS-001",
	"Symlink.Path": "opens nothing", "Symlink.Target": "opens nothing", "Symlink.At": "place",

	"Namespaces.New": "NS-001 NS-002 NS-004 CAP-006", "Namespaces.Hostname": "opens nothing", "Namespaces.At": "place",
	"Namespaces.UIDs": "NS-003 PRC-002", "Namespaces.GIDs": "NS-003 PRC-002", "Namespaces.Join": "NS-002 CAP-006", "Namespaces.JoinAt": "place", "Namespaces.Clocks": "opens nothing",
	"IDRange.Inside": "what is inside is the workload's own", "IDRange.Outside": "NS-003", "IDRange.Count": "below Outside", "IDRange.At": "place",
	"Clocks.Monotonic": "opens nothing", "Clocks.Boottime": "opens nothing",

	"Mount.Kind": "FS-002", "Mount.Target": "FS-002", "Mount.Source": "FS-002 FS-005 FS-008 CG-002 CG-003", "Mount.Type": "CAP-004",
	"Mount.Recursive": "FS-005", "Mount.Writable": "FS-001 FS-002 CG-002", "Mount.Exec": "FS-001 FS-008", "Mount.Devices": "only /dev's own: FS-003",
	"Mount.NoFollow": "takes away",
	"Mount.Size":     "FS-007", "Mount.Inodes": "bounded by the format", "Mount.Mode": "the workload's own", "Mount.UID": "the workload's own",
	"Mount.GID": "the workload's own", "Mount.At": "place", "Mount.IDMap": "a writable one has its reason under [why]", "Mount.PIDOnly": "FS-004",
	"Path.Path": "FS-004 FS-005", "Path.Type": "opens nothing", "Path.Default": "what the kernel lacks needs no mask", "Path.At": "place",

	"Capabilities.Keep": "CAP-008", "Capabilities.Ambient": "CAP-001 and on", "Capabilities.At": "place",
	"Filter.Arch": "SC-003 SEAL-003", "Filter.Program": "SC-001 and on", "Filter.By": "every filter is judged, whoever made it",
	"LSM.AppArmor": "below", "LSM.SELinux": "below", "LSM.Contexts": "below", "Contexts.Auto": "LSM-001: a label is there", "Contexts.Files": "LSM-003 looks at the domain",
	"LSM.Profile": "made from the rest", "Profile.Text": "made from the rest",
	"Profile.Binaries": "made from the rest", "Binary.ABI": "LSM-006", "Binary.Bytes": "made from the rest", "Label.Text": "LSM-001 LSM-002 LSM-003", "Label.Require": "LSM-005", "Label.At": "place",
	"LSM.Landlock": "below", "Landlock.Files": "LSM-007", "Landlock.Net": "LSM-004 LSM-008", "Landlock.Scoped": "abstract sockets have their reason under [why]",
	"Landlock.Beneath": "LSM-004", "Landlock.Ports": "LSM-004", "Landlock.MinABI": "LSM-001 LSM-004", "Landlock.Log": "opens nothing", "Landlock.At": "place",
	"Beneath.Path": "LSM-004", "Beneath.Type": "opens nothing", "Beneath.Allow": "LSM-004; the mounts hold as well", "Beneath.At": "place",
	"Port.Number": "NS-002 looks at the network", "Port.Allow": "the same", "Port.At": "place",
	"Limit.File": "CG-001 FS-007", "Limit.Value": "CG-001 FS-007", "Limit.At": "place",

	"Policy.Devices": "CG-003", "Device.Path": "a name", "Device.Block": "each device has its reason under [why]", "Device.Major": "the same",
	"Device.Minor": "the same", "Device.Access": "the same", "Device.At": "place",
	"Signals.Forward": "opens nothing", "Signals.Scope": "opens nothing", "Signals.Stop": "opens nothing", "Signals.Grace": "opens nothing",
	"Forward.From": "opens nothing", "Forward.To": "opens nothing",

	"Manager.Ready": "opens nothing", "Manager.Watchdog": "opens nothing", "Manager.Sockets": "NS-002", "Manager.Credentials": "the policy's own secrets",
	"Manager.At": "place", "Passed.Name": "NS-002; FS-009: what is passed is declared, and sockets or FIFOs only", "Passed.At": "place",
}

func TestFieldsAreConsidered(t *testing.T) {
	seen := map[string]bool{}
	consider(t, reflect.TypeFor[sealed.Policy](), seen)
	for name := range fields {
		if !seen[name] {
			t.Errorf("%s is no field of a sealed policy any more", name)
		}
	}
}

func consider(t *testing.T, of reflect.Type, seen map[string]bool) {
	t.Helper()
	for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return
	}
	for i := range of.NumField() {
		f := of.Field(i)
		name := of.Name() + "." + f.Name
		if !seen[name] {
			seen[name] = true
			if fields[name] == "" {
				t.Errorf("%s: which rule looks at it, or why does none? Say so in this test", name)
			}
			consider(t, f.Type, seen)
		}
	}
}
