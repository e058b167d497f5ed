// Package gate is the talk between init and the shim over one SOCK_SEQPACKET
// pair. Five messages, each one datagram of eight bytes:
//
//	init                          shim
//	 Ready        ------------->   init is confined, not dumpable, has its orders; Value is its Report
//	                               verify against the kernel
//	              <-------------   Release
//	 Started      ------------->   the workload's execve has succeeded; Value is its pid inside
//	 or ExecError ------------->   it has not; Value is the errno
//	 Exited       ------------->   the main child has ended; Value is its wait status
//
// Either side ends the launch when the other says anything else.
// It imports nothing: init links it.
package gate

// Kind of a message.
type Kind uint32

// The five messages.
const (
	Ready Kind = 0x43470001 + iota
	Release
	Started
	ExecError
	Exited
)

// Size of every message.
const Size = 8

// Message is one datagram.
type Message struct {
	Kind  Kind
	Value uint32
}

// Encode gives the bytes, big endian.
func (m Message) Encode() [Size]byte {
	k, v := uint32(m.Kind), m.Value
	return [Size]byte{
		byte(k >> 24), byte(k >> 16), byte(k >> 8), byte(k),
		byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v),
	}
}

// Decode reads a message; false for any other length or an unknown kind.
func Decode(b []byte) (Message, bool) {
	if len(b) != Size {
		return Message{}, false
	}
	m := Message{
		Kind:  Kind(uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])),
		Value: uint32(b[4])<<24 | uint32(b[5])<<16 | uint32(b[6])<<8 | uint32(b[7]),
	}
	return m, m.Kind >= Ready && m.Kind <= Exited
}
