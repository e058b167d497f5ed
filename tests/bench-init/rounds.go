package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"

	"casemate/tests/lab"
)

// warmUp measures each init a little. One that fails is left out, with the reason.
func (l *laboratory) warmUp(all []*subject) (run []*subject, failed []string) {
	for _, s := range all {
		if err := l.round(s, options{rounds: 1, bulk: batchSize, single: 10, signals: 10, starts: 1}); err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", s.name, err))
			continue
		}
		clear(s.figures)
		run = append(run, s)
	}
	return run, failed
}

// measure measures the inits once a round, in a new random order each time: what
// disturbs the machine for a while then disturbs all of them. An init that fails is not
// measured any more.
func (l *laboratory) measure(ctx context.Context, all []*subject, o options) {
	order := append([]*subject(nil), all...)
	for range o.rounds {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, s := range order {
			if ctx.Err() != nil {
				return
			}
			if s.failed == nil {
				s.failed = l.round(s, o)
			}
		}
	}
}

// round takes one sample of every figure.
func (l *laboratory) round(s *subject, o options) error {
	found, err := l.rest(s)
	if err != nil {
		return fmt.Errorf("at rest: %w", err)
	}
	if found[bulkCPU], err = l.reap(s, o.bulk/o.rounds, batchSize); err != nil {
		return fmt.Errorf("orphans in bulk: %w", err)
	}
	if found[singleCPU], err = l.reap(s, o.single/o.rounds, 1); err != nil {
		return fmt.Errorf("orphans one by one: %w", err)
	}
	took, cpu, err := l.signals(s, o.signals/o.rounds)
	if err != nil {
		return fmt.Errorf("signals: %w", err)
	}
	found[signalCPU], found[signalMedian], found[signalTail] = cpu, lab.Quantile(took, 0.5), lab.Quantile(took, 0.99)
	if found[startTime], err = l.several(s, o.starts/o.rounds); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	for row, v := range maps.All(found) {
		s.figures[row] = append(s.figures[row], v)
	}
	return nil
}
