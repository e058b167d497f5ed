package image

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// superblock is one that veritysetup would make for a number of blocks.
func superblock(blocks uint64) []byte {
	b := make([]byte, treeEnd)
	copy(b, treeMagic)
	binary.LittleEndian.PutUint32(b[treeVersion:], 1)
	binary.LittleEndian.PutUint32(b[treeType:], 1)
	copy(b[16:], "0123456789abcdef") // a UUID, which says nothing
	copy(b[treeAlgorithm:], "sha256")
	binary.LittleEndian.PutUint32(b[treeDataSize:], blockSize)
	binary.LittleEndian.PutUint32(b[treeHashSize:], blockSize)
	binary.LittleEndian.PutUint64(b[treeBlocks:], blocks)
	binary.LittleEndian.PutUint16(b[treeSaltSize:], 3)
	copy(b[treeSalt:], "\x01\x02\x03")
	return b
}

func TestParseTree(t *testing.T) {
	got, err := parseTree(superblock(300))
	if err != nil || got.blocks != 300 || string(got.salt) != "\x01\x02\x03" {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, c := range map[string]struct {
		change func([]byte)
		says   string
	}{
		"no magic":         {func(b []byte) { b[0] = 'x' }, "no superblock of dm-verity"},
		"version 2":        {func(b []byte) { b[treeVersion] = 2 }, "version 2, hash type 1"},
		"hash type 0":      {func(b []byte) { b[treeType] = 0 }, "version 1, hash type 0"},
		"sha1":             {func(b []byte) { copy(b[treeAlgorithm:], "sha1\x00\x00") }, `hashes by "sha1"`},
		"sha256 and more":  {func(b []byte) { copy(b[treeAlgorithm+7:], "x") }, "sha256 is understood"},
		"blocks of 512":    {func(b []byte) { binary.LittleEndian.PutUint32(b[treeDataSize:], 512) }, "blocks of 512 and 4096 bytes"},
		"hashes in 1024":   {func(b []byte) { binary.LittleEndian.PutUint32(b[treeHashSize:], 1024) }, "blocks of 4096 and 1024 bytes"},
		"no data":          {func(b []byte) { binary.LittleEndian.PutUint64(b[treeBlocks:], 0) }, "0 blocks of data"},
		"too much data":    {func(b []byte) { binary.LittleEndian.PutUint64(b[treeBlocks:], 1<<63) }, "9223372036854775808 blocks of data"},
		"a long salt":      {func(b []byte) { binary.LittleEndian.PutUint16(b[treeSaltSize:], 257) }, "a salt of 257 bytes"},
		"more in the salt": {func(b []byte) { b[treeSalt+3] = 1 }, "something stands where"},
		"more at the end":  {func(b []byte) { b[treeEnd-1] = 1 }, "something stands where"},
		"more before":      {func(b []byte) { b[treeSaltSize+2] = 1 }, "something stands where"},
	} {
		b := superblock(300)
		c.change(b)
		if _, err := parseTree(b); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTreeSize(t *testing.T) {
	for blocks, want := range map[uint64]uint64{1: 1, 2: 2, 128: 2, 129: 4, 128 * 128: 130, 128*128 + 1: 1 + 129 + 2 + 1} {
		if got := (tree{blocks: blocks}).size(); got != want*blockSize {
			t.Errorf("%d blocks: %d, want %d", blocks, got/blockSize, want)
		}
	}
}

func TestReadTreeComparesSizes(t *testing.T) {
	whole := append(superblock(300), make([]byte, 5*blockSize-treeEnd)...) // 3 blocks of hashes, the root's, the superblock's
	for _, c := range []struct {
		file []byte
		data uint64
		says string
	}{
		{whole, 300 * blockSize, ""},
		{whole, 301 * blockSize, "it is of 300 blocks of data, the image has 1232896 bytes"},
		{whole, 300*blockSize + 512, "it is of 300 blocks"},
		{whole[:4*blockSize], 300 * blockSize, "it has 16384 bytes, a tree over 300 blocks takes 20480"},
		{whole[:600], 300 * blockSize, "it has 600 bytes"},
		{whole[:100], 300 * blockSize, "shorter than a superblock"},
	} {
		f := temp(t, c.file)
		_, err := readTree(int(f.Fd()), c.data)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d bytes over %d: %v", len(c.file), c.data, err)
		}
	}
}

func TestTable(t *testing.T) {
	a, b := device{number: unix.Mkdev(7, 300)}, device{number: unix.Mkdev(7, 1)}
	want := "1 7:300 7:1 4096 4096 300 1 sha256 " + strings.Repeat("00", 31) + "09 010203"
	if got := (tree{300, []byte{1, 2, 3}}).table(a, b, [32]byte{31: 9}); got != want {
		t.Errorf("%q", got)
	}
	if got := (tree{blocks: 300}).table(a, b, [32]byte{}); !strings.HasSuffix(got, " -") {
		t.Errorf("without a salt: %q", got)
	}
}

// What veritysetup(8) makes is understood, and is as large as it should be.
func TestTreeOfVeritysetup(t *testing.T) {
	if _, err := exec.LookPath("veritysetup"); err != nil {
		t.Skip("needs cryptsetup-bin: ", err)
	}
	for _, blocks := range []int64{1, 200, 20000} {
		dir := t.TempDir()
		data, hashes := dir+"/data", dir+"/tree"
		if err := os.WriteFile(data, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(data, blocks*blockSize); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("veritysetup", "format", "--salt", "a0b1", data, hashes).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if root := regexp.MustCompile(`Root hash:\s+([0-9a-f]{64})\n`).FindSubmatch(out); root == nil {
			t.Fatalf("no root hash: %s", out)
		}
		f, err := os.Open(hashes)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got, err := readTree(int(f.Fd()), uint64(blocks)*blockSize)
		if err != nil || got.blocks != uint64(blocks) || hex.EncodeToString(got.salt) != "a0b1" {
			t.Errorf("%d blocks: %+v, %v", blocks, got, err)
		}
		if st, err := f.Stat(); err != nil || uint64(st.Size()) != got.size() {
			t.Errorf("%d blocks: the file has %d bytes, %d are expected; %v", blocks, st.Size(), got.size(), err)
		}
	}
}

func FuzzParseTree(f *testing.F) {
	f.Add(superblock(300))
	f.Add(superblock(1))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != treeEnd {
			return
		}
		if got, err := parseTree(b); err == nil && (got.size() < blockSize || len(got.table(device{}, device{}, [32]byte{})) > 800) {
			t.Errorf("%+v", got)
		}
	})
}
