package compile

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"casemate/internal/sealed"
	"casemate/policy/syntax"
)

// source reads the files of one compilation and remembers what it read.
type source struct {
	path   string // of the policy, as given
	text   []byte // of the policy, where it is not to be read
	inputs []sealed.Input
	layers map[string]*layer // by name in extends
	errs   syntax.Errors     // what was wrong in texts of which the rest can be judged
}

func newSource(path string) *source { return &source{path: path, layers: map[string]*layer{}} }

// maxAccounts bounds a passwd or group file.
const maxAccounts = 4 << 20

// read gives the bytes of a regular file that is no symbolic link: an image build
// runs as root over trees that others unpacked, and a link would bring a file of
// the build host into the policy's inputs.
func read(path string, most int) ([]byte, error) {
	// The name goes into the sealed policy, and from there into log lines.
	if strings.ContainsFunc(path, func(r rune) bool { return !unicode.IsPrint(r) }) || !utf8.ValidString(path) {
		return nil, fmt.Errorf("%q: the name of the file is not printable", path)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%s: it is a symbolic link; name the file itself", path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil {
		return nil, err
	} else if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: it is not a regular file", path)
	}
	b, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err == nil && len(b) > most {
		return nil, fmt.Errorf("%s: it has more than %d bytes", path, most)
	}
	return b, err
}

// input records what was read.
func (s *source) input(kind, name string, text []byte) {
	s.inputs = append(s.inputs, sealed.Input{Kind: kind, Name: name, Digest: sha256.Sum256(text)})
}

// dir is the policy's own directory without symbolic links, for paths that a
// policy writes relative to itself.
func (s *source) dir() (string, error) {
	abs, err := filepath.Abs(filepath.Dir(s.path))
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// open reads and parses a file beside the policy, or the policy itself.
func (s *source) open(kind, path string) (*syntax.File, error) {
	text, err := read(path, syntax.MaxText)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(text, []byte(sealed.Magic)) {
		return nil, fmt.Errorf("%s: it is a sealed policy; name the text that it was made of", path)
	}
	s.input(kind, filepath.Base(path), text)
	return s.parse(path, text)
}

// parse keeps what is wrong, where the rest can be judged; else it is an error.
func (s *source) parse(name string, text []byte) (*syntax.File, error) {
	f, errs := syntax.Read(name, text)
	s.errs = append(s.errs, errs...)
	if f == nil {
		return nil, s.errs.Err()
	}
	return f, nil
}
