module casemate

go 1.26.0

// The Go runtime keeps the host's cgroup cpu-limit files open since 1.25 so
// that GOMAXPROCS can follow them. A resident PID 1 must not hold files of the
// host, and the shim must not either: both are off for every program here.
godebug (
	containermaxprocs=0
	updatemaxprocs=0
)
