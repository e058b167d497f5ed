package main

import (
	"errors"
	"strings"
	"testing"
)

func sampled(name string, values map[figure][]float64) *subject {
	return &subject{name: name, figures: values}
}

func TestTable(t *testing.T) {
	tini := sampled(baseline, map[figure][]float64{bulkCPU: {2, 4, 3}, signalMedian: {30, 30, 30, 30, 30, 30}, singleCPU: {6}, startTime: {600}, threads: {1}})
	our := sampled(ours, map[figure][]float64{bulkCPU: {3}, signalMedian: {33, 33, 33, 33, 33, 33}, singleCPU: {7}, startTime: {1150}, threads: {5}, anonymous: {520}})
	our.failed = errors.New("stumbled")
	var b strings.Builder
	printTable(&b, []*subject{tini, our})
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"CPU per orphan, in bulk, us 3 3 (1.00) 1.0 x tini pass",
		"p50, us 30 33 (1.10) 1.0 x tini over",
		"one by one, us 6 7 (1.17) 1.0 x tini over, within noise",
		"p99, us - - 1.5 x tini not measured",
		"exec to workload, us 600 1150 (1.92) 2.0 x tini pass",
		"threads 1 5 (5.00) 4 over",
		"anonymous, KiB - 520 614 pass",
		"binary, KiB - - 1536 not measured",
		"casemate-init failed after 1 rounds: stumbled",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
}

// Without tini or without ours nothing is within a budget.
func TestNothingToCompare(t *testing.T) {
	only := sampled(ours, map[figure][]float64{bulkCPU: {1}, threads: {1}})
	for _, c := range []struct {
		row       figure
		our, base *subject
		want      string
	}{
		{bulkCPU, only, nil, "not measured"},
		{bulkCPU, only, sampled(baseline, nil), "not measured"},
		{bulkCPU, nil, only, "not measured"},
		{threads, only, nil, "pass"},
		{threads, nil, nil, "not measured"},
		{resident, only, nil, ""},
	} {
		if _, got := judge(c.row, c.our, c.base); got != c.want {
			t.Errorf("%s: %q, want %q", rows[c.row].name, got, c.want)
		}
	}
}

func TestExceeds(t *testing.T) {
	ten := make([]float64, 10)
	for above := range 11 {
		ours := make([]float64, 10)
		for i := range ours {
			ten[i] = 1
			if i < above {
				ours[i] = 3
			}
		}
		// Ten coins show more than 8.2 heads once in a hundred times.
		if got := exceeds(ours, ten, 2); got != (above > 8) {
			t.Errorf("%d of 10 above: %t", above, got)
		}
	}
	if exceeds(nil, ten, 1) {
		t.Error("nothing exceeds")
	}
}
