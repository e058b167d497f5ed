package image

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// blockSize is of data and hashes alike: what veritysetup(8) makes unless told otherwise,
// and the page size, above which the kernel takes none.
const blockSize = 4096

// digestsPerBlock of SHA-256.
const digestsPerBlock = blockSize / 32

// tree is what a hash tree's superblock says. The root hash vouches for the tree and the
// data; of the superblock a lie can only make hashes differ.
type tree struct {
	blocks uint64 // of data
	salt   []byte
}

// superblock of veritysetup(8), version 1, at the start of the file: the layout is
// cryptsetup's, lib/verity/verity.c.
const (
	treeMagic     = "verity\x00\x00"
	treeVersion   = 8
	treeType      = 12 // 1: the salt comes before the data
	treeAlgorithm = 32 // 32 bytes, zeroes behind the name
	treeDataSize  = 64
	treeHashSize  = 68
	treeBlocks    = 72
	treeSaltSize  = 80
	treeSalt      = 88 // 256 bytes
	treeEnd       = 512
)

// readTree reads the superblock and compares it with the sizes of both files.
func readTree(fd int, data uint64) (tree, error) {
	size, err := sizeOf(fd)
	if err != nil {
		return tree{}, err
	}
	var head [treeEnd]byte
	if err := readAt(fd, head[:], 0); err != nil {
		return tree{}, err
	}
	t, err := parseTree(head[:])
	switch {
	case err != nil:
		return tree{}, err
	case data%blockSize != 0 || t.blocks != data/blockSize:
		return tree{}, fmt.Errorf("it is of %d blocks of data, the image has %d bytes", t.blocks, data)
	case size < t.size() || size%512 != 0:
		return tree{}, fmt.Errorf("it has %d bytes, a tree over %d blocks takes %d", size, t.blocks, t.size())
	}
	return t, nil
}

// parseTree takes one form only. What it does not understand it refuses, padding too.
func parseTree(b []byte) (tree, error) {
	number := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	algorithm := strings.TrimRight(string(b[treeAlgorithm:treeDataSize]), "\x00")
	saltSize := int(binary.LittleEndian.Uint16(b[treeSaltSize:]))
	t := tree{blocks: binary.LittleEndian.Uint64(b[treeBlocks:])}
	switch {
	case string(b[:len(treeMagic)]) != treeMagic:
		return t, errors.New("no superblock of dm-verity at the start")
	case number(treeVersion) != 1 || number(treeType) != 1:
		return t, fmt.Errorf("version %d, hash type %d; 1 and 1 are understood", number(treeVersion), number(treeType))
	case algorithm != "sha256":
		return t, fmt.Errorf("hashes by %.32q; sha256 is understood", algorithm)
	case number(treeDataSize) != blockSize || number(treeHashSize) != blockSize:
		return t, fmt.Errorf("blocks of %d and %d bytes; %d is understood", number(treeDataSize), number(treeHashSize), blockSize)
	case t.blocks == 0 || t.blocks > 1<<40:
		return t, fmt.Errorf("%d blocks of data", t.blocks)
	case saltSize > treeEnd-treeSalt-168:
		return t, fmt.Errorf("a salt of %d bytes", saltSize)
	}
	t.salt = b[treeSalt : treeSalt+saltSize]
	for _, padding := range [][]byte{b[treeSaltSize+2 : treeSalt], b[treeSalt+saltSize : treeEnd]} {
		if strings.Trim(string(padding), "\x00") != "" {
			return t, errors.New("something stands where its superblock is padded")
		}
	}
	return t, nil
}

// size is what the superblock and all levels of the tree take, the root's block included.
func (t tree) size() uint64 {
	blocks := uint64(1)         // the superblock's
	for n := t.blocks; n > 1; { // over one block of data there is none: the root is its hash
		n = (n + digestsPerBlock - 1) / digestsPerBlock
		blocks += n
	}
	return blocks * blockSize
}

// table is the line of the target "verity", Documentation/admin-guide/device-mapper/verity.rst:
// version, data device, hash device, block sizes, number of data blocks, first block of the
// hashes, algorithm, root, salt. No option: a block that does not hash up to the root
// cannot be read (EIO), every time.
func (t tree) table(data, hashes device, root [32]byte) string {
	salt := "-"
	if len(t.salt) != 0 {
		salt = hex.EncodeToString(t.salt)
	}
	return strings.Join([]string{
		"1", data.numbers(), hashes.numbers(), strconv.Itoa(blockSize), strconv.Itoa(blockSize),
		strconv.FormatUint(t.blocks, 10), "1", "sha256", hex.EncodeToString(root[:]), salt,
	}, " ")
}
