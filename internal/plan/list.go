package plan

// List collects the steps of a plan, row by row of the order table.
type List struct {
	Row   string
	Steps []Step

	start int   // of the row in Steps
	args  []Arg // room for the arguments of steps to come
}

// argRoom is for how many arguments room is made at once. With a slice of its own for
// each step a plan took 200 us, with one piece of memory for many it takes 130.
const argRoom = 256

// Begin starts a row.
func (l *List) Begin(row string) { l.Row, l.start = row, len(l.Steps) }

// OfRow is the steps of the row so far.
func (l *List) OfRow() []Step { return l.Steps[l.start:] }

// Add appends a step whose result nobody needs.
func (l *List) Add(at string, op Op, args ...Arg) {
	l.Steps = append(l.Steps, Step{Row: l.Row, Op: op, Args: l.keep(args), At: at})
}

// Save appends a step whose result goes to a slot.
func (l *List) Save(at, slot string, op Op, args ...Arg) {
	l.Steps = append(l.Steps, Step{Row: l.Row, Op: op, Args: l.keep(args), Save: slot, At: at})
}

// Tolerate appends a step for which one errno counts as success.
func (l *List) Tolerate(at, errno string, op Op, args ...Arg) {
	l.Steps = append(l.Steps, Step{Row: l.Row, Op: op, Args: l.keep(args), Tolerate: errno, At: at})
}

// Must appends a step that has to fail with one errno: it shows that something is forbidden.
func (l *List) Must(at, errno string, op Op, args ...Arg) {
	l.Steps = append(l.Steps, Step{Row: l.Row, Op: op, Args: l.keep(args), Must: errno, At: at})
}

// keep copies the arguments of a step.
func (l *List) keep(args []Arg) []Arg {
	if len(args) == 0 {
		return nil
	}
	if cap(l.args)-len(l.args) < len(args) {
		l.args = make([]Arg, 0, max(argRoom, len(args)))
	}
	n := len(l.args)
	l.args = append(l.args, args...)
	return l.args[n:len(l.args):len(l.args)]
}
