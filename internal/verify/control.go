package verify

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"casemate/internal/sealed"
)

// control is what was written to a control file of cgroups(7): one value, or of a file with
// a line for each device those of one device.
type control struct {
	file, device string
	values       []string
}

// written puts together what the kernel does: a second line for a device adds to the first.
func written(limits []sealed.Limit) []control {
	var all []control
	for _, l := range limits {
		c := control{file: l.File, values: []string{l.Value}}
		if l.File == "io.max" || l.File == "io.weight" {
			words := strings.Fields(l.Value)
			if len(words) == 1 { // the short form of io.weight, which no compiler of ours writes
				words = []string{"default", words[0]}
			}
			c.device, c.values = words[0], words[1:]
		}
		same := slices.IndexFunc(all, func(o control) bool { return o.file == c.file && o.device == c.device })
		if same < 0 {
			all = append(all, c)
		} else {
			all[same].merge(c.values)
		}
	}
	return all
}

// merge lets later values of a key replace earlier ones.
func (c *control) merge(values []string) {
	for _, v := range values {
		key, _, _ := strings.Cut(v, "=")
		c.values = slices.DeleteFunc(slices.Clone(c.values), func(old string) bool { return strings.HasPrefix(old, key+"=") })
		c.values = append(c.values, v)
	}
}

func (c control) name() string {
	if c.device == "" {
		return c.file
	}
	return c.file + " " + c.device
}

// kept is how the kernel writes what it keeps of the value.
func (c control) kept() string {
	if c.device != "" {
		return strings.Join(c.values, " ")
	}
	return canonical(c.file, c.values[0])
}

// found is the same of what the file says.
func (c control) found(text string) string {
	if c.device == "" {
		return canonical(c.file, strings.TrimSpace(text))
	}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 && words[0] == c.device {
			return strings.Join(c.of(words[1:]), " ")
		}
	}
	// A device whose every limit is "max" has no line.
	none := make([]string, len(c.values))
	for i, v := range c.values {
		none[i] = "(none)"
		if key, _, isKey := strings.Cut(v, "="); isKey {
			none[i] = key + "=max"
		}
	}
	return strings.Join(none, " ")
}

// of picks the words of the keys that were written, in their order: io.max has all keys.
func (c control) of(words []string) []string {
	var picked []string
	for i, v := range c.values {
		key, _, isKey := strings.Cut(v, "=")
		switch {
		case !isKey && i < len(words):
			picked = append(picked, words[i])
		case isKey:
			for _, w := range words {
				if strings.HasPrefix(w, key+"=") {
					picked = append(picked, w)
				}
			}
		}
	}
	return picked
}

// processors is the file of those that a group may run on.
const processors = "cpuset.cpus"

// canonical is how the kernel keeps a value: sizes of memory are whole pages and those above
// what there can be are no limit (page_counter_memparse), a list of processors is one of ranges.
func canonical(file, value string) string {
	switch file {
	case "memory.max", "memory.high", "memory.swap.max":
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return value
		}
		page := uint64(os.Getpagesize())
		if n/page >= (1<<63-1)/page {
			return "max"
		}
		return strconv.FormatUint(n/page*page, 10)
	case processors:
		return ranges(value)
	}
	return value
}

// maxProcessor bounds what is written out: NR_CPUS is at most 8192.
const maxProcessor = 8192

// ranges writes a list of numbers with as few ranges as there can be, as the kernel does. What
// is no list stays as it is.
func ranges(text string) string {
	var have [maxProcessor]bool
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		a, err := strconv.ParseUint(first, 10, 16)
		b, err2 := strconv.ParseUint(last, 10, 16)
		if err != nil || err2 != nil || b < a || b >= maxProcessor {
			return text
		}
		for ; a <= b; a++ {
			have[a] = true
		}
	}
	var out []string
	for i := 0; i < maxProcessor; i++ {
		if !have[i] {
			continue
		}
		first := i
		for i+1 < maxProcessor && have[i+1] {
			i++
		}
		if part := strconv.Itoa(first); first == i {
			out = append(out, part)
		} else {
			out = append(out, part+"-"+strconv.Itoa(i))
		}
	}
	return strings.Join(out, ",")
}
