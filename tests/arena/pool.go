//go:build amd64

package arena

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// workerEnv holds the directory of a worker; a process without it is the test's.
const workerEnv = "CASEMATE_ARENA"

// request is one job for a worker, and its answer.
type request struct {
	Job string
	Arg json.RawMessage
}

type answer struct {
	Result json.RawMessage
	Error  string
}

// Pool is the workers.
type Pool struct{ workers []*remote }

// remote is a worker as the test sees it.
type remote struct {
	cmd    *exec.Cmd
	cgroup string
	in     *json.Encoder
	out    *json.Decoder
	pipes  []*os.File
}

// newPool starts n workers that share a directory with the binaries under test.
func newPool(dir string, n int) (*Pool, error) {
	p := &Pool{}
	for range n {
		r, err := newRemote(dir)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.workers = append(p.workers, r)
	}
	return p, nil
}

func newRemote(dir string) (*remote, error) {
	group, err := newCgroup()
	if err != nil {
		return nil, err
	}
	fd, err := unix.Open(group, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	theirs, toWorker, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	fromWorker, answers, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^$")
	cmd.Env = append(os.Environ(), workerEnv+"="+dir)
	cmd.Stderr, cmd.ExtraFiles = os.Stderr, []*os.File{theirs, answers}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
		// Not a flag of the clone, which would take this process's cgroup for the root.
		Unshareflags: unix.CLONE_NEWCGROUP,
		UseCgroupFD:  true, CgroupFD: fd,
	}
	err = cmd.Start()
	theirs.Close()
	answers.Close()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start a worker: %w", err), removeCgroup(group))
	}
	return &remote{cmd, group, json.NewEncoder(toWorker), json.NewDecoder(fromWorker), []*os.File{toWorker, fromWorker}}, nil
}

// close ends the workers and removes their cgroups.
func (p *Pool) close() error {
	var errs []error
	for _, r := range p.workers {
		for _, f := range r.pipes {
			f.Close()
		}
		r.cmd.Process.Kill()
		r.cmd.Wait()
		errs = append(errs, removeCgroup(r.cgroup))
	}
	p.workers = nil
	return errors.Join(errs...)
}

// Each gives each argument to some worker, as a job of a name, and calls done with what
// comes of it, in any order but never at once.
func Each[A, R any](p *Pool, job string, args []A, done func(A, R, error)) {
	todo := make(chan A)
	var one sync.Mutex
	var all sync.WaitGroup
	for _, r := range p.workers {
		all.Add(1)
		go func() {
			defer all.Done()
			for a := range todo {
				var result R
				err := r.do(job, a, &result)
				one.Lock()
				done(a, result, err)
				one.Unlock()
			}
		}()
	}
	for _, a := range args {
		todo <- a
	}
	close(todo)
	all.Wait()
}

// do is one job. A worker that has ended is an error, of this job and of all later ones.
func (r *remote) do(job string, arg, result any) error {
	b, err := json.Marshal(arg)
	if err != nil {
		return err
	}
	if err := r.in.Encode(request{job, b}); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	var a answer
	if err := r.out.Decode(&a); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	if a.Error != "" {
		return errors.New(a.Error)
	}
	return json.Unmarshal(a.Result, result)
}

// Cgroups is where the cgroup v2 hierarchy is mounted, "" where it is not.
func Cgroups() string {
	for _, dir := range []string{"/sys/fs/cgroup/unified", "/sys/fs/cgroup"} {
		var st unix.Statfs_t
		if unix.Statfs(dir, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC {
			return dir
		}
	}
	return ""
}

// newCgroup makes a cgroup below this process's own.
func newCgroup() (string, error) {
	mount := Cgroups()
	if mount == "" {
		return "", errors.New("no cgroup v2 hierarchy is mounted")
	}
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	_, own, _ := strings.Cut("\n"+string(text), "\n0::")
	own, _, _ = strings.Cut(own, "\n")
	return os.MkdirTemp(filepath.Join(mount, own), "arena.")
}

// removeCgroup removes a cgroup and those below it, children first, as soon as what was
// killed in them has gone.
func removeCgroup(group string) error {
	var err error
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = removeOnce(group); err == nil {
			return nil
		}
	}
	return err
}

func removeOnce(group string) error {
	entries, err := os.ReadDir(group)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeOnce(filepath.Join(group, e.Name())); err != nil {
				return err
			}
		}
	}
	return unix.Rmdir(group)
}
