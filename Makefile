# Casemate. `make run` shows it, `make test` tests it; both set up what they need.

go_version := $(shell sed -n 's/^go //p' go.mod)
GO         := $(shell tests/setup.sh $(go_version) || echo setup-failed)
VERSION    := $(shell git describe --tags --always --dirty 2>/dev/null || echo unreleased)

ifeq ($(GO),setup-failed)
$(error tests/setup.sh could not install what is missing)
endif

export GOFLAGS     := -trimpath -buildvcs=false
export GOTOOLCHAIN := local
export PATH        := $(dir $(GO)):$(PATH)

# The shipped pair is static and stripped, without cgo. The tool links libseccomp.
pair = CGO_ENABLED=0 $(GO) build -ldflags '-s -w -X main.version=$(VERSION)'
tool = CGO_ENABLED=1 $(GO) build -ldflags '-X main.version=$(VERSION)'

PREFIX  ?= /usr/lib/casemate
UNITDIR ?= /usr/lib/systemd/system
MANDIR  ?= /usr/share/man

.PHONY: all setup build check test run bench bench-init soak soak-init bench-filter vm vm-all vm-shell appliance hostile faults fuzz plan cross install clean

all: build

setup: # done above, before any target; this one is for its own sake
	@$(GO) version

build: setup
	$(pair) -o bin/casemate-shim ./shim
	$(pair) -o bin/casemate-init ./init
	$(tool) -o bin/casemate ./policy

check: setup
	$(GO) vet ./...
	$(GO) test ./tests -run 'TestLayering|TestFence|TestFormat'

# Packages run one after the other: the tests of the launch count the mounts, cgroups
# and processes of the machine before and after. And each time: the cache of test results
# does not see that a test builds the binaries that it launches.
test: build cross
	$(GO) vet ./...
	$(GO) build -o bin/count ./tests/count
	$(GO) test -json -count 1 -p 1 -timeout 15m ./... | bin/count

run: build
	examples/run.sh

bench: build
	$(GO) run ./tests/bench

# Beside tini, dumb-init and catatonit; about three minutes.
bench-init: build
	$(GO) run ./tests/bench-init

bench-filter: setup
	$(GO) run ./tests/bench-filter examples/nginx.toml examples/batch.toml

# The virtual machines: all of them, or RUNG=NAME; TESTS=PATTERN runs those of the tests
# alone; vm-all runs every test of tests/ in each of three; a shell in one. CASEMATE_VM_LOG=1 prints
# the serial line of those that pass, too.
RUNG  ?=
TESTS ?=
vm: build
	CASEMATE_VM_TESTS='$(TESTS)' $(GO) test ./tests/vm -v -count 1 -timeout 15m -run '$(if $(RUNG),TestRung/^$(RUNG)$$,TestRung|TestAppliance|TestPowerLoss)'

vm-all: build
	CASEMATE_VM_ALL=1 $(GO) test ./tests/vm -v -count 1 -timeout 1h -run 'TestRung/^(cgroup2|apparmor|selinux)$$'

vm-shell: build
	$(GO) run ./tests/vm/shell $(RUNG)

# The tests that are hard on init, with counts so many times as high: 25 times makes a
# million signals and more than half a million orphans.
SOAK ?= 25
soak-init: build
	CASEMATE_SOAK=$(SOAK) $(GO) test ./tests -v -count 1 -timeout 4h -run 'Test(R|S)[0-9]'

# 10,000 launches one after the other, 256 at once, 1,000 containers that stay: what is left
# of them, and that each is attested alike. Some ten minutes; as few as `make test` makes otherwise.
soak: build
	CASEMATE_LAUNCHES=all $(GO) test ./tests -v -count 1 -timeout 2h -run 'TestSoak'

# A fault at every system call of a launch: each errno, each death, each lie.
faults: build
	CASEMATE_FAULTS=all $(GO) test ./tests/faults -v -count 1 -timeout 1h

# Every attack of the table in SECURITY.md that this host can be the ground for.
hostile: build
	CASEMATE_RACES=all $(GO) test -p 1 ./tests ./tests/races ./policy/seccomp ./internal/prepare -v -count 1 -timeout 1h -run 'TestS[0-9]'

# An image with two confined services, booted until one serves a page.
appliance: build
	$(GO) run ./examples/appliance

# Every decoder, and what the inputs found so far reach of it.
FUZZTIME ?= 30s
fuzz: setup
	fuzz/run.sh "$(GO)" $(FUZZTIME)

# Rewrites the golden files; the difference is the review.
plan: build
	$(GO) test ./policy ./policy/audit ./policy/importer ./policy/profile ./internal/launch ./tests -run Golden -update

# All that can be built for arm64 from here: the tool links libseccomp and cannot.
cross: setup
	GOARCH=arm64 $(pair) -o bin/arm64/casemate-shim ./shim
	GOARCH=arm64 $(pair) -o bin/arm64/casemate-init ./init

# The kernel of the host, its features and the parser's configuration are not looked at. What
# is added in local/casemate-shim is the image's, below DESTDIR, and not the host's.
bin/casemate-shim.apparmor: dist/apparmor/casemate-shim FORCE
	rm -rf bin/apparmor.d && mkdir -p bin/apparmor.d
	ln -s /etc/apparmor.d/abi bin/apparmor.d/abi
	ln -s $(abspath $(DESTDIR)/etc/apparmor.d/local) bin/apparmor.d/local
	apparmor_parser --config-file=/dev/null -b $(CURDIR)/bin/apparmor.d -M /etc/apparmor.d/abi/3.0 -S -K -Q --warn=all --Werror $(CURDIR)/$< >$@.new
	mv $@.new $@

FORCE:

install: build bin/casemate-shim.apparmor
	install -d -o root -g root -m 755 $(DESTDIR)$(PREFIX) $(DESTDIR)/usr/bin
	install -o root -g root -m 755 bin/casemate-shim $(DESTDIR)$(PREFIX)/casemate-shim
	install -o root -g root -m 711 bin/casemate-init $(DESTDIR)$(PREFIX)/casemate-init
	install -o root -g root -m 755 bin/casemate $(DESTDIR)/usr/bin/casemate
	install -d -o root -g root -m 755 $(DESTDIR)$(UNITDIR) $(DESTDIR)/usr/share/casemate
	install -o root -g root -m 644 dist/systemd/casemate@.service dist/systemd/casemate-apparmor.service dist/systemd/casemate.target $(DESTDIR)$(UNITDIR)
	install -d -o root -g root -m 755 $(DESTDIR)/usr/share/casemate/casemate@.service.d
	install -o root -g root -m 644 dist/systemd/casemate@.service.d/*.conf $(DESTDIR)/usr/share/casemate/casemate@.service.d
	install -d -o root -g root -m 755 $(DESTDIR)/usr/share/casemate/selinux
	install -o root -g root -m 644 dist/selinux/*.cil $(DESTDIR)/usr/share/casemate/selinux
	install -o root -g root -m 644 bin/casemate-shim.apparmor $(DESTDIR)/usr/share/casemate/casemate-shim.apparmor
	install -D -o root -g root -m 644 dist/apparmor/casemate-shim $(DESTDIR)/etc/apparmor.d/casemate-shim
	for s in 1 5 8; do install -D -o root -g root -m 644 -t $(DESTDIR)$(MANDIR)/man$$s docs/man/*.$$s || exit; done

clean:
	rm -rf bin
