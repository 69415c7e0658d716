package workbook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// A token is what the scanner found.
type token uint8

const (
	startTag token = iota
	endTag
	charData
)

const (
	maxToken = 1 << 20 // bytes of one tag or one run of text
	maxDepth = 64      // open elements
	maxAttrs = 256     // attributes of one element

	maxReference = 32 // bytes of a character reference
)

var (
	errToken   = &LimitError{"bytes of one XML tag or text", maxToken}
	errDepth   = &LimitError{"depth of XML elements", maxDepth}
	errAttrs   = &LimitError{"attributes of an XML element", maxAttrs}
	errDoctype = errors.New("document type declarations are refused")
)

type attribute struct{ name, value []byte }

// A scanner reads the XML of Office parts: UTF-8 (or UTF-16 with a byte order
// mark), no document type, namespaces by local name only. It checks that tags
// match. Slices it gives out are valid until the next call of next.
type scanner struct {
	r          io.Reader
	buf        []byte
	pos, end   int
	eof        bool
	readErr    error
	selfClosed bool // the end of an element such as <c/> is due
	rootSeen   bool

	name  []byte // local name of the tag
	attrs []attribute
	text  []byte // decoded text

	open    []byte // names of open elements, one behind the other
	marks   []int  // where each begins
	scratch []byte
}

func newScanner(r io.Reader) *scanner {
	return &scanner{r: r, buf: make([]byte, 64<<10)}
}

// fill makes more bytes available behind pos. It reports false at the end of
// the input.
func (s *scanner) fill() (bool, error) {
	if s.eof {
		return false, s.readErr
	}
	first := s.end == 0 && s.pos == 0
	s.end = copy(s.buf, s.buf[s.pos:s.end])
	s.pos = 0
	if s.end == len(s.buf) {
		if len(s.buf) >= maxToken {
			return false, errToken
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	n := s.read()
	if first {
		s.skipMark()
	}
	return n > 0, s.readErr
}

// read fills the buffer. Unlike io.ReadFull it tells the end of the part from
// a part that is cut off.
func (s *scanner) read() (n int) {
	for s.end < len(s.buf) && !s.eof {
		m, err := s.r.Read(s.buf[s.end:])
		s.end += m
		n += m
		if err != nil {
			s.eof = true
			if !errors.Is(err, io.EOF) {
				s.readErr = err
			}
		}
	}
	return n
}

// skipMark deals with a byte order mark at the very start.
func (s *scanner) skipMark() {
	head := s.buf[:s.end]
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		s.pos = 3
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		rest := io.MultiReader(bytes.NewReader(bytes.Clone(head)), s.r)
		s.r = transform.NewReader(rest, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
		s.end, s.eof = 0, false
		s.read()
	}
}

// next returns the next token, or io.EOF behind a complete document.
func (s *scanner) next() (token, error) {
	if s.selfClosed {
		s.selfClosed = false
		s.pop()
		return endTag, nil
	}
	for {
		if s.pos == s.end {
			more, err := s.fill()
			if err != nil {
				return 0, err
			}
			if !more {
				return 0, s.atEOF()
			}
		}
		if s.buf[s.pos] != '<' {
			if ok, err := s.scanText(); err != nil || ok {
				return charData, err
			}
			continue
		}
		if s.end-s.pos < 2 {
			if err := s.need(); err != nil {
				return 0, err
			}
		}
		switch s.buf[s.pos+1] {
		case '/':
			return endTag, s.scanEnd()
		case '?':
			if err := s.skipInstruction(); err != nil {
				return 0, err
			}
		case '!':
			if ok, err := s.scanDeclaration(); err != nil || ok {
				return charData, err
			}
		default:
			return startTag, s.scanStart()
		}
	}
}

func (s *scanner) atEOF() error {
	if len(s.marks) > 0 {
		return fmt.Errorf("the XML ends inside <%s>", s.open[s.marks[len(s.marks)-1]:])
	}
	if !s.rootSeen {
		return errors.New("the XML is empty")
	}
	return io.EOF
}

// need is fill for a token that has begun and is not complete.
func (s *scanner) need() error {
	more, err := s.fill()
	if err != nil {
		return err
	}
	if !more {
		return errors.New("the XML ends inside a tag")
	}
	return nil
}

// upTo returns the bytes from pos+skip to the next mark and moves behind it.
func (s *scanner) upTo(skip int, mark string) ([]byte, error) {
	for {
		if rest := s.buf[s.pos:s.end]; len(rest) > skip {
			if i := bytes.Index(rest[skip:], []byte(mark)); i >= 0 {
				s.pos += skip + i + len(mark)
				return rest[skip : skip+i], nil
			}
		}
		if err := s.need(); err != nil {
			return nil, err
		}
	}
}

func (s *scanner) skipInstruction() error {
	body, err := s.upTo(2, "?>")
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(body, []byte("xml ")) {
		return nil
	}
	_, enc, found := bytes.Cut(body, []byte("encoding="))
	if !found || len(enc) < 2 {
		return nil
	}
	enc = enc[1:]
	if i := bytes.IndexAny(enc, `"'`); i >= 0 {
		enc = enc[:i]
	}
	if !bytes.EqualFold(enc, []byte("utf-8")) && !bytes.EqualFold(enc, []byte("utf-16")) && !bytes.EqualFold(enc, []byte("us-ascii")) {
		return fmt.Errorf("XML in %q instead of UTF-8", enc)
	}
	return nil
}

// scanDeclaration handles what begins with <!. It reports true for text in a
// CDATA section.
func (s *scanner) scanDeclaration() (bool, error) {
	for s.end-s.pos < len("<![CDATA[") && !s.eof {
		if _, err := s.fill(); err != nil {
			return false, err
		}
	}
	head := s.buf[s.pos:s.end]
	switch {
	case bytes.HasPrefix(head, []byte("<!--")):
		_, err := s.upTo(4, "-->")
		return false, err
	case bytes.HasPrefix(head, []byte("<![CDATA[")):
		body, err := s.upTo(9, "]]>")
		if err != nil {
			return false, err
		}
		if len(s.marks) == 0 {
			return false, errors.New("text outside of the XML's root")
		}
		s.text, err = s.decode(body, false)
		return true, err
	}
	return false, errDoctype
}

// scanText reads text up to the next tag. It reports false for blanks outside
// of the root element.
func (s *scanner) scanText() (bool, error) {
	from := 0
	for {
		i := bytes.IndexByte(s.buf[s.pos+from:s.end], '<')
		if i >= 0 {
			from += i
			break
		}
		from = s.end - s.pos
		more, err := s.fill()
		if err != nil {
			return false, err
		}
		if !more {
			break
		}
	}
	raw := s.buf[s.pos : s.pos+from]
	s.pos += from
	if len(s.marks) == 0 {
		if len(trimBlanks(raw)) > 0 {
			return false, errors.New("this is not XML: text outside of the root element")
		}
		return false, nil
	}
	var err error
	s.text, err = s.decode(raw, true)
	return true, err
}

func (s *scanner) scanEnd() error {
	raw, err := s.upTo(2, ">")
	if err != nil {
		return err
	}
	raw = trimBlanks(raw)
	if len(s.marks) == 0 || !bytes.Equal(raw, s.open[s.marks[len(s.marks)-1]:]) {
		return fmt.Errorf("the XML closes <%.40s>, which is not open", raw)
	}
	s.name = local(raw)
	s.pop()
	return nil
}

func (s *scanner) pop() {
	last := len(s.marks) - 1
	s.open = s.open[:s.marks[last]]
	s.marks = s.marks[:last]
}

// scanStart reads a whole start tag, fetching more input until it is
// complete.
func (s *scanner) scanStart() error {
	for {
		n, err := s.parseTag(s.buf[s.pos:s.end])
		if err != nil {
			return err
		}
		if n > 0 {
			s.pos += n
			return nil
		}
		if err := s.need(); err != nil {
			return err
		}
	}
}

// parseTag parses the tag at the start of b and returns its length, or 0 if b
// ends before it does.
func (s *scanner) parseTag(b []byte) (int, error) {
	i := 1
	for i < len(b) && !nameEnd[b[i]] {
		i++
	}
	qname := b[1:i]
	s.attrs = s.attrs[:0]
	for {
		for i < len(b) && isBlank(b[i]) {
			i++
		}
		if i+1 >= len(b) && (i == len(b) || b[i] != '>') {
			return 0, nil
		}
		switch b[i] {
		case '>':
			return i + 1, s.push(qname)
		case '/':
			if b[i+1] != '>' {
				return 0, fmt.Errorf("the XML tag <%.40s> is malformed", qname)
			}
			s.selfClosed = true
			return i + 2, s.push(qname)
		}
		n, err := s.parseAttr(b[i:])
		if n == 0 || err != nil {
			return 0, err
		}
		i += n
	}
}

func (s *scanner) parseAttr(b []byte) (int, error) {
	i := 0
	for i < len(b) && !nameEnd[b[i]] {
		i++
	}
	name := b[:i]
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	if i == len(b) {
		return 0, nil
	}
	if b[i] != '=' || len(name) == 0 {
		return 0, fmt.Errorf("the XML attribute %.40q is malformed", name)
	}
	i++
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	if i == len(b) {
		return 0, nil
	}
	quote := b[i]
	if quote != '"' && quote != '\'' {
		return 0, fmt.Errorf("the XML attribute %.40q has no quotes", name)
	}
	n := bytes.IndexByte(b[i+1:], quote)
	if n < 0 {
		return 0, nil
	}
	if len(s.attrs) == maxAttrs {
		return 0, errAttrs
	}
	s.attrs = append(s.attrs, attribute{local(name), b[i+1 : i+1+n]})
	return i + n + 2, nil
}

func (s *scanner) push(qname []byte) error {
	if len(qname) == 0 {
		return errors.New("the XML has a tag without a name")
	}
	if len(s.marks) == maxDepth {
		return errDepth
	}
	if len(s.marks) == 0 {
		if s.rootSeen {
			return errors.New("the XML has more than one root element")
		}
		s.rootSeen = true
	}
	s.marks = append(s.marks, len(s.open))
	s.open = append(s.open, qname...)
	s.name = local(qname)
	return nil
}

// skip reads to the end of the element whose start tag came last.
func (s *scanner) skip() error {
	depth := len(s.marks)
	for {
		t, err := s.next()
		if err != nil {
			return err
		}
		if t == endTag && len(s.marks) < depth {
			return nil
		}
	}
}

// attr returns the decoded value of the attribute of that local name.
func (s *scanner) attr(name string) (string, bool) {
	for i := range s.attrs {
		if string(s.attrs[i].name) != name {
			continue
		}
		v, err := s.decode(s.attrs[i].value, true)
		if err != nil {
			return "", false
		}
		return string(v), true
	}
	return "", false
}

// content appends the text inside the element whose start tag came last,
// that of elements within it excluded, and reads to its end.
func (s *scanner) content(dst []byte) ([]byte, error) {
	depth := len(s.marks)
	for {
		t, err := s.next()
		if err != nil {
			return dst, err
		}
		switch t {
		case charData:
			if len(dst) > maxToken {
				return dst, errToken
			}
			dst = append(dst, s.text...)
		case startTag:
			if err := s.skip(); err != nil {
				return dst, err
			}
		case endTag:
			if len(s.marks) < depth {
				return dst, nil
			}
		}
	}
}

const (
	classEntity = 1 << iota
	classReturn
	classIllegal
	classHigh
)

var (
	charClass [256]byte
	nameEnd   [256]bool
)

func init() {
	for c := range 0x20 {
		charClass[c] = classIllegal
	}
	charClass['\t'], charClass['\n'], charClass['\r'] = 0, 0, classReturn
	charClass['&'] = classEntity
	for c := 0x80; c < 0x100; c++ {
		charClass[c] = classHigh
	}
	for _, c := range " \t\r\n=/><\"'&" {
		nameEnd[c] = true
	}
}

// decode resolves references and line ends and checks the characters. Without
// anything to resolve it returns raw itself.
func (s *scanner) decode(raw []byte, entities bool) ([]byte, error) {
	var seen byte
	for _, c := range raw {
		seen |= charClass[c]
	}
	if seen == 0 {
		return raw, nil
	}
	if seen&classIllegal != 0 {
		return nil, errors.New("the XML holds a control character")
	}
	if seen&classHigh != 0 && !utf8.Valid(raw) {
		return nil, errors.New("the XML is not valid UTF-8")
	}
	if seen&classReturn == 0 && (seen&classEntity == 0 || !entities) {
		return raw, nil
	}
	out := s.scratch[:0]
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '\r':
			out = append(out, '\n')
			i++
			if i < len(raw) && raw[i] == '\n' {
				i++
			}
		case c == '&' && entities:
			r, n, err := reference(raw[i:])
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, r)
			i += n
		default:
			out = append(out, c)
			i++
		}
	}
	s.scratch = out
	return out, nil
}

// reference decodes the character reference at the start of b and returns its
// length. Two references that are the halves of a surrogate pair, as some
// programs write characters beyond the basic plane, give one character.
func reference(b []byte) (rune, int, error) {
	end := bytes.IndexByte(b[:min(len(b), maxReference)], ';')
	if end < 2 {
		return 0, 0, fmt.Errorf("the XML has a bare & in %.16q", b)
	}
	switch name := string(b[1:end]); name {
	case "lt":
		return '<', end + 1, nil
	case "gt":
		return '>', end + 1, nil
	case "amp":
		return '&', end + 1, nil
	case "quot":
		return '"', end + 1, nil
	case "apos":
		return '\'', end + 1, nil
	}
	r, ok := numeric(b[1:end])
	if !ok {
		return 0, 0, fmt.Errorf("the XML has an unknown reference %q", b[:end+1])
	}
	if r < 0xd800 || r > 0xdfff {
		return r, end + 1, nil
	}
	if rest := b[end+1:]; r < 0xdc00 && len(rest) > 3 && rest[0] == '&' {
		if end2 := bytes.IndexByte(rest[:min(len(rest), maxReference)], ';'); end2 > 2 {
			if low, ok := numeric(rest[1:end2]); ok && low >= 0xdc00 && low <= 0xdfff {
				return (r-0xd800)<<10 + (low - 0xdc00) + 0x10000, end + end2 + 2, nil
			}
		}
	}
	return utf8.RuneError, end + 1, nil
}

// numeric decodes #1234 or #x12AB. It reports false for what XML does not
// allow.
func numeric(ref []byte) (rune, bool) {
	if len(ref) < 2 || ref[0] != '#' {
		return 0, false
	}
	digits, base := string(ref[1:]), 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune || n < 0x20 && n != '\t' && n != '\n' && n != '\r' || n == 0xfffe || n == 0xffff {
		return 0, false
	}
	return rune(n), true
}

func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i > 0 && i+1 < len(name) {
		return name[i+1:]
	}
	return name
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}
