package tests

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// example compiles a policy of examples/ and starts it.
func example(t *testing.T, name, program string) *process {
	t.Helper()
	needRoot(t)
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("needs %s: %v", program, err)
	}
	out := filepath.Join(t.TempDir(), name+".sealed")
	command(t, filepath.Join(bin, "casemate"), "compile", "-o", out, "../examples/"+name+".toml").expect(t, 0)
	return running(t, out)
}

// retry calls f until it succeeds: a server that has just been started may not listen yet.
func retry(t *testing.T, f func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

func TestExampleNginx(t *testing.T) {
	p := example(t, "nginx", "/usr/sbin/nginx")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var body string
	retry(t, func() error {
		r, err := client.Get("http://127.0.0.1:8080/")
		if err != nil {
			return err
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		body = string(b)
		return err
	})
	if !strings.Contains(body, "nginx") {
		t.Errorf("the page is %q", body)
	}
	var r result // the receipt is kept when init has been released
	eventually(t, func() bool {
		r = command(t, filepath.Join(bin, "casemate-shim"), "status", "nginx")
		return r.code == 0
	}, func() string { return r.String() })
	if !strings.Contains(r.stdout, "NoNewPrivs") || strings.Contains(r.stdout, "DIFFERS") {
		t.Errorf("receipt: %s", r)
	}
	p.signal(t, unix.SIGTERM)
	p.wait(t).expect(t, 0, "gracefully shutting down")
}

func TestExampleRedis(t *testing.T) {
	p := example(t, "redis", "/usr/bin/redis-server")
	retry(t, func() error {
		c, err := net.Dial("tcp", "127.0.0.1:6380")
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := io.WriteString(c, "SET k casemate\r\nGET k\r\n"); err != nil {
			return err
		}
		in := bufio.NewReader(c)
		for _, want := range []string{"+OK", "$8", "casemate"} {
			line, err := in.ReadString('\n')
			if err != nil {
				return err
			}
			if strings.TrimSpace(line) != want {
				t.Errorf("redis says %q, want %q", line, want)
			}
		}
		return nil
	})
	p.signal(t, unix.SIGTERM)
	p.wait(t).expect(t, 0)
}

func TestExampleBatch(t *testing.T) {
	r := example(t, "batch", "/usr/bin/sh").wait(t)
	r.expect(t, 0)
	if r.stdout == "" || r.stderr != "" {
		t.Errorf("the report is %s", r)
	}
}

func TestExampleRootling(t *testing.T) {
	needUserNamespaces(t)
	if _, err := exec.LookPath("/usr/bin/perl"); err != nil {
		t.Skipf("needs perl: %v", err)
	}
	r := example(t, "rootling", "/usr/bin/sh").wait(t)
	r.expect(t, 0)
	for _, want := range []string{"I am uid 0, gid 0.", "uid 33 has made", "/opt/start.sh belongs to uid ", "/usr/bin/sh belongs to uid 65534"} {
		if !strings.Contains(r.stdout, want) || r.stderr != "" {
			t.Errorf("no %q: %s", want, r)
		}
	}
}

// The greeter is handed its socket, its text and its watchdog by a service manager.
func TestExampleGreeter(t *testing.T) {
	needRoot(t)
	if _, err := exec.LookPath("/usr/bin/python3"); err != nil {
		t.Skipf("needs python3: %v", err)
	}
	out := filepath.Join(t.TempDir(), "greeter.sealed")
	command(t, filepath.Join(bin, "casemate"), "compile", "-o", out, "../examples/greeter.toml").expect(t, 0)
	socket, address := listening(t)
	m := manager(t, filepath.Join(t.TempDir(), "notify"))
	dir := credentials(t, map[string]string{"greeting": "good morning\n"})
	p := managed(t, out, []string{
		m.env(), "LISTEN_FDS=1", "LISTEN_FDNAMES=greeter.socket", "WATCHDOG_USEC=100000", "CREDENTIALS_DIRECTORY=" + dir,
	}, []*os.File{socket})
	if got := m.hears(t); got != "READY=1\nSTATUS=Nobody was here yet." {
		t.Errorf("the manager hears %q", got)
	}
	for m.hears(t) != "WATCHDOG=1" {
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if text, err := io.ReadAll(c); string(text) != "good morning\n" || err != nil {
		t.Errorf("it greets %q, %v", text, err)
	}
	for m.hears(t) != "STATUS=Greeted 1." {
	}
	p.signal(t, unix.SIGTERM)
	p.wait(t).expect(t, 0)
	if rest := m.rest(); len(rest) == 0 || rest[len(rest)-1] != "STOPPING=1" {
		t.Errorf("the manager hears at the end %q", rest)
	}
}

func TestExamplePython(t *testing.T) {
	r := example(t, "python", "/usr/bin/python3").wait(t)
	r.expect(t, 0)
	if r.stdout == "" || r.stderr != "" {
		t.Errorf("the script says %s", r)
	}
}

// The image of examples/image: under dm-verity, or not at all, unless the policy leaves it out.
func TestExampleImage(t *testing.T) {
	needLoop(t)
	for _, name := range []string{"mkfs.erofs", "veritysetup", "/bin/busybox"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip("needs erofs-utils, cryptsetup-bin and busybox-static: ", err)
		}
	}
	dir := imageDir(t)
	command(t, "../examples/image/build.sh", dir).expect(t, 0)
	text := readFile(t, filepath.Join(dir, "image.toml"))
	run := func(text string) result { return launch(t, compiled(t, text)) }
	if _, err := os.Stat("/dev/mapper/control"); err != nil {
		run(text).expect(t, 247, "CONFIG_DM_VERITY")
		var kept []string
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "verity") && !strings.HasPrefix(line, "root_hash") {
				kept = append(kept, line)
			}
		}
		text = strings.Join(kept, "")
	}
	r := run(text)
	r.expect(t, 1, "Read-only file system")
	equal(t, "says", r.stdout, "from an image that is verified\n")
}
