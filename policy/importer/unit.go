package importer

import "strings"

// service reads the [Service] section of systemd units: systemd.service(5),
// systemd.exec(5), systemd.kill(5), systemd.resource-control(5).
type service struct {
	d      *draft
	o      *Options
	keys   []string               // in the order of their first appearance
	values map[string][]directive // what counts of each, after resets
	open   map[string]bool        // keys that systemd resolves with specifiers: stated, and not known here
	calls  unitCalls
}

// unit carries a unit and its drop-ins over.
func unit(d *draft, o *Options, sources []Source) error {
	u := &service{d: d, o: o, values: map[string][]directive{}, open: map[string]bool{}}
	for _, s := range sources {
		all, err := unitLines(d, s)
		if err != nil {
			return err
		}
		for _, one := range all {
			u.take(one)
		}
	}
	if u.values["ExecStart"] == nil && len(u.keys) == 0 {
		return lineFault(sources[0], 1, "", "no [Service] section: not the unit of a service")
	}
	for _, key := range u.keys {
		u.key(key)
	}
	u.identity()
	u.network()
	u.files()
	u.filters()
	d.rest(func(*item) string { return "" }, "no counterpart")
	return nil
}

const managers = "the service manager's: keep it in the unit that runs casemate-shim"

// take sorts a directive in. An empty value takes back what the key said before.
func (u *service) take(one directive) {
	if alias, ok := aliases[one.key]; ok {
		one.key = alias
	}
	key := one.key
	switch {
	case one.section != "Service":
		u.d.skip("manager", managers, one.item)
		return
	case one.value == "" && !emptyCounts[key]:
		u.superseded(u.values[key])
		u.values[key] = nil
		done(one.item)
		return
	case specified(one.value) && !ofManager(key):
		why := "systemd resolves specifiers when it loads the unit"
		if confining[key] || alwaysHere[key] || takes[key] {
			why += weaker
		}
		u.d.skip("exec", why, one.item)
		u.open[key] = true
		return
	}
	one.value = strings.ReplaceAll(one.value, "%%", "%")
	if _, before := u.values[key]; !before {
		u.keys = append(u.keys, key)
	}
	u.values[key] = append(u.values[key], one)
}

// takes are keys that confine, besides those that are listed below.
var takes = setOf(`ReadOnlyPaths InaccessiblePaths SystemCallFilter RestrictAddressFamilies MemoryDenyWriteExecute RestrictRealtime
	RootDirectory RootImage CapabilityBoundingSet PrivateNetwork UMask MemoryMax MemoryHigh MemorySwapMax TasksMax CPUQuota AppArmorProfile SELinuxContext`)

// aliases are older names.
var aliases = map[string]string{
	"ReadWriteDirectories": "ReadWritePaths", "ReadOnlyDirectories": "ReadOnlyPaths", "InaccessibleDirectories": "InaccessiblePaths",
	"MemoryLimit": "MemoryMax",
}

// emptyCounts are keys whose empty value says something of its own.
var emptyCounts = map[string]bool{"CapabilityBoundingSet": true}

// last gives the one that counts of a key that has one value.
func (u *service) last(key string) (directive, bool) {
	all := u.values[key]
	if len(all) == 0 {
		return directive{}, false
	}
	u.superseded(all[:len(all)-1])
	return all[len(all)-1], true
}

// superseded are directives that a later one takes the place of.
func (u *service) superseded(all []directive) {
	u.d.skip("", "a later line takes its place", itemsOf(all)...)
}

// items of directives.
func itemsOf(all []directive) []*item {
	var list []*item
	for _, one := range all {
		list = append(list, one.item)
	}
	return list
}

// boolean reads yes, no and their other words.
func boolean(value string) (on, ok bool) {
	switch strings.ToLower(value) {
	case "1", "yes", "y", "true", "t", "on":
		return true, true
	case "0", "no", "n", "false", "f", "off":
		return false, true
	}
	return false, false
}

func isOff(value string) bool {
	on, ok := boolean(value)
	return ok && !on
}

// is tells whether a key is switched on.
func (u *service) is(key string) bool {
	one, ok := u.last(key)
	on, _ := boolean(one.value)
	return ok && on
}

// key carries one key over. What has to be seen beside other keys waits.
func (u *service) key(key string) {
	all := u.values[key]
	if len(all) == 0 { // taken back
		return
	}
	one := all[len(all)-1]
	carry, known := unitKeys[key]
	switch {
	case known:
		carry(u, one)
	case key == "ProtectHome": // is about what is mounted: see files
	case alwaysHere[key]:
		u.always(one)
	case confining[key] && !isOff(one.value):
		u.d.lost(confiningSection(key), "no counterpart", itemsOf(u.values[key])...)
	case ofManager(key):
		u.d.skip("manager", managers, itemsOf(u.values[key])...)
	}
}

// always is a restriction that every policy has.
func (u *service) always(one directive) {
	u.last(one.key)
	if on, ok := boolean(one.value); ok && !on {
		u.d.skip("namespaces", "it is always so here", one.item)
		return
	}
	if one.key == "ProtectHome" && (len(u.values["RootDirectory"]) > 0 || len(u.values["RootImage"]) > 0) {
		u.d.lost("masks", "the root of the unit may have /home and /root: mask them", one.item)
		return
	}
	u.d.hold("namespaces", one.item)
}

// alwaysHere are restrictions that hold without a word.
var alwaysHere = setOf(`NoNewPrivileges PrivateDevices PrivateMounts PrivateIPC PrivatePIDs ProtectKernelTunables ProtectKernelModules
	ProtectKernelLogs ProtectControlGroups ProtectHostname ProtectClock ProtectHome ProtectSystem LockPersonality RemoveIPC
	KeyringMode ProtectProc MountAPIVFS MountFlags UnsetEnvironment RestrictNamespaces PrivateBPF DevicePolicy`)

// confining are restrictions that have no counterpart.
var confining = setOf(`IPAddressAllow IPAddressDeny IPIngressFilterPath IPEgressFilterPath SocketBindAllow SocketBindDeny
	RestrictNetworkInterfaces RestrictFileSystems RestrictFileSystemAccess NoExecPaths ExecPaths RestrictSUIDSGID SmackProcessLabel
	SecureBits BPFProgram NFTSet`)

func confiningSection(key string) string {
	switch {
	case strings.HasPrefix(key, "IP"), strings.HasPrefix(key, "Socket"), key == "RestrictNetworkInterfaces", key == "NFTSet":
		return "network"
	case key == "BPFProgram":
		return "cgroup"
	case key == "SmackProcessLabel":
		return "lsm"
	case key == "SecureBits":
		return "capabilities"
	}
	return "mounts"
}

// managerKeys are the manager's own, and say nothing about the workload.
var managerKeys = setOf(`Type Restart RestartSec RestartSteps RestartMaxDelaySec RestartMode ExecStartPre ExecStartPost ExecReload ExecStop
	ExecStopPost ExecCondition PIDFile RemainAfterExit TimeoutStartSec TimeoutSec RuntimeMaxSec RuntimeRandomizedExtraSec
	TimeoutStartFailureMode TimeoutStopFailureMode SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus NotifyAccess
	GuessMainPID BusName FileDescriptorStoreMax FileDescriptorStorePreserve OpenFile NonBlocking RootDirectoryStartOnly
	StandardOutput StandardError SyslogIdentifier SyslogFacility SyslogLevel SyslogLevelPrefix LogLevelMax LogExtraFields
	LogRateLimitIntervalSec LogRateLimitBurst LogNamespace LogFilterPatterns Slice Delegate DelegateSubgroup PAMName
	FinalKillSignal SendSIGKILL SendSIGHUP RestartKillSignal WatchdogSignal ReloadSignal Accounting CPUAccounting MemoryAccounting
	TasksAccounting IOAccounting IPAccounting BlockIOAccounting DisableControllers ManagedOOMSwap ManagedOOMMemoryPressure
	ManagedOOMPreference StartLimitInterval StartLimitBurst StartLimitAction FailureAction PermissionsStartOnly USBFunctionStrings
	UtmpIdentifier UtmpMode ExitType SurviveFinalKillSignal`)

func ofManager(key string) bool { return managerKeys[key] }

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// network: a service has the host's, unless it has one of its own.
func (u *service) network() {
	if one, ok := u.last("NetworkNamespacePath"); ok {
		u.d.set("network.mode", "join:"+one.value)
		done(one.item)
		return
	}
	private, ok := u.last("PrivateNetwork")
	if on, _ := boolean(private.value); ok && on {
		u.d.set("network.mode", "none")
		done(private.item)
		return
	}
	if ok {
		u.d.hold("network", private.item)
	}
	u.d.set("network.mode", "host")
}
