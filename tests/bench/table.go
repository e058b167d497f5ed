package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"casemate/tests/lab"
)

// summary of the runs of one tool.
type summary struct{ median, cpu, least time.Duration }

func summarize(runs []sample) summary {
	if len(runs) == 0 {
		return summary{}
	}
	wall, cpu := make([]time.Duration, len(runs)), make([]time.Duration, len(runs))
	for i, r := range runs {
		wall[i], cpu[i] = r.wall, r.cpu
	}
	return summary{time.Duration(lab.Quantile(wall, 0.5)), time.Duration(lab.Quantile(cpu, 0.5)), slices.Min(wall)}
}

// printTable prints milliseconds, and ratios to the floor where there is one. The
// medians of wall time are noisy where the machine is; the ratio of processor times
// is the steadier figure.
func printTable(w io.Writer, tools []*tool) {
	var floor summary
	for _, t := range tools {
		if t.name == floorName {
			floor = summarize(t.runs)
		}
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "tool\tmedian ms\tcpu ms\tmin ms\tx floor\tx floor cpu\tfailed\t\n")
	for _, t := range tools {
		s := summarize(t.runs)
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t\n", t.name, ms(s.median), ms(s.cpu), ms(s.least),
			ratio(s.median, floor.median), ratio(s.cpu, floor.cpu), t.failures)
	}
	tw.Flush()
}

func ms(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond))
}

func ratio(a, b time.Duration) string {
	if a == 0 || b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}
