package sealed

import (
	"fmt"
	"strings"
	"testing"
)

func TestManager(t *testing.T) {
	names := func(n int) (list []Passed) {
		for i := range n {
			list = append(list, Passed{Name: fmt.Sprintf("%03d", i)})
		}
		return list
	}
	socket := func(s string) func(*Policy) { return func(p *Policy) { p.Manager.Sockets = []Passed{{Name: s}} } }
	credential := func(s string) func(*Policy) {
		return func(p *Policy) { p.Manager.Credentials = []Passed{{Name: s}} }
	}
	last := func(p *Policy) *Mount { return &p.Mounts[len(p.Mounts)-1] } // the socket; the credentials are before it
	refused(t, []refusal{
		{"readiness", func(p *Policy) { p.Manager.Ready = ReadyLimit }, "readiness"},
		{"too many sockets", func(p *Policy) { p.Manager.Sockets = names(MaxSockets + 1) }, "sockets"},
		{"too many credentials", func(p *Policy) { p.Manager.Credentials = names(maxCredentials + 1) }, "credentials"},
		{"socket twice", func(p *Policy) { p.Manager.Sockets[1] = p.Manager.Sockets[0] }, "ascending"},
		{"credentials out of order", func(p *Policy) { p.Manager.Credentials = []Passed{{Name: "b"}, {Name: "a"}} }, "ascending"},
		{"socket without a name", socket(""), "1 to 255"},
		{"long name", socket(strings.Repeat("x", 256)), "1 to 255"},
		{"colon", socket("a:b"), "LISTEN_FDNAMES"},
		{"line end", socket("a\n"), "LISTEN_FDNAMES"},
		{"not ASCII", socket("ä"), "LISTEN_FDNAMES"},
		{"credential in a directory", credential("a/b"), "path"},
		{"credential above", credential(".."), "directory"},
		{"credential here", credential("."), "directory"},
		{"place of a socket", func(p *Policy) { p.Manager.Sockets[0].At = "\n" }, "place"},
		{"place of a credential", func(p *Policy) { p.Manager.Credentials[0].At = "\n" }, "place"},
		{"place of all", func(p *Policy) { p.Manager.At = "\n" }, "place"},
		{"no socket to notify through", func(p *Policy) { p.Mounts = p.Mounts[:len(p.Mounts)-1] }, "lacks its mount " + NotifyPath},
		{"nothing to notify of", func(p *Policy) { p.Manager.Ready, p.Manager.Watchdog = ReadyExec, false }, "contract"},
		{"credentials mounted and not named", func(p *Policy) { p.Manager.Credentials = nil }, "contract"},
		{"another mount there", func(p *Policy) {
			*last(p) = Mount{Kind: Bind, Target: NotifyPath, Source: "/run/systemd/notify", Type: Socket}
		}, "contract"},
		{"a mount over both", func(p *Policy) {
			p.Manager, p.Mounts = Manager{}, p.Mounts[:len(p.Mounts)-1]
			*last(p) = Mount{Kind: Tmpfs, Target: "/dev/casemate", Size: 4096, Inodes: 9}
		}, "contract"},
		{"a mount beside", func(p *Policy) {
			p.Mounts = append(p.Mounts, Mount{Kind: Bind, Target: "/dev/casemate/x", Source: "/x"})
		}, "contract"},
		{"a directory for the socket", func(p *Policy) { last(p).Type = Directory }, "type"},
		{"writable", func(p *Policy) { last(p).Writable = true }, "writable"},
		{"elsewhere", func(p *Policy) { last(p).Target = "/run/notify" }, "another place"},
		{"in no /dev of ours", func(p *Policy) {
			p.Devices, p.Mounts[devMount] = nil, Mount{Kind: Tmpfs, Target: "/dev", Size: 4096, Inodes: 9}
		}, "contract"},
	})
	accepted(t, []refusal{
		{name: "all names there can be", change: func(p *Policy) {
			p.Manager.Sockets, p.Manager.Credentials = names(MaxSockets), names(maxCredentials)
		}},
		{name: "a name with all kinds of characters", change: socket(" ~/\\=*")},
		{name: "the watchdog alone", change: func(p *Policy) { p.Manager.Ready = ReadyExec }},
		{name: "nothing", change: func(p *Policy) {
			p.Manager, p.Mounts = Manager{}, p.Mounts[:len(p.Mounts)-2]
		}},
	})
}
