package warehouse

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

var bom = []byte{0xef, 0xbb, 0xbf}

// records reads a CSV file as a strict system does: every line ends in CR LF, the
// last one too; every byte belongs to the charset; quotes stand where they may;
// every row has as many fields as columns says. A byte-order mark says that the
// file is UTF-8, whatever the layout's charset is.
func records(l Layout, data []byte, columns int) ([][]string, error) {
	if len(data) == 0 {
		return nil, errors.New("the file is empty")
	}
	if !bytes.HasSuffix(data, []byte("\r\n")) {
		return nil, errors.New("the last line has no line end: the file is cut off")
	}
	if bytes.Count(data, []byte{'\n'}) != bytes.Count(data, []byte("\r\n")) || bytes.Count(data, []byte{'\r'}) != bytes.Count(data, []byte("\r\n")) {
		return nil, errors.New("a line does not end in CR LF")
	}
	text, err := decoded(l, data)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = columns
	rows, err := r.ReadAll()
	if err != nil {
		return rows, fmt.Errorf("the file is no CSV of %d columns: %w", columns, err)
	}
	return rows, nil
}

func decoded(l Layout, data []byte) (string, error) {
	if rest, ok := bytes.CutPrefix(data, bom); ok {
		if !utf8.Valid(rest) {
			return "", errors.New("a byte is not UTF-8")
		}
		return string(rest), nil
	}
	if l == World {
		if !utf8.Valid(data) {
			return "", errors.New("a byte is not UTF-8")
		}
		return string(data), nil
	}
	text, err := charsetOf(l).NewDecoder().Bytes(data)
	if err != nil {
		return "", err
	}
	if at := bytes.ContainsRune(text, utf8.RuneError); at {
		line := 1 + bytes.Count(text[:bytes.IndexRune(text, utf8.RuneError)], []byte{'\n'})
		return "", fmt.Errorf("line %d: a byte does not belong to the charset", line)
	}
	return string(text), nil
}

// parsed is one instruction with everything that is wrong about it.
type parsed struct {
	Instruction
	korean   bool
	problems []string
}

// wrong notes what is wrong, in the warehouse's language.
func (p *parsed) wrong(ja, ko string, args ...any) {
	format := ja
	if p.korean {
		format = ko
	}
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// parse reads a file of the layout. With an error what was found so far comes
// along, for an answer, and nothing of it may be used.
func parse(l Layout, data []byte) ([]parsed, error) {
	if l == B2 {
		return parseB2(data)
	}
	return parsePlain(l, data)
}

// parseStops reads the instruction numbers of a stop request.
func parseStops(l Layout, data []byte) ([]string, error) {
	rows, err := records(l, data, 5)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range rows[1:] {
		if r[2] != "停止" && r[2] != "정지" {
			return nil, fmt.Errorf("instruction %s: %q is no request", r[0], r[2])
		}
		out = append(out, r[0])
	}
	return out, nil
}

// wide counts bytes as warehouse systems of both countries do: one for letters
// of the keyboard and half-width kana, two for everything else.
func wide(s string) int {
	n := 0
	for _, c := range s {
		if c < 0x80 || c >= 0xff61 && c <= 0xff9f {
			n++
		} else {
			n += 2
		}
	}
	return n
}
