package agile

import (
	"encoding/binary"
	"unicode/utf16"
)

// A Stream is one named stream of a compound file.
type Stream struct {
	Name string
	Data []byte
}

const (
	sectorSize = 512
	miniSize   = 64
	miniCutoff = 4096 // shorter streams live in the mini stream
	perFAT     = sectorSize / 4
	inHeader   = 109 // FAT sectors that the header lists itself
	perDIFAT   = perFAT - 1

	freeSector  = 0xffffffff
	endOfChain  = 0xfffffffe
	fatSector   = 0xfffffffd
	difatSector = 0xfffffffc
	noEntry     = 0xffffffff
)

// Compound returns a version 3 compound file ([MS-CFB]) with the streams in
// its root, at most three of them: the folder is one sector.
func Compound(streams []Stream) []byte {
	var mini []byte
	var miniFAT []uint32
	var body []byte
	var fat []uint32
	first := make([]uint32, len(streams))
	for i, s := range streams {
		if len(s.Data) < miniCutoff {
			first[i] = uint32(len(miniFAT))
			miniFAT = appendChain(miniFAT, sectors(len(s.Data), miniSize))
			mini = appendPadded(mini, s.Data, miniSize)
			continue
		}
		first[i] = uint32(len(fat))
		fat = appendChain(fat, sectors(len(s.Data), sectorSize))
		body = appendPadded(body, s.Data, sectorSize)
	}
	add := func(data []byte) uint32 {
		if len(data) == 0 {
			return endOfChain
		}
		at := uint32(len(fat))
		fat = appendChain(fat, sectors(len(data), sectorSize))
		body = appendPadded(body, data, sectorSize)
		return at
	}
	miniAt := add(mini)
	miniFATAt := add(tableBytes(miniFAT))
	dirAt := add(directory(streams, first, miniAt, len(mini)))

	fats, difats := tableSizes(len(fat))
	fatAt := len(fat)
	for range fats {
		fat = append(fat, fatSector)
	}
	difatAt := len(fat)
	for range difats {
		fat = append(fat, difatSector)
	}
	out := header(dirAt, miniFATAt, sectors(len(miniFAT)*4, sectorSize), fatAt, fats, difatAt, difats)
	out = append(out, body...)
	out = append(out, tableBytes(fat)...)
	return appendDIFAT(out, fatAt, fats, difatAt, difats)
}

func sectors(n, size int) int { return (n + size - 1) / size }

func appendPadded(dst, data []byte, size int) []byte {
	dst = append(dst, data...)
	return append(dst, make([]byte, sectors(len(data), size)*size-len(data))...)
}

// appendChain adds n sectors that follow each other to an allocation table.
func appendChain(table []uint32, n int) []uint32 {
	for i := range n {
		next := uint32(len(table) + 1)
		if i == n-1 {
			next = endOfChain
		}
		table = append(table, next)
	}
	return table
}

// tableBytes encodes an allocation table in whole sectors.
func tableBytes(table []uint32) []byte {
	var out []byte
	for _, v := range table {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	for len(out)%sectorSize != 0 {
		out = binary.LittleEndian.AppendUint32(out, freeSector)
	}
	return out
}

// tableSizes finds how many sectors the allocation table needs, which also
// has entries for its own sectors and for those that list them.
func tableSizes(used int) (fats, difats int) {
	for {
		f := (used + fats + difats + perFAT - 1) / perFAT
		d := max(0, (f-inHeader+perDIFAT-1)/perDIFAT)
		if f == fats && d == difats {
			return fats, difats
		}
		fats, difats = f, d
	}
}

func header(dirAt, miniFATAt uint32, miniFATs, fatAt, fats, difatAt, difats int) []byte {
	le := binary.LittleEndian
	h := make([]byte, sectorSize)
	copy(h, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	le.PutUint16(h[24:], 0x3e)
	le.PutUint16(h[26:], 3)
	le.PutUint16(h[28:], 0xfffe)
	le.PutUint16(h[30:], 9)
	le.PutUint16(h[32:], 6)
	le.PutUint32(h[44:], uint32(fats))
	le.PutUint32(h[48:], dirAt)
	le.PutUint32(h[56:], miniCutoff)
	le.PutUint32(h[60:], miniFATAt)
	le.PutUint32(h[64:], uint32(miniFATs))
	le.PutUint32(h[68:], endOfChain)
	if difats > 0 {
		le.PutUint32(h[68:], uint32(difatAt))
	}
	le.PutUint32(h[72:], uint32(difats))
	for i := range inHeader {
		at := uint32(freeSector)
		if i < fats {
			at = uint32(fatAt + i)
		}
		le.PutUint32(h[76+4*i:], at)
	}
	return h
}

// appendDIFAT adds the sectors that list the allocation table's own sectors
// beyond those in the header.
func appendDIFAT(out []byte, fatAt, fats, difatAt, difats int) []byte {
	for d := range difats {
		for i := range perDIFAT {
			at := uint32(freeSector)
			if n := inHeader + d*perDIFAT + i; n < fats {
				at = uint32(fatAt + n)
			}
			out = binary.LittleEndian.AppendUint32(out, at)
		}
		next := uint32(endOfChain)
		if d+1 < difats {
			next = uint32(difatAt + d + 1)
		}
		out = binary.LittleEndian.AppendUint32(out, next)
	}
	return out
}

// directory writes the root and the streams. A stream's siblings form a
// chain to the right, in the order that the format wants: by length of name,
// then by letters.
func directory(streams []Stream, first []uint32, miniAt uint32, miniLen int) []byte {
	root := entry("Root Entry", 5, miniAt, miniLen)
	order := make([]int, len(streams))
	for i := range order {
		order[i] = i
		for j := i; j > 0 && less(streams[order[j]].Name, streams[order[j-1]].Name); j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	le := binary.LittleEndian
	le.PutUint32(root[76:], uint32(order[0]+1))
	out := root
	entries := make([][]byte, len(streams))
	for i, s := range streams {
		entries[i] = entry(s.Name, 2, first[i], len(s.Data))
	}
	for k := 0; k+1 < len(order); k++ {
		le.PutUint32(entries[order[k]][72:], uint32(order[k+1]+1))
	}
	for _, e := range entries {
		out = append(out, e...)
	}
	for len(out) < sectorSize {
		out = append(out, entry("", 0, 0, 0)...)
	}
	return out
}

func less(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

func entry(name string, kind byte, at uint32, size int) []byte {
	le := binary.LittleEndian
	e := make([]byte, 128)
	if name != "" {
		units := utf16.Encode([]rune(name))
		for i, u := range units {
			le.PutUint16(e[2*i:], u)
		}
		le.PutUint16(e[64:], uint16(2*len(units)+2))
	}
	e[66], e[67] = kind, 1
	for _, at := range []int{68, 72, 76} {
		le.PutUint32(e[at:], noEntry)
	}
	le.PutUint32(e[116:], at)
	le.PutUint32(e[120:], uint32(size))
	return e
}
