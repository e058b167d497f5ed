package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strconv"
	"text/tabwriter"

	"casemate/tests/lab"
)

// subject is a program, or none, and what its runs took.
type subject struct {
	name   string
	file   string // "-" for no filter
	length int    // instructions
	runs   []costs
}

// costs in nanoseconds: of the installation, and of one call of each kind.
type costs struct{ install, allowed, checked, denied float64 }

// measure runs each subject once a round, in a new random order each time.
func measure(loop string, all []*subject, rounds, count int) error {
	order := slices.Clone(all)
	for range rounds {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, s := range order {
			out, err := exec.Command(loop, s.file, strconv.Itoa(count)).Output()
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			var c costs
			if _, err := fmt.Sscan(string(out), &c.install, &c.allowed, &c.checked, &c.denied); err != nil {
				return fmt.Errorf("%s: %q: %w", s.name, out, err)
			}
			s.runs = append(s.runs, c)
		}
	}
	return nil
}

func (s *subject) median(of func(costs) float64) float64 {
	list := make([]float64, len(s.runs))
	for i, c := range s.runs {
		list[i] = of(c)
	}
	return lab.Quantile(list, 0.5)
}

// printTable writes the medians; in brackets, the ratio to no filter.
func printTable(w io.Writer, all []*subject, rounds, count int) {
	fmt.Fprintf(w, "medians of %d interleaved runs of %d calls each, on one processor\n\n", rounds, count)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "filter\tinstructions\tinstall us\tallowed ns\tby argument ns\tdenied ns\t")
	bare := all[0]
	cell := func(s *subject, of func(costs) float64) string {
		return fmt.Sprintf("%.0f (%.2f)", s.median(of), s.median(of)/bare.median(of))
	}
	for _, s := range all {
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%s\t%s\t%s\t\n", s.name, s.length, s.median(func(c costs) float64 { return c.install })/1000,
			cell(s, func(c costs) float64 { return c.allowed }), cell(s, func(c costs) float64 { return c.checked }), cell(s, func(c costs) float64 { return c.denied }))
	}
	t.Flush()
}
