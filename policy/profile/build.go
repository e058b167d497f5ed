package profile

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"casemate/apparmor"
	"casemate/internal/sealed"
)

// ABI is the set of features that profiles are written and compiled for, whatever the
// kernel that the image is built on. All kernels since Linux 4.20 that have AppArmor know
// it; a newer one mediates what it has words for, and no more.
const ABI = "3.0"

const abiFile = "/etc/apparmor.d/abi/" + ABI

// ErrNoParser says that the tool that makes the binary form is not there.
var ErrNoParser = errors.New("apparmor_parser is not installed")

// Hint is what to do about it.
const Hint = "install the package apparmor where the image is built; nothing of it is needed at boot"

// Built is a profile in both forms, and what made it.
type Built struct {
	Profile sealed.Profile
	Inputs  []sealed.Input
}

// Build generates and compiles the profile of a resolved policy.
func Build(p *sealed.Policy) (*Built, error) {
	text, err := Text(p)
	if err != nil {
		return nil, err
	}
	features, err := os.ReadFile(abiFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: no %s", ErrNoParser, abiFile)
	}
	if err != nil {
		return nil, err
	}
	binary, err := parser(text, "--stdout", "--skip-cache", "--skip-kernel-load", "--features-file", abiFile, "--warn", "all", "--Werror")
	if err != nil {
		return nil, err
	}
	if err := apparmor.Check(binary, apparmor.ProfileName(p.Service)); err != nil {
		return nil, fmt.Errorf("BUG: apparmor_parser has made another profile: %w", err)
	}
	version, err := parser("", "--version")
	if err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(string(version), "\n")
	return &Built{
		Profile: sealed.Profile{Text: sha256.Sum256([]byte(text)), Binaries: []sealed.Binary{{ABI: ABI, Bytes: binary}}},
		Inputs: []sealed.Input{
			{Kind: "apparmor", Name: "abi/" + ABI, Digest: sha256.Sum256(features)},
			{Kind: "apparmor", Name: first, Digest: sha256.Sum256([]byte(first))},
		},
	}, nil
}

// places of the parser. /usr/sbin is not on the path of everybody who builds images.
var places = []string{"apparmor_parser", "/usr/sbin/apparmor_parser"}

// parser runs apparmor_parser. Its configuration is not read: it can change what a
// profile means.
func parser(stdin string, args ...string) ([]byte, error) {
	path := ""
	for _, p := range places {
		if found, err := exec.LookPath(p); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		return nil, ErrNoParser
	}
	cmd := exec.Command(path, append([]string{"--config-file=/dev/null"}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	cmd.Env = []string{"LC_ALL=C"}
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", path, err, strings.Join(strings.Fields(stderr.String()), " "))
	}
	return stdout.Bytes(), nil
}
