package tests

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// served are a configuration of nginx that sends a file slowly, and its address.
func served(t *testing.T) (conf, address string, size int) {
	t.Helper()
	if _, err := exec.LookPath("/usr/sbin/nginx"); err != nil {
		t.Skipf("needs nginx: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	dir := t.TempDir()
	size = 300 << 10
	conf = filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf("daemon off;\nuser root;\nworker_processes 2;\npid %[1]s/pid;\nerror_log stderr notice;\nevents {}\nhttp {\naccess_log off;\n"+
		"client_body_temp_path %[1]s/a;\nproxy_temp_path %[1]s/b;\nfastcgi_temp_path %[1]s/c;\nuwsgi_temp_path %[1]s/d;\nscgi_temp_path %[1]s/e;\n"+
		"server { listen %[2]s; root %[1]s; limit_rate 200k; } }\n", dir, address)
	for name, content := range map[string]string{conf: text, filepath.Join(dir, "slow"): strings.Repeat("x", size)} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return conf, address, size
}

// TERM that is rewritten to QUIT lets nginx finish the request that is under way.
func TestServiceNginxFinishesRequests(t *testing.T) {
	needRoot(t)
	conf, address, size := served(t)
	p := asInit(t, exec.Command(filepath.Join(bin, "casemate-init"), "-r", "TERM:QUIT", "--", "/usr/sbin/nginx", "-e", "stderr", "-c", conf))
	var c net.Conn
	retry(t, func() (err error) { c, err = net.Dial("tcp", address); return err })
	defer c.Close()
	if _, err := io.WriteString(c, "GET /slow HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	if _, err := in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGTERM)
	p.untilSaid(t, "gracefully shutting down")
	rest, err := io.ReadAll(in)
	if n := strings.Count(string(rest), "x"); err != nil || n < size {
		t.Errorf("%d of %d bytes came, %v", n, size, err)
	}
	p.ended(t, 0, "gracefully shutting down")
}

// untilSaid waits for a text on standard error.
func (p *process) untilSaid(t *testing.T, text string) {
	t.Helper()
	eventually(t, func() bool { return strings.Contains(p.stderr.String(), text) }, func() string { return "it does not say " + text + ": " + p.stderr.String() })
}

// TERM has redis save what it has before it ends.
func TestServiceRedisSaves(t *testing.T) {
	needRoot(t)
	if _, err := exec.LookPath("/usr/bin/redis-server"); err != nil {
		t.Skipf("needs redis-server: %v", err)
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "socket")
	p := alone(t, "/usr/bin/redis-server", "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "900 1")
	var c net.Conn
	retry(t, func() (err error) { c, err = net.Dial("unix", socket); return err })
	defer c.Close()
	if _, err := io.WriteString(c, "SET k casemate-was-here\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "+OK\r\n" {
		t.Fatalf("redis says %q, %v", line, err)
	}
	p.signal(t, syscall.SIGTERM)
	p.wait(t).expect(t, 0)
	if saved, err := os.ReadFile(filepath.Join(dir, "dump.rdb")); err != nil || !strings.Contains(string(saved), "casemate-was-here") {
		t.Errorf("what redis had is not saved: %v", err)
	}
}

// A shell's background jobs ignore INT and QUIT and outlive the shell: they are told to
// end as well, and nothing is left. With the whole group signalled the shell need not
// wait for its foreground child before its trap runs.
func TestServiceShellWithJobs(t *testing.T) {
	needRoot(t)
	const jobs = `trap 'echo told; exit 9' TERM; sleep 1000 & (trap 'echo job; exit' TERM; echo up; while :; do sleep 1000 & wait; done) & `
	for _, c := range some(t, []struct {
		options []string
		then    string
		sleeps  int
	}{
		{nil, "wait", 2}, {[]string{"-g"}, "wait", 2}, {[]string{"-g"}, "sleep 1000; :", 3},
	}) {
		args := append(append([]string{"--grace=10s"}, c.options...), "--", "/bin/sh", "-c", jobs+c.then)
		p := asInit(t, exec.Command(filepath.Join(bin, "casemate-init"), args...))
		p.until(t, "up")
		// A shell that has forked and not yet executed has the traps of its parent, and loses TERM.
		eventually(t, func() bool { return sleepers(t, p.cmd.Process.Pid) == c.sleeps }, func() string { return "the jobs do not sleep" })
		p.signal(t, syscall.SIGTERM)
		r := p.wait(t) // the shell may say on standard error what has ended
		if r.code != 9 || !strings.Contains(r.stdout, "told") || !strings.Contains(r.stdout, "job") || strings.Contains(r.stderr, "casemate") {
			t.Errorf("%q: %s", args, r)
		}
	}
}

// sleepers counts the descendants that are sleep(1).
func sleepers(t *testing.T, pid int) (n int) {
	t.Helper()
	for _, d := range grandchildren(t, pid) {
		if command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", d)); strings.HasPrefix(string(command), "sleep\x00") {
			n++
		}
	}
	return n
}
