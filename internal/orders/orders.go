// Package orders is what the shim tells init: whom to start and how to treat
// signals. They reach init in a sealed memfd, so that nothing can change them
// between the shim's writing and init's reading.
//
// It imports internal/wire and nothing else: init links it.
package orders

import "casemate/internal/wire"

// File descriptors of init at its start, besides 0-2. Both are closed to the workload.
const (
	FD     = 3 // the orders, a sealed memfd
	GateFD = 4 // the gate, a SOCK_SEQPACKET socket; see internal/gate

	SocketFD = 7 // the first of Sockets; 5 and 6 close at the exec of init
	FirstFD  = 3 // where the workload finds it: SD_LISTEN_FDS_START, sd_listen_fds(3)
)

// MaxSize bounds encoded orders: twice the kernel's 128 KiB for one argument
// string would not pass execve(2) either.
const MaxSize = 2 << 20

// magic starts the encoding; the last byte is the version.
const magic = uint64('C')<<56 | uint64('M')<<48 | uint64('O')<<40 | uint64('R')<<32 | uint64('D')<<24 | 2

// Orders for init.
type Orders struct {
	Argv    []string
	Env     []string // the workload's environment, all but OwnPID
	OwnPID  []string // variables whose value is the workload's own process number
	Sockets uint8    // descriptors of the service manager's, for the workload
	Cwd     string
	TTY     bool // descriptor 0 is the session's terminal; its foreground is the workload's
	Scope   Scope
	Stop    uint8  // what the request to stop, SIGTERM from outside, becomes
	Grace   uint32 // milliseconds from there to SIGKILL
	Forward []Forward
}

// Scope is whom signals go to.
type Scope uint8

// The scopes. ScopeLimit is not one of them.
const (
	ScopeMain  Scope = iota // the main child
	ScopeGroup              // its process group
	ScopeAll                // every process of the PID namespace
	ScopeLimit
)

// Forward rewrites a signal; To 0 drops it. They ascend by From; a signal not listed goes
// on unchanged.
type Forward struct{ From, To uint8 }

// Limits of single fields, kernel's MAX_ARG_STRLEN among them.
const (
	maxStrings = 1<<12 + 16 // a sealed policy's, and what the shim adds
	maxOwnPID  = 4
	maxSockets = 48 // sealed.MaxSockets; a test of the shim's compares
	maxString  = 1 << 17
	maxPath    = 1 << 12
	maxSignals = 64
	maxGrace   = 24 * 60 * 60 * 1000

	sigStop = 19 // SIGSTOP: nothing comes after it, signal(7)
)

// Encode gives the bytes of o.
func Encode(o *Orders) ([]byte, error) {
	c := wire.Encoder()
	o.code(c)
	return c.Encoded()
}

// Decode reads orders and refuses anything that Encode would not have written.
func Decode(b []byte) (*Orders, error) {
	o := new(Orders)
	c := wire.Decoder(b)
	if len(b) > MaxSize {
		c.Fail("larger than orders can be")
	}
	o.code(c)
	return o, c.Finish()
}

func (o *Orders) code(c *wire.Coder) {
	m := magic
	c.U64(&m)
	if m != magic {
		c.Fail("not orders of this version")
	}
	c.Strings(&o.Argv, maxStrings, maxString)
	if len(o.Argv) == 0 {
		c.Fail("no argv")
	}
	c.Strings(&o.Env, maxStrings, maxString)
	c.Strings(&o.OwnPID, maxOwnPID, maxPath)
	if c.U8(&o.Sockets); o.Sockets > maxSockets {
		c.Fail("too many sockets")
	}
	c.String(&o.Cwd, maxPath)
	c.Bool(&o.TTY)
	wire.Enum(c, &o.Scope, ScopeLimit)
	c.U8(&o.Stop)
	if o.Stop == 0 || o.Stop > maxSignals || o.Stop == sigStop {
		c.Fail("a signal that stops nothing")
	}
	c.U32(&o.Grace)
	if o.Grace > maxGrace {
		c.Fail("a grace over a day")
	}
	last := uint8(0)
	wire.List(c, &o.Forward, 2, maxSignals, func(c *wire.Coder, f *Forward) {
		c.U8(&f.From)
		c.U8(&f.To)
		if f.From == 0 || f.From > maxSignals || f.To > maxSignals {
			c.Fail("signal out of range")
		}
		if f.From <= last {
			c.Fail("a signal twice, or not in ascending order")
		}
		last = f.From
	})
}
