package diff

import (
	"encoding/binary"
	"reflect"
	"testing"

	"casemate/internal/sealed"
	"casemate/policy/beneath"
	"casemate/policy/filter"

	"golang.org/x/sys/unix"
)

// program assembles struct sock_filter records.
func program(ins ...[4]uint32) []byte {
	var b []byte
	for _, i := range ins {
		b = binary.LittleEndian.AppendUint16(b, uint16(i[0]))
		b = append(b, byte(i[1]), byte(i[2]))
		b = binary.LittleEndian.AppendUint32(b, i[3])
	}
	return b
}

const (
	load = 0x20 // LD | W | ABS
	jeq  = 0x15
	ret  = 0x06
)

// says is a program that gives a verdict on one number of one architecture, EPERM on the
// others, and kills calls of other architectures.
func says(arch uint32, nr uint32, verdict filter.Action) []byte {
	return program(
		[4]uint32{load, 0, 0, 4}, [4]uint32{jeq, 1, 0, arch}, [4]uint32{ret, 0, 0, uint32(filter.ActionKillProcess)},
		[4]uint32{load, 0, 0, 0}, [4]uint32{jeq, 0, 1, nr}, [4]uint32{ret, 0, 0, uint32(verdict)},
		[4]uint32{ret, 0, 0, uint32(filter.ActionEPERM)},
	)
}

// full uses every field of a policy.
func full() *sealed.Policy {
	return &sealed.Policy{
		Service: "nginx",
		Inputs:  []sealed.Input{{Kind: "text", Name: "nginx.toml", Digest: [32]byte{1}}, {Kind: "compiler", Name: "casemate 1"}},
		Exec: sealed.Exec{
			Argv: []string{"/usr/sbin/nginx", "-g"}, Env: []string{"LANG=C"}, Cwd: "/var", UID: 33, GID: 34, Groups: []uint32{5}, Umask: 0o22,
			Rlimits: []sealed.Rlimit{{Resource: 4, Soft: 0, Hard: 8}, {Resource: 7, Soft: 64, Hard: 1024}}, SetOOM: true, OOMScore: -500,
			Memory: sealed.Memory{MDWE: true, MemFD: sealed.MemFDNoExec}, Core: true, Spec: sealed.SpecStoreBypass,
		},
		Root: sealed.Root{Symlinks: []sealed.Symlink{{Path: "/bin", Target: "usr/bin"}}},
		Namespaces: sealed.Namespaces{
			New:  unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWNET | unix.CLONE_NEWUSER | unix.CLONE_NEWTIME,
			UIDs: []sealed.IDRange{{Inside: 1, Outside: 1, Count: 65536}}, GIDs: []sealed.IDRange{{Inside: 1, Outside: 1, Count: 65536}},
			Clocks: sealed.Clocks{Monotonic: 1, Boottime: 1}, Hostname: "nginx",
		},
		Mounts: []sealed.Mount{
			{Kind: sealed.Dev, Target: "/dev", Devices: true, Size: 16384, Inodes: 64},
			{Kind: sealed.Proc, Target: "/proc", Writable: true},
			{Kind: sealed.Tmpfs, Target: "/run", Writable: true, Size: 1 << 20, Inodes: 100, Mode: 0o700, UID: 1, GID: 2},
			{Kind: sealed.Bind, Target: "/usr", Source: "/usr", Recursive: true, Exec: true},
		},
		Masks:    []sealed.Path{{Path: "/proc/kcore", Default: true}, {Path: "/usr/share", Type: sealed.RegularFile}},
		ReadOnly: []sealed.Path{{Path: "/proc/sys", Default: true}, {Path: "/run/conf", Type: sealed.RegularFile}},
		Caps:     sealed.Capabilities{Keep: 1<<10 | 1<<12, Ambient: 1 << 10},
		Filters: []sealed.Filter{
			{Arch: sealed.ArchARM64, Program: says(sealed.ArchARM64, 63, filter.ActionAllow), By: "casemate"},
			{Arch: sealed.ArchAMD64, Program: says(sealed.ArchAMD64, 0, filter.ActionAllow), By: "casemate"},
		},
		LSM: sealed.LSM{
			AppArmor: sealed.Label{Text: "casemate.nginx", Require: true}, SELinux: sealed.Label{Text: "u:r:t:s0", Require: true},
			Profile:  sealed.Profile{Text: [32]byte{1}, Binaries: []sealed.Binary{{ABI: "3.0", Bytes: []byte{4}}}},
			Contexts: sealed.Contexts{Auto: true, Files: "u:r:f"},
			Landlock: sealed.Landlock{
				Files: sealed.FileRights, Net: sealed.PortBind, Scoped: sealed.ScopeRights, MinABI: 5,
				Beneath: []sealed.Beneath{{Path: "/", Allow: beneath.Read}, {Path: "/run", Allow: sealed.FileWrite}},
				Ports:   []sealed.Port{{Number: 80, Allow: sealed.PortBind}},
			},
		},
		Limits:  []sealed.Limit{{File: "memory.max", Value: "1048576"}, {File: "pids.max", Value: "10"}},
		Devices: []sealed.Device{{Path: "/dev/fuse", Major: 10, Minor: 229, Access: sealed.AccessRead}},
		Signals: sealed.Signals{Forward: []sealed.Forward{{From: 15, To: 3}}, Scope: sealed.ScopeGroup},
		Manager: sealed.Manager{
			Ready: sealed.ReadyNotify, Watchdog: true, Sockets: []sealed.Passed{{Name: "http"}}, Credentials: []sealed.Passed{{Name: "key"}},
		},
	}
}

func compare(t *testing.T, old, new *sealed.Policy) *Report {
	t.Helper()
	r, err := Compare(Side{Name: "old", Policy: old}, Side{Name: "new", Policy: new})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// scalars calls visit with the path of every scalar below v, having changed it.
func scalars(v reflect.Value, path string, visit func(path string)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			scalars(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			scalars(v.Index(i), path, visit)
		}
	default:
		old := reflect.ValueOf(v.Interface())
		alter(v)
		visit(path)
		v.Set(old)
	}
}

// alter gives a scalar another value.
func alter(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "1")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int32, reflect.Int64:
		v.SetInt(v.Int() + 1)
	default:
		v.SetUint(v.Uint() ^ 1)
	}
}

// exempt are the fields that are no part of what a policy means.
func exempt(path string) bool {
	switch path {
	case ".Inputs.Kind", ".Inputs.Name", ".Inputs.Digest", ".Filters.By": // notes, see TestNotes
		return true
	case ".Filters.Program": // not one byte, see TestSeccomp
		return true
	}
	return len(path) > 3 && path[len(path)-2:] == "At"
}

// TestEveryFieldIsCompared: whatever is changed in a policy, some dimension that knows the
// field says so. A field that is added to the sealed policy fails here until it has a
// place in the order; at run time it is unknown meanwhile, never equal.
func TestEveryFieldIsCompared(t *testing.T) {
	before, changed := full(), full()
	seen := 0
	scalars(reflect.ValueOf(changed).Elem(), "", func(path string) {
		if exempt(path) {
			return
		}
		seen++
		if path == ".Masks.Type" && changed.Masks[0].Type != before.Masks[0].Type || path == ".ReadOnly.Type" && changed.ReadOnly[0].Type != before.ReadOnly[0].Type {
			return // of a default: the host says what it is
		}
		r := compare(t, before, changed)
		if len(r.Changes) == 0 {
			t.Errorf("%s: no change is reported", path)
		}
		for _, c := range r.Changes {
			if c.Order == Unknown && c.Dimension == "other" {
				t.Errorf("%s: no dimension knows it: %s", path, c.Line())
			}
		}
	})
	if seen < 80 {
		t.Errorf("only %d scalars seen", seen)
	}
}

// TestFullIsFull keeps full worth its name: every list has an element, so that a new one
// fails until it has one here.
func TestFullIsFull(t *testing.T) {
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		switch {
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i), path+"."+v.Type().Field(i).Name)
			}
		case v.Kind() == reflect.Slice && v.Len() == 0:
			t.Errorf("%s is empty", path)
		}
	}
	walk(reflect.ValueOf(*full()), "")
}

// TestUnknownFieldIsNeverEqual: a field that no dimension handles, at each depth.
func TestUnknownFieldIsNeverEqual(t *testing.T) {
	for _, path := range []string{"Signals.Scope", "Exec.Umask", "Mounts.Exec", "Manager.Watchdog", "Caps.Keep", "Root.Symlinks.Target", "Namespaces.Hostname"} {
		handled[path] = false
		old, new := full(), full()
		scalars(reflect.ValueOf(new).Elem(), "", func(at string) {
			if at != "."+path {
				return
			}
			found := false
			for _, c := range compare(t, old, new).Changes {
				found = found || c.Dimension == "other" && c.Order == Unknown
			}
			if !found {
				t.Errorf("%s: not called unknown", path)
			}
		})
		handled[path] = true
	}
}

// TestListsThatGrow: an element more is a change, in every list.
func TestListsThatGrow(t *testing.T) {
	var walk func(v reflect.Value, path string, old, new *sealed.Policy)
	walk = func(v reflect.Value, path string, old, new *sealed.Policy) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i), path+"."+v.Type().Field(i).Name, old, new)
			}
		case reflect.Slice:
			if path == ".Inputs" || path == ".Filters.Program" {
				return
			}
			whole := reflect.ValueOf(v.Interface())
			v.Set(v.Slice(0, v.Len()-1))
			if r := compare(t, old, new); len(r.Changes) == 0 {
				t.Errorf("%s: one less is no change", path)
			}
			if r := compare(t, new, old); len(r.Changes) == 0 {
				t.Errorf("%s: one more is no change", path)
			}
			v.Set(whole)
		}
	}
	new := full()
	walk(reflect.ValueOf(new).Elem(), "", full(), new)
}
