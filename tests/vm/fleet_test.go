package vm

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
)

// fleet boots the machines that are asked for, one more than there are processors at a time,
// since they wait for a third of their time, in the order in which they were: the longest come
// first, so that none is left to run alone.
type fleet struct {
	kernel kernel
	start  sync.Once
	boots  []*boot
}

// boot is one run of a machine; the rest is there when done is closed.
type boot struct {
	rung        rung
	done        chan struct{}
	out         transcript
	err         error
	took, spent time.Duration
}

func (f *fleet) wants(r rung) *boot {
	b := &boot{rung: r, done: make(chan struct{})}
	f.boots = append(f.boots, b)
	return b
}

// await waits for the end of one. The first call sets all off.
func (f *fleet) await(b *boot) {
	f.start.Do(func() {
		queue := make(chan *boot, len(f.boots))
		for _, b := range f.boots {
			queue <- b
		}
		close(queue)
		for range min(runtime.GOMAXPROCS(0)+1, 4) { // each takes two GiB
			go func() {
				for b := range queue {
					b.run(f.kernel)
				}
			}()
		}
	})
	<-b.done
}

func (b *boot) run(k kernel) {
	defer close(b.done)
	m, err := b.rung.machine(k)
	if err != nil {
		b.err = err
		return
	}
	start := time.Now()
	m.spent = &b.spent
	b.out, b.err = m.boot()
	b.took = time.Since(start)
}

// times tells how long the machines ran that have.
func (f *fleet) times() string {
	var times []string
	for _, b := range f.boots {
		select {
		case <-b.done:
			times = append(times, fmt.Sprintf("%s %.0f s (%.0f s of a processor)", b.rung.name, b.took.Seconds(), b.spent.Seconds()))
		default:
		}
	}
	return strings.Join(times, ", ")
}
