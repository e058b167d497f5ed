package main

// figure is a row of the table.
type figure int

const (
	bulkCPU figure = iota
	singleCPU
	signalCPU
	signalMedian
	signalTail
	startTime
	resident
	proportional
	anonymous
	threads
	programSize
	figures // how many there are
)

// rows says what a figure is, and what casemate-init may cost: at most so many times
// tini's, or at most so much. Zero is no budget.
var rows = [figures]struct {
	name  string
	ratio float64
	most  float64
}{
	bulkCPU:      {name: "CPU per orphan, in bulk, us", ratio: 1},
	singleCPU:    {name: "CPU per orphan, one by one, us", ratio: 1},
	signalCPU:    {name: "CPU per signal, us"},
	signalMedian: {name: "signal to handler and back, p50, us", ratio: 1},
	signalTail:   {name: "signal to handler and back, p99, us", ratio: 1.5},
	startTime:    {name: "exec to workload, us", ratio: 2},
	resident:     {name: "resident, KiB"},
	proportional: {name: "proportional, KiB"},
	anonymous:    {name: "anonymous, KiB", most: 0.6 * 1024},
	threads:      {name: "threads", most: 4},
	programSize:  {name: "binary, KiB", most: 1.5 * 1024},
}
