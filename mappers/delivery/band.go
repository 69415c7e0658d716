package delivery

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/codes"
)

// None is how a row of the time-band master says that a text is no wish.
const None = codes.NoBand

// Bands lists our time bands: am is 8 to 12 o'clock, pm the afternoon without
// hours, the others are start and end hour. Which of them a carrier serves is
// for the warehouse's format to say.
func Bands() []string { return codes.Bands() }

// A BandRow is one line of the time-band master (masters/time-bands.csv). The
// tags are the column names.
type BandRow struct {
	Account string `csv:"account"` // account name or mall; empty for every account
	Carrier string `csv:"carrier"` // only for this carrier; empty for all
	Code    string `csv:"code"`    // the mall's code or text
	Band    string `csv:"band"`    // one of [Bands], or none
	Line    int    `csv:"-"`
}

// TimeBands answers which band a mall's text means. It is safe for concurrent use.
type TimeBands struct {
	rows  map[bandKey]bandEntry
	codes map[string]map[string]string // by system: its folded codes to bands
}

type bandKey struct{ account, carrier, code string }

type bandEntry struct {
	band string
	line int
}

// NewTimeBands checks rows and prepares lookups. TimeBands holds the rows
// without findings, behind them the codes that set has for a mall, and behind those
// the forms of [ParseBand].
func NewTimeBands(rows []BandRow, set *codes.Set) (*TimeBands, []Finding) {
	t := &TimeBands{rows: make(map[bandKey]bandEntry, len(rows)), codes: map[string]map[string]string{}}
	for _, system := range set.Systems(codes.TimeBands) {
		table, _ := set.Table(codes.TimeBands, system)
		folded := map[string]string{}
		for _, named := range []bool{true, false} {
			for code, band := range table.Read(named) {
				folded[foldTime(code)] = band
			}
		}
		t.codes[system] = folded
	}
	var all []Finding
	for _, r := range rows {
		band := strings.ToLower(fold(r.Band))
		if band != None && !slices.Contains(Bands(), band) {
			all = append(all, Finding{r.Line, "band", r.Band, "is not a time band of ours", "use one of " + strings.Join(Bands(), ", ") + ", or none"})
			continue
		}
		code := foldTime(r.Code)
		if code == "" {
			all = append(all, Finding{r.Line, "code", "", "the mall's code is empty", "write the code or text that the sheet shows"})
			continue
		}
		if band == None {
			band = ""
		}
		k := bandKey{strings.TrimSpace(r.Account), strings.TrimSpace(r.Carrier), code}
		if first, taken := t.rows[k]; !taken {
			t.rows[k] = bandEntry{band, r.Line}
		} else if first.band != band {
			all = append(all, Finding{r.Line, "code", r.Code, fmt.Sprintf("is another band in line %d", first.line), "keep one of the two lines"})
		}
	}
	return t, all
}

// Band returns the band that a mall's text means; an empty band is no wish. ok
// is false for a text that is not known. Rows of the account go before those of
// its mall, those before rows for every account, these before the codes of the mall
// and these before the forms that malls share; within rows one for the carrier goes
// first.
func (t *TimeBands) Band(account, mall, carrier, text string) (band string, ok bool) {
	code := foldTime(text)
	if code == "" {
		return "", true
	}
	for _, a := range [...]string{account, mall, ""} {
		for _, c := range [...]string{carrier, ""} {
			if e, ok := t.rows[bandKey{a, c, code}]; ok {
				return e.band, true
			}
		}
	}
	if band, ok := t.codes[codes.SystemOf(mall)][code]; ok {
		return band, true
	}
	return ParseBand(text)
}

// ParseBand reads the forms that malls share: our own bands, the words 午前中 and 午後,
// and spans such as 14:00〜16:00, 14時-16時 or 1416. A span that is not one of [Bands]
// is not ok; 8 to 12 is am.
func ParseBand(text string) (band string, ok bool) {
	s := foldTime(text)
	switch s {
	case "", "0", "00", "なし", "無し", "指定なし", "希望なし", "時間指定なし", "時間帯指定なし", "指定しない", "NONE", "없음", "지정안함":
		return "", true
	case "午前", "午前中", "AM", "오전":
		return "am", true
	case "午後", "午後中", "PM", "오후":
		return "pm", true
	}
	from, to, ok := span(s)
	if !ok {
		return "", false
	}
	if from == 8 && to == 12 {
		return "am", true
	}
	band = fmt.Sprintf("%02d%02d", from, to)
	if !slices.Contains(Bands(), band) {
		return "", false
	}
	return band, true
}

// span reads full hours: 812, 0812, 1416, 14:00-16:00, 14-16, 14時-16時.
func span(s string) (from, to int, ok bool) {
	a, b, found := strings.Cut(s, "-")
	if !found {
		if len(s) != 3 && len(s) != 4 {
			return 0, 0, false
		}
		a, b = s[:len(s)-2], s[len(s)-2:]
	}
	from, okA := hour(a)
	to, okB := hour(b)
	return from, to, okA && okB && from < to
}

func hour(s string) (int, bool) {
	s = strings.TrimSuffix(s, "頃")
	s = strings.TrimSuffix(s, "まで")
	s = strings.TrimSuffix(s, "時")
	s = strings.TrimSuffix(s, "시")
	s = strings.TrimSuffix(s, ":00")
	if len(s) == 0 || len(s) > 2 {
		return 0, false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= 24
}

var dashes = strings.NewReplacer("~", "-", "〜", "-", "∼", "-", "ー", "-", "−", "-", "–", "-", "—", "-", "―", "-", "‐", "-", "から", "-")

// foldTime is fold with every dash and wave made one.
func foldTime(s string) string { return dashes.Replace(fold(s)) }
