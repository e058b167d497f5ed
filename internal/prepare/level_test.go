package prepare

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"casemate/tests/lab"

	"golang.org/x/sys/unix"
)

// holdLevel is a shim that has a level until it is killed.
func holdLevel(arg string) int {
	root, start, _ := strings.Cut(arg, " ")
	n, err := strconv.Atoi(start)
	if err != nil {
		return 2
	}
	taken, _, err := levelFrom(root, n, 1<<16)
	fmt.Println(taken, err)
	time.Sleep(time.Hour)
	return 0
}

// A thousand at a time, who all want the same one, have one each.
func TestLevelsAreUnique(t *testing.T) {
	needRoot(t)
	root, taken := t.TempDir(), make([]int, lab.Times(t, 1000))
	errs := make([]error, len(taken))
	locks := make([]int, len(taken))
	var all sync.WaitGroup
	for i := range taken {
		all.Go(func() { taken[i], locks[i], errs[i] = levelFrom(root, 65_000, 1<<16) })
	}
	all.Wait()
	seen := map[int]bool{}
	for i, n := range taken {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		if seen[n] || (n+1<<16-65_000)%(1<<16) >= len(taken) {
			t.Errorf("level %d again, or far away", n)
		}
		seen[n] = true
		defer unix.Close(locks[i])
	}
}

// What a shim has is free again when it has ended, killed or not.
func TestLevelOfAKilledShim(t *testing.T) {
	needRoot(t)
	root := t.TempDir()
	cmd := helper(t, "level", root+" 7")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "7 <nil>\n" {
		t.Fatalf("%q, %v", line, err)
	}
	expectLevel(t, root, 8)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	expectLevel(t, root, 7)
}

func expectLevel(t *testing.T, root string, want int) {
	t.Helper()
	n, lock, err := levelFrom(root, 7, 1<<16)
	if err != nil || n != want {
		t.Fatalf("%d, %v, want %d", n, err, want)
	}
	unix.Close(lock)
}

func TestLevelRefused(t *testing.T) {
	needRoot(t)
	root := t.TempDir()
	for want := range 3 {
		n, lock, err := levelFrom(root, 0, 3)
		if err != nil || n != want {
			t.Fatalf("%d, %v, want %d", n, err, want)
		}
		defer unix.Close(lock)
	}
	if _, _, err := Level(root, 3); err == nil || !strings.Contains(err.Error(), "all 3 are taken") {
		t.Errorf("a fourth of three: %v", err)
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Level(open, 3); err == nil {
		t.Error("a directory that others can write was taken")
	}
	if err := os.Symlink("/etc/passwd", root+"/link"); err != nil {
		t.Fatal(err)
	}
	linked := t.TempDir()
	if err := os.Symlink(root+"/link", linked+"/"+Levels); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Level(linked, 3); err == nil {
		t.Error("a symbolic link was followed")
	}
}
