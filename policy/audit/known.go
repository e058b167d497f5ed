package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxKnown bounds an earlier report that is read.
const MaxKnown = 64 << 20

// Known are the findings of an earlier report, so that only new ones count.
type Known struct{ severity map[string]Severity }

// ReadKnown reads an earlier report, the JSON form of this version. What was waived then
// is not known: when the waiver goes, the finding counts.
func ReadKnown(b []byte) (*Known, error) {
	if len(b) > MaxKnown {
		return nil, fmt.Errorf("a report of more than %d bytes", MaxKnown)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var doc Document
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("not a report of casemate audit --format json: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a report of casemate audit --format json: something follows it")
	}
	if doc.Format != documentFormat || doc.Version != documentVersion {
		return nil, fmt.Errorf("a report of the form %q, version %d; this program reads %q, version %d", doc.Format, doc.Version, documentFormat, documentVersion)
	}
	k := &Known{map[string]Severity{}}
	for _, f := range doc.Findings {
		if f.Waived == nil {
			k.severity[f.Fingerprint] = max(k.severity[f.Fingerprint], f.Severity)
		}
	}
	return k, nil
}

// has reports whether an earlier report has the finding, at least as grave.
func (k *Known) has(f *Finding) bool { return k != nil && f.Severity <= k.severity[f.Fingerprint] }
