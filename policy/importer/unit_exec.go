package importer

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// unitKeys carry one key over, each from its last directive. Keys that are seen beside
// others are in identity, files and filters.
var unitKeys map[string]func(*service, directive)

// They are put in here, since the functions know the table and a variable's value must
// not depend on itself.
func init() {
	unitKeys = map[string]func(*service, directive){
		"ExecStart": (*service).execStart, "Environment": (*service).environment, "WorkingDirectory": (*service).cwd,
		"UMask": (*service).umask, "OOMScoreAdjust": (*service).oom, "SupplementaryGroups": (*service).groups,
		"StandardInput": (*service).stdin, "Sockets": (*service).sockets, "Type": (*service).kind, "WatchdogSec": (*service).watchdog,
		"LoadCredential": (*service).credential, "LoadCredentialEncrypted": (*service).credential,
		"SetCredential": (*service).credential, "SetCredentialEncrypted": (*service).credential, "ImportCredential": (*service).credential,
		"KillSignal": (*service).killSignal, "TimeoutStopSec": (*service).grace, "KillMode": (*service).killMode, "ProcSubset": (*service).procSubset, "PrivateUsers": (*service).users, "DeviceAllow": (*service).devices,
		"AppArmorProfile": label("apparmor", "profile"), "SELinuxContext": label("selinux", "label"),
		"EnvironmentFile": (*service).later, "PassEnvironment": (*service).later,
	}
	for _, key := range limitKeys() {
		unitKeys[key] = (*service).limit
	}
	for key, f := range resourceKeys {
		unitKeys[key] = f
	}
}

// execStart takes the command. Before it stand signs for the manager.
func (u *service) execStart(directive) {
	all := u.values["ExecStart"]
	for _, more := range all[1:] {
		u.d.skip("exec", "one program is run", more.item)
	}
	one := all[0]
	command := strings.TrimLeft(one.value, "-:+!@|")
	signs := one.value[:len(one.value)-len(command)]
	argv, ok := words(command)
	switch {
	case !ok || len(argv) == 0:
		u.d.skip("exec", "its quotes or escapes are not understood", one.item)
		return
	case strings.Contains(signs, "@") && len(argv) < 2, strings.Contains(signs, "|"):
		u.d.skip("exec", "it is not understood", one.item)
		return
	case strings.Contains(signs, "@"):
		argv = slices.Delete(argv, 1, 2)
		u.d.note("exec", "argv[0] of the source is another than the program: it is the program here")
	}
	for i, a := range argv {
		if !strings.Contains(signs, ":") {
			if strings.Contains(strings.ReplaceAll(a, "$$", ""), "$") {
				u.d.skip("exec", "variables are not replaced: write argv out", one.item)
				return
			}
			argv[i] = strings.ReplaceAll(a, "$$", "$")
		}
	}
	if slices.Contains(argv, ";") {
		u.d.skip("exec", "one program is run", one.item)
		return
	}
	if strings.ContainsAny(signs, "+!") {
		u.d.note("exec", "the source starts the program with more privileges than the unit's; it gets those of the policy here")
	}
	if u.d.get("exec.argv") == nil {
		u.d.set("exec.argv", list(argv))
	}
	done(one.item)
}

func (u *service) environment(directive) {
	for _, one := range u.values["Environment"] {
		pairs, ok := words(one.value)
		if !ok {
			u.d.skip("exec", "its quotes or escapes are not understood", one.item)
			continue
		}
		for _, pair := range pairs {
			name, value, ok := strings.Cut(pair, "=")
			if !ok {
				u.d.skip("exec", "not NAME=value", one.item)
				continue
			}
			u.d.entry("exec.env", name, value)
		}
		done(one.item)
	}
}

func (u *service) cwd(one directive) {
	u.last(one.key)
	if one.value == "~" || strings.HasPrefix(one.value, "-") {
		u.d.skip("exec", "state exec.cwd", one.item)
		return
	}
	u.d.set("exec.cwd", path.Clean(one.value))
	done(one.item)
}

func (u *service) umask(one directive) {
	u.last(one.key)
	u.d.set("exec.umask", strings.Repeat("0", max(0, 3-len(one.value)))+one.value)
	done(one.item)
}

func (u *service) oom(one directive) {
	u.last(one.key)
	if n, err := strconv.ParseInt(one.value, 10, 32); err == nil {
		u.d.set("exec.oom_score_adj", n)
		done(one.item)
	}
}

func (u *service) groups(directive) {
	for _, one := range u.values["SupplementaryGroups"] {
		u.d.add("exec.groups", strings.Fields(one.value)...)
		done(one.item)
	}
}

func (u *service) stdin(one directive) {
	u.last(one.key)
	if strings.HasPrefix(one.value, "tty") {
		u.d.set("exec.tty", true)
		done(one.item)
		return
	}
	u.d.skip("manager", managers, one.item)
}

func (u *service) kind(one directive) {
	u.last(one.key)
	switch one.value {
	case "notify", "notify-reload":
		u.d.set("manager.ready", "notify")
		done(one.item)
	case "simple", "exec", "idle":
		u.d.hold("manager", one.item)
	case "forking":
		u.d.skip("manager", "a workload stays in the foreground: take what makes it a daemon out of argv and its configuration", one.item)
	default:
		u.d.skip("manager", managers, one.item)
	}
}

func (u *service) watchdog(one directive) {
	u.last(one.key)
	u.d.set("manager.watchdog", true)
	u.d.note("manager", "WatchdogSec= and WatchdogSignal= stay in the unit that runs casemate-shim too")
	done(one.item)
}

func (u *service) credential(one directive) {
	for _, all := range u.values[one.key] {
		name, _, _ := strings.Cut(all.value, ":")
		if strings.ContainsAny(name, "*?[") {
			u.d.skip("manager", "credentials are named one by one", all.item)
			continue
		}
		u.d.add("manager.credentials", name)
		done(all.item)
	}
	u.d.note("manager", "credentials stay in the unit that runs casemate-shim too")
}

// sockets are known to the service by the names of their units, unless these say
// otherwise.
func (u *service) sockets(directive) {
	for _, one := range u.values["Sockets"] {
		u.d.add("manager.pass_fds", strings.Fields(one.value)...)
		done(one.item)
	}
	u.d.note("manager", "pass_fds has the names of the socket units; FileDescriptorName= of such a unit is another name. Sockets= stays in the unit that runs casemate-shim too")
}

func (u *service) killSignal(one directive) {
	u.last(one.key)
	u.d.set("signals.stop", strings.TrimPrefix(one.value, "SIG"))
	done(one.item)
}

func (u *service) grace(one directive) {
	u.last(one.key)
	d, ok := timeSpan(one.value)
	if !ok || d == 0 {
		u.d.skip("signals", "a workload is not waited for without end", one.item)
		return
	}
	u.d.set("signals.grace", d.String())
	u.d.note("signals", "TimeoutStopSec= of the unit that runs casemate-shim has to be longer than grace")
	done(one.item)
}

func (u *service) killMode(one directive) {
	u.last(one.key)
	scope, ok := map[string]string{"control-group": "all", "mixed": "main", "process": "main"}[one.value]
	if !ok {
		return
	}
	u.d.set("signals.scope", scope)
	done(one.item)
}

// label is that of a security module; one behind a dash is not required.
func label(module, key string) func(*service, directive) {
	return func(u *service, one directive) {
		u.last(one.key)
		text, optional := strings.CutPrefix(one.value, "-")
		u.d.set("lsm."+module+"."+key, text)
		if optional {
			u.d.set("lsm."+module+".require", false)
		}
		done(one.item)
	}
}

func (u *service) procSubset(one directive) {
	u.last(one.key)
	if one.value == "pid" {
		u.d.set("mounts.proc", "pid-only")
	}
	done(one.item)
}

// users: the namespace of "identity" has one map, whoever runs in it. The map of "yes" has the
// unit's user, whose number only its host knows, beside root.
func (u *service) users(one directive) {
	u.last(one.key)
	switch on, ok := boolean(one.value); {
	case one.value == "identity":
		for _, kind := range []string{"uid", "gid"} {
			u.d.add("namespaces.user."+kind, "0 0 65536")
		}
		done(one.item)
	case ok && !on:
		u.d.hold("namespaces", one.item)
	default:
		u.d.lost("namespaces", "a map of the unit's user depends on its host: state namespaces.user", one.item)
	}
}

// later is what is only known when the service is started.
func (u *service) later(one directive) {
	u.d.skip("exec", "the environment is the policy's alone: write it under exec.env", itemsOf(u.values[one.key])...)
}

// timeUnits of systemd.time(7), in the order in which they are tried.
var timeUnits = regexp.MustCompile(`^([0-9]{1,9})(?:\s*(usec|us|msec|ms|seconds|second|sec|s|minutes|minute|min|m|hours|hour|hr|h|days|day|d))?\s*`)

var timeValues = map[string]time.Duration{
	"us": time.Microsecond, "ms": time.Millisecond, "": time.Second, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// timeSpan reads a time as systemd.time(7) does; a number alone is of seconds.
func timeSpan(s string) (time.Duration, bool) {
	var sum time.Duration
	if s == "" {
		return 0, false
	}
	for s != "" {
		m := timeUnits.FindStringSubmatch(s)
		if m == nil {
			return 0, false
		}
		n, _ := strconv.ParseInt(m[1], 10, 64)
		unit := m[2]
		if unit != "" && !strings.HasPrefix(unit, "us") && !strings.HasPrefix(unit, "ms") {
			unit = unit[:1]
		}
		unit = strings.TrimSuffix(unit, "ec")
		if n > int64(1000*24*time.Hour/timeValues[unit]) {
			return 0, false
		}
		sum += time.Duration(n) * timeValues[unit]
		s = s[len(m[0]):]
	}
	return sum, true
}
