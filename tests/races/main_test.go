//go:build amd64

package races

import (
	"testing"

	"casemate/tests/arena"
)

// pool is the workers, which each have the machine to themselves.
var pool *arena.Pool

func TestMain(m *testing.M) {
	arena.Main(m.Run, &pool, map[string]arena.Job{
		"calls": arena.JobOf(arena.Calls), "race": arena.JobOf(launchRaced), "hammer": arena.JobOf(hammered),
	})
}
