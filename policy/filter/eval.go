package filter

// Eval is what a condition means, straight from its tree: whether it holds for a
// call with these arguments. It shares nothing with Lower, so that one can be
// checked against the other. A condition without a meaning on arch (Expr.Tree)
// holds for no call.
func Eval(e *Expr, arch Arch, args [MaxArgs]uint64) bool {
	n, err := e.Tree(arch)
	return err == nil && holds(n, &args)
}

func holds(n Node, args *[MaxArgs]uint64) bool {
	switch n := n.(type) {
	case *All:
		for _, of := range n.Of {
			if !holds(of, args) {
				return false
			}
		}
		return true
	case *Any:
		for _, of := range n.Of {
			if holds(of, args) {
				return true
			}
		}
		return false
	case *Not:
		return !holds(n.Of, args)
	case *Compare:
		return n.Holds(args[n.Arg.Index] & n.Mask)
	}
	panic("BUG: condition of an unknown kind")
}

// Holds reports whether the comparison holds for x, which has nothing but bits of c.Mask.
func (c *Compare) Holds(x uint64) bool {
	switch v := c.Values[0]; c.Op {
	case Equal:
		return x == v
	case NotEqual:
		return x != v
	case Less:
		return x < v
	case LessEqual:
		return x <= v
	case Greater:
		return x > v
	case GreaterEqual:
		return x >= v
	case In:
		return c.contains(x)
	case NotIn:
		return !c.contains(x)
	}
	panic("BUG: comparison of an unknown kind")
}

func (c *Compare) contains(x uint64) bool {
	for _, v := range c.Values {
		if x == v {
			return true
		}
	}
	return false
}
