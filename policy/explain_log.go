package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"casemate/policy/explain"
)

// maxLog bounds what is read of a log.
const maxLog = 16 << 20

// maxRecords bounds the answers. A workload chooses its own names and calls, and so what
// stands in the log.
const maxRecords = 4096

// logged explains the records of a log, each call once; other lines are passed over.
func logged(s *explain.Subject, log io.Reader) (*explain.Answer, error) {
	limited := &io.LimitedReader{R: log, N: maxLog + 1}
	lines := bufio.NewReaderSize(limited, explain.MaxRecord+1)
	all := new(explain.Answer)
	seen := map[explain.Record]bool{}
	for n := 1; ; n++ {
		line, err := nextLine(lines)
		switch {
		case limited.N == 0:
			return nil, fmt.Errorf("standard input: more than %d bytes", maxLog)
		case errors.Is(err, io.EOF) && len(seen) == 0:
			return nil, errors.New("standard input: no record of seccomp in it")
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("standard input: %w", err)
		}
		if err := explainLine(s, line, seen, all); err != nil {
			return nil, fmt.Errorf("standard input, line %d: %w", n, err)
		}
	}
}

// nextLine gives a line, and of one that is too long for a record its beginning.
func nextLine(r *bufio.Reader) (string, error) {
	part, more, err := r.ReadLine()
	line := string(part)
	for more && err == nil {
		_, more, err = r.ReadLine()
	}
	return line, err
}

func explainLine(s *explain.Subject, line string, seen map[explain.Record]bool, all *explain.Answer) error {
	if !strings.Contains(line, "type=1326 ") && !strings.Contains(line, "type=SECCOMP ") {
		return nil
	}
	r, err := explain.ParseRecord(line)
	if errors.Is(err, explain.ErrNoRecord) {
		return nil
	}
	if err != nil || seen[*r] {
		return err
	}
	if len(seen) == maxRecords {
		return fmt.Errorf("more than %d different records", maxRecords)
	}
	seen[*r] = true
	a, err := explain.Log(s, r)
	if err != nil {
		return err
	}
	all.Lines = append(all.Lines, a.Lines...)
	all.Allowed = all.Allowed || a.Allowed
	return nil
}
