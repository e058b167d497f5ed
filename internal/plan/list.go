package plan

// List collects the steps of one row of the order table.
type List struct {
	Row   string
	Steps []Step
}

// Add appends a step whose result nobody needs.
func (l *List) Add(at string, op Op, args ...Arg) {
	l.Steps = append(l.Steps, Step{Row: l.Row, Op: op, Args: args, At: at})
}

// Save appends a step whose result goes to a slot.
func (l *List) Save(at, slot string, op Op, args ...Arg) {
	l.Steps = append(l.Steps, Step{Row: l.Row, Op: op, Args: args, Save: slot, At: at})
}

// Tolerate appends a step for which one errno counts as success.
func (l *List) Tolerate(at, errno string, op Op, args ...Arg) {
	l.Steps = append(l.Steps, Step{Row: l.Row, Op: op, Args: args, Tolerate: errno, At: at})
}
