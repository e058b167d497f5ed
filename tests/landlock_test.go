package tests

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// needLandlock skips on a kernel whose Landlock is older.
func needLandlock(t *testing.T, abi int) {
	t.Helper()
	needRoot(t)
	if have := hostFacts(t).Landlock; have < abi {
		t.Skipf("needs Landlock ABI %d, this kernel has %d", abi, have)
	}
}

// boundTree is a directory of the host that the workload's user owns, with
// DIR/{a,b}/{file,tool}, and the [mounts] that bind it to /d.
func boundTree(t *testing.T, flags string) (dir, mounts string) {
	t.Helper()
	dir = t.TempDir()
	tool, err := os.ReadFile(filepath.Join(bin, "app", "probe"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"", "a", "b"} {
		os.Mkdir(filepath.Join(dir, d), 0o755)
		os.Chown(filepath.Join(dir, d), 65534, 65534)
		if d == "" {
			continue
		}
		os.WriteFile(filepath.Join(dir, d, "file"), []byte("text"), 0o644)
		os.WriteFile(filepath.Join(dir, d, "tool"), tool, 0o755)
		os.Chown(filepath.Join(dir, d, "file"), 65534, 65534)
	}
	return dir, fmt.Sprintf("[mounts]\nbind = [{ from = %q, at = \"/app\", exec = true }, { from = %q, at = \"/d\"%s }]\n", filepath.Join(bin, "app"), dir, flags)
}

// off turns Landlock off: what is refused with it and not without it is refused by it.
const off = "[lsm]\nlandlock = { off = true }\n[why]\n\"lsm.landlock.off\" = \"this is only a test\"\n"

// What a writable mount is for works, as before; ioctl(2) on the devices of every /dev does
// not, nor is a file that came as a descriptor opened anew.
func TestS42LandlockByDefault(t *testing.T) {
	needLandlock(t, 5)
	_, mounts := boundTree(t, ", writable = true")
	usual := []string{"read:/d/a/file", "write:/d/a/file", "write:/d/a/new", "truncate:/d/a/file", "mkfifo:/d/a/fifo", "mksocket:/d/a/socket",
		"rename:/d/a/file,/d/b/other", "list:/d/a", "write:/dev/null", "write:/proc/self/comm", "ioctl:/dev/ptmx"}
	r := confined(t, internet+mounts, append(usual, "ioctl:/dev/null")...)
	r.attempts(t, "ok", usual...)
	r.attempts(t, "EACCES", "ioctl:/dev/null")
	_, mounts = boundTree(t, ", writable = true")
	r = confined(t, internet+mounts+off, append(usual, "ioctl:/dev/null")...)
	r.attempts(t, "ok", usual...)
	r.attempts(t, "ENOTTY", "ioctl:/dev/null")
}

// A file of the host on a descriptor can be written there, and not be opened again with
// other rights.
func TestS42LandlockDescriptorsAreNotOpenedAnew(t *testing.T) {
	needLandlock(t, 2)
	for more, want := range map[string]string{"": "EACCES", off: "ok"} {
		sealed := compiled(t, policy("reopen", `"/app/probe"`, more))
		path := filepath.Join(t.TempDir(), "log")
		log, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		log.Chmod(0o666)
		cmd := exec.Command(filepath.Join(bin, "casemate-shim"), "run", sealed, "--", "reopen:1")
		cmd.Stdout = log
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		log.Close()
		r := new(report)
		if b, err := os.ReadFile(path); err != nil || json.Unmarshal(b, r) != nil {
			t.Fatalf("%s, %v", b, err)
		}
		r.attempts(t, want, "reopen:1")
	}
}

// Each list is what it says, and what stands beside it is refused.
func TestS42LandlockLists(t *testing.T) {
	needLandlock(t, 3)
	_, writable := boundTree(t, ", writable = true")
	_, executable := boundTree(t, ", exec = true")
	for _, c := range some(t, []struct {
		name, mounts, list string
		ok, refused        []string
	}{
		{"ro", executable, `ro = ["/d/a/"], exec = ["/app"]`, []string{"read:/d/a/file", "list:/d/a", "read:/proc/self/status"}, []string{"read:/d/b/file", "list:/d/b", "list:/d", "list:/"}},
		{"ro of a file", executable, `ro = ["/d/a/file"], exec = ["/app"]`, []string{"read:/d/a/file"}, []string{"read:/d/a/tool", "list:/d/a"}},
		{"rw", writable, `rw = ["/d/a/"]`, []string{"write:/d/a/file", "write:/d/a/new", "truncate:/d/a/file", "mkfifo:/d/a/fifo", "read:/d/b/file", "list:/d/b"},
			[]string{"write:/d/b/file", "write:/d/b/new", "truncate:/d/b/file", "mkfifo:/d/b/fifo", "mksocket:/d/b/socket", "rename:/d/b/file,/d/a/stolen"}},
		{"exec", executable, `exec = ["/app", "/d/a/tool"]`, []string{"read:/d/b/tool"}, []string{"exec:/d/b/tool"}},
	}) {
		t.Run(c.name, func(t *testing.T) {
			r := confined(t, internet+c.mounts+"[lsm]\nlandlock = { "+c.list+" }\n", append(append([]string{"exec:/d/a/tool"}, c.ok...), c.refused...)...)
			r.attempts(t, "ok", c.ok...)
			r.attempts(t, "EACCES", c.refused...)
			if c.name == "exec" {
				r.attempts(t, "ok", "exec:/d/a/tool")
			}
			without := confined(t, internet+c.mounts+off, c.refused...)
			for _, a := range without.Attempts {
				if a.Result == "EACCES" {
					t.Errorf("%s is refused without Landlock too", a.Name)
				}
			}
		})
	}
}

// internet is a filter that allows sockets and nodes besides what every probe may do.
const internet = "[seccomp]\nallow = [\"@default\", \"@io\", \"@file-read\", \"@file-write\", \"@process\", \"@signals\", \"@threads\", \"@memory\", \"@time\", \"@sched\", \"capget\", " +
	"\"@net-server\", \"@net-client\", \"@unix-socket\", \"mknodat\", \"mknod\"]\n"

// TCP ports as declared. The rules are not about MPTCP, which the audit says (LSM-008).
func TestS42LandlockPorts(t *testing.T) {
	needLandlock(t, 4)
	r := confined(t, internet+"[lsm]\nlandlock = { bind = [8080], connect = [9090] }\n", "bind:8080", "bind:8081", "bind:0", "connect:9090", "connect:9091", "connect:8080", "bind:9090", "mptcp:8081")
	r.attempts(t, "ok", "bind:8080")
	r.attempts(t, "ECONNREFUSED", "connect:9090")
	r.attempts(t, "EACCES", "bind:8081", "bind:0", "bind:9090", "connect:9091", "connect:8080")
	for _, a := range r.Attempts {
		if a.Name == "mptcp:8081" && a.Result != "ok" && !strings.HasPrefix(a.Result, "socket: ") {
			t.Errorf("MPTCP: %s; the documents say that Landlock does not look at it", a.Result)
		}
	}
	r = confined(t, internet, "bind:8081", "bind:0", "connect:9091")
	r.attempts(t, "ok", "bind:8081", "bind:0")
	r.attempts(t, "ECONNREFUSED", "connect:9091")
	// A port of the kernel's choice is port 0.
	confined(t, internet+"[lsm]\nlandlock = { bind = [0] }\n", "bind:0").attempts(t, "ok", "bind:0")
}

// With the host's network its abstract sockets are out of reach all the same.
func TestS42LandlockAbstractSockets(t *testing.T) {
	needLandlock(t, 6)
	name := fmt.Sprintf("casemate-test-%d", os.Getpid())
	l, err := net.Listen("unix", "@"+name)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const shared = internet + "[network]\nmode = \"host\"\n[why]\n\"namespaces.net\" = \"this is only a test\"\n"
	confined(t, shared, "abstract:"+name).attempts(t, "EPERM", "abstract:"+name)
	confined(t, shared+"\"lsm.landlock.abstract\" = \"this is only a test\"\n[lsm]\nlandlock.abstract = true\n", "abstract:"+name).attempts(t, "ok", "abstract:"+name)
}

// A process that somebody on the host has put into the container's PID namespace is none of
// the container's: the same user, and no signal reaches it.
func TestS42LandlockSignals(t *testing.T) {
	needLandlock(t, 6)
	for _, tool := range []string{"nsenter", "setpriv"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("needs ", tool)
		}
	}
	for more, want := range map[string]string{"": "EPERM", off: "ok"} {
		p := running(t, compiled(t, policy("stranger", `"/app/probe"`, more)), "--", "stranger:sleep")
		pid := receiptPID(t, "stranger")
		stranger := exec.Command("nsenter", "--pid=/proc/"+pid+"/ns/pid", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sleep", "60")
		if err := stranger.Start(); err != nil {
			t.Fatal(err)
		}
		r := p.wait(t)
		stranger.Process.Kill()
		stranger.Wait()
		out := new(report)
		if err := json.Unmarshal([]byte(r.stdout), out); err != nil {
			t.Fatalf("%v: %s", err, r)
		}
		out.attempts(t, want, "stranger:sleep")
	}
}

// receiptPID is the pid of a running container's init, from its receipt.
func receiptPID(t *testing.T, service string) string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		r := command(t, filepath.Join(bin, "casemate-shim"), "status", service)
		if _, rest, ok := strings.Cut(r.stdout, "init is pid "); ok {
			pid, _, _ := strings.Cut(rest, ",")
			return pid
		}
	}
	t.Fatal("no receipt")
	return ""
}
