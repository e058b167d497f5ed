//go:build amd64

package races

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"casemate/tests/arena"

	"golang.org/x/sys/unix"
)

// blows are what came of launches under the hammer.
type blows struct {
	Exchanges, Success, Clean int
	Failures                  []string
}

// hammer exchanges paths of the root with links to canaries and with decoys, there and back,
// with pauses of random length that let a launch get through now and then.
func hammer(w *arena.Worker, stop *atomic.Bool, count *atomic.Int64, done chan<- struct{}) {
	defer close(done)
	for !stop.Load() {
		path := filepath.Join(w.Dir, "root", targets[1+rand.IntN(len(targets)-1)])
		with := "link"
		if rand.IntN(2) == 0 {
			with = "file"
			if isDir(path) {
				with = "dir"
			}
		}
		for range 2 * (1 + rand.IntN(20)) { // an even number: it is as before in the end
			if exchange(with)(w, path) == nil {
				count.Add(1)
			}
		}
		pause := unix.NsecToTimespec(rand.Int64N(int64(time.Millisecond / 2)))
		unix.Nanosleep(&pause, nil)
	}
}

// hammered launches for some seconds under the hammer.
func hammered(w *arena.Worker, seconds int) (b blows, err error) {
	want, err := w.Want(policy)
	if err != nil {
		return b, err
	}
	before, err := stage(w)
	if err != nil {
		return b, err
	}
	var stop atomic.Bool
	var count atomic.Int64
	done := make(chan struct{})
	go hammer(w, &stop, &count, done)
	defer func() {
		stop.Store(true)
		<-done
		b.Exchanges = int(count.Load())
	}()
	for end := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(end); {
		o, err := w.Run(policy, false)
		if err != nil {
			return b, err
		}
		r, err := judge(w, race{Late: true}, o, want, before)
		switch {
		case err != nil:
			return b, err
		case r.Kind == arena.Success:
			b.Success++
		case r.Kind == arena.Clean:
			b.Clean++
		default:
			b.Failures = append(b.Failures, r.Text)
		}
	}
	return b, nil
}

// An attacker exchanges paths of the root as fast as a processor can, launch after launch.
func TestS04RootExchangedAllTheTime(t *testing.T) {
	arena.Need(t, pool)
	seconds := 5
	if whole {
		seconds = 60
	}
	var all blows
	arena.Each(pool, "hammer", []int{seconds, seconds}, func(_ int, b blows, err error) {
		if err != nil {
			t.Error(err)
		}
		all.Exchanges += b.Exchanges
		all.Success += b.Success
		all.Clean += b.Clean
		all.Failures = append(all.Failures, b.Failures...)
	})
	for _, f := range all.Failures[:min(5, len(all.Failures))] {
		t.Error(f)
	}
	t.Logf("%d exchanges during %d launches: clean %d success %d failures %d",
		all.Exchanges, all.Success+all.Clean+len(all.Failures), all.Clean, all.Success, len(all.Failures))
	if all.Success == 0 || all.Clean == 0 {
		t.Error("the hammer lets nothing through, or does not strike: " + fmt.Sprint(all))
	}
}
