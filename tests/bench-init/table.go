package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"casemate/tests/lab"
)

// median of a figure over the rounds; NaN where there is none.
func (s *subject) median(row figure) float64 { return lab.Quantile(s.figures[row], 0.5) }

// printTable prints a row for each figure: the medians of all inits with their ratios to
// tini, and what the budget says of ours.
func printTable(w io.Writer, all []*subject) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tw, "\t")
	var base, our *subject
	for _, s := range all {
		fmt.Fprintf(tw, "%s\t", s.name)
		switch s.name {
		case baseline:
			base = s
		case ours:
			our = s
		}
	}
	fmt.Fprint(tw, "budget\t\t\n")
	for row := range figures {
		fmt.Fprintf(tw, "%s\t", rows[row].name)
		for _, s := range all {
			fmt.Fprintf(tw, "%s\t", cell(s, base, row))
		}
		limit, verdict := judge(row, our, base)
		fmt.Fprintf(tw, "%s\t%s\t\n", limit, verdict)
	}
	tw.Flush()
	for _, s := range all {
		if s.failed != nil {
			fmt.Fprintf(w, "%s failed after %d rounds: %v\n", s.name, len(s.figures[bulkCPU]), s.failed)
		}
	}
}

// cell is a median and, in parentheses, its ratio to the baseline's.
func cell(s, base *subject, row figure) string {
	v := s.median(row)
	if math.IsNaN(v) {
		return "-"
	}
	text := fmt.Sprintf("%.*f", decimals(v), v)
	if base != nil && s != base && len(base.figures[row]) > 0 {
		text += fmt.Sprintf(" (%.2f)", v/base.median(row))
	}
	return text
}

func decimals(v float64) int {
	switch {
	case v == math.Trunc(v) || v >= 100:
		return 0
	case v >= 10:
		return 1
	}
	return 2
}

// judge compares our figure with its budget. A figure that is missing, ours or the
// baseline's, is never within it.
func judge(row figure, our, base *subject) (limit, verdict string) {
	r, most := rows[row], rows[row].most
	switch {
	case r.ratio > 0:
		limit = fmt.Sprintf("%.1f x %s", r.ratio, baseline)
		if most = math.NaN(); base != nil {
			most = r.ratio * base.median(row)
		}
	case r.most > 0:
		limit = fmt.Sprintf("%.0f", r.most)
	default:
		return "", ""
	}
	switch {
	case our == nil || math.IsNaN(our.median(row)) || math.IsNaN(most):
		return limit, "not measured"
	case our.median(row) <= most:
		return limit, "pass"
	case r.ratio > 0 && !exceeds(our.figures[row], base.figures[row], r.ratio):
		return limit, "over, within noise"
	}
	return limit, "over"
}

// exceeds tells whether ours is above so many times theirs in more of the rounds than chance
// explains: a sign test at two standard deviations. Few rounds cannot tell.
func exceeds(ours, theirs []float64, ratio float64) bool {
	n, above := min(len(ours), len(theirs)), 0
	for i := range n {
		if ours[i] > ratio*theirs[i] {
			above++
		}
	}
	return float64(above) > float64(n)/2+math.Sqrt(float64(n))
}
