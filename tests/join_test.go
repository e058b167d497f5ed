package tests

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// namespaceFile makes a namespace and gives a file that it is bound to, as ip-netns(8) does.
func namespaceFile(t *testing.T, flag int, kind string) string {
	t.Helper()
	path := filepath.Join(canaryDir(t), kind)
	if err := os.WriteFile(path, nil, 0o444); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { // on a thread that ends with it
		runtime.LockOSThread()
		err := unix.Unshare(flag)
		if err == nil {
			err = unix.Mount(fmt.Sprintf("/proc/thread-self/ns/%s", kind), path, "", unix.MS_BIND, "")
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(path, unix.MNT_DETACH) })
	return path
}

func inodeOf(t *testing.T, path string) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

// The workload is in the network namespace that the policy names, and the receipt has it.
func TestJoinedNetwork(t *testing.T) {
	needRoot(t)
	path := namespaceFile(t, unix.CLONE_NEWNET, "net")
	want := fmt.Sprintf("net:[%d]", inodeOf(t, path))
	join := "[network]\nmode = \"join:" + path + "\"\n"
	r := confined(t, join+withSysfs())
	equal(t, "network namespace", r.Namespaces["net"], want)
	if len(r.Interfaces) != 1 {
		t.Errorf("interfaces: %v", r.Interfaces)
	}
	for _, i := range r.Interfaces { // it is not the launch's to set up
		if flags := fmt.Sprint(i["flags"]); strings.Contains(flags, "up") {
			t.Errorf("the loopback device is up: %v", i)
		}
	}

	p := running(t, compiled(t, policy("joined", `"/app/probe", "sleep"`, join)))
	p.until(t, "ready")
	if receipt := receiptOf(t, "joined"); !strings.Contains(receipt, want) {
		t.Errorf("the receipt does not have %s: %s", want, receipt)
	}
	p.signal(t, syscall.SIGTERM)
	p.wait(t).expect(t, 143)
}

// In a user namespace, capabilities do not count in a network that is joined.
func TestJoinedNetworkIsNotTheUserNamespaces(t *testing.T) {
	needUserNamespaces(t)
	path := namespaceFile(t, unix.CLONE_NEWNET, "net")
	r := confined(t, rootInside+"[network]\nmode = \"join:"+path+`"
[capabilities]
keep = ["NET_BIND_SERVICE"]
[seccomp]
allow = ["@default", "@io", "@file-read", "@file-write", "@process", "@signals", "@threads", "@memory", "@time", "@sched", "@net-server", "capget"]
`, "bind:80", "bind:8080")
	equal(t, "network namespace", r.Namespaces["net"], fmt.Sprintf("net:[%d]", inodeOf(t, path)))
	r.attempts(t, "EACCES", "bind:80")
}

// What is no network namespace is not joined.
func TestJoinThatIsRefused(t *testing.T) {
	needRoot(t)
	dir := canaryDir(t)
	for name, err := range map[string]error{
		"file": os.WriteFile(filepath.Join(dir, "file"), nil, 0o644), "fifo": unix.Mkfifo(filepath.Join(dir, "fifo"), 0o644),
		"dir": os.Mkdir(filepath.Join(dir, "dir"), 0o755), "link": os.Symlink(namespaceFile(t, unix.CLONE_NEWNET, "net"), filepath.Join(dir, "link")),
	} {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	ours := filepath.Join(dir, "ours")
	if err := os.WriteFile(ours, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("/proc/self/ns/net", ours, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(ours, unix.MNT_DETACH) })
	wants := map[string]string{
		filepath.Join(dir, "missing"):              "no such file or directory",
		filepath.Join(dir, "file"):                 "it is no namespace",
		filepath.Join(dir, "fifo"):                 "it is no namespace",
		filepath.Join(dir, "dir"):                  "it is no namespace",
		filepath.Join(dir, "link"):                 "the path leads through a symbolic link",
		namespaceFile(t, unix.CLONE_NEWUTS, "uts"): "it is a namespace of another kind",
		ours: "it is the shim's own",
	}
	for _, path := range some(t, slices.Sorted(maps.Keys(wants))) {
		r := launch(t, compiled(t, policy("join", `"/app/probe"`, "[network]\nmode = \"join:"+path+"\"\n")))
		r.expect(t, 248, "network namespace "+path, wants[path], "test.toml:")
	}
}
