//go:build amd64

package faults

import (
	"testing"

	"casemate/tests/arena"
)

// pool is the workers, which each have the machine to themselves.
var pool *arena.Pool

func TestMain(m *testing.M) {
	arena.Main(m.Run, &pool, map[string]arena.Job{
		"calls": arena.JobOf(arena.Calls), "fault": arena.JobOf(inject),
		"hard": arena.JobOf(withstand), "storm": arena.JobOf(storm), "again": arena.JobOf(again),
	})
}
