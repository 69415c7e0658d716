package format

import (
	"bytes"
	"strconv"
	"time"
	"unicode/utf8"

	"golang.org/x/text/width"

	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/order"
)

// A valueType says what a value is and so which forms of it are taken.
type valueType uint8

const (
	typeText     valueType = iota // as it stands
	typeCode                      // exact text that Excel must not have touched
	typeDigits                    // a code of digits with a fixed width
	typeInt                       // whole number
	typeMoney                     // amount in the format's currency
	typeQuantity                  // whole number from 1
	typeDate                      // civil day
	typeDateTime                  // instant, in the format's zone where the text has none
	typeFlag                      // 1, or empty
)

var typeNames = []string{"text", "code", "digits", "int", "money", "quantity", "date", "datetime", "flag"}

// typeOf is the type of a field whose column does not say one.
func typeOf(f record.Field) valueType {
	switch f {
	case record.OrderNumber, record.PackageKey, record.LineKey, record.LineItemID, record.LineItemCode, record.LineOptionID,
		record.LineOptionCode, record.LineSKUCode, record.LineBarcode, record.LineSKU, record.LineListing, record.InstructionNumber,
		record.ShipmentTracking, record.ShipmentRaw, record.ShipmentWas, record.ShipmentRef, record.StockSKU, record.BatchNumber, record.BuyerPostal, record.ToPostal, record.FromPostal,
		record.BuyerPhone, record.ToPhone, record.ToPhone2, record.FromPhone, record.PackageCustomsID:
		return typeCode
	case record.OrderTotal, record.OrderGoods, record.OrderPostage, record.OrderFee, record.OrderDiscount, record.OrderAmount,
		record.LinePrice, record.InstructionCollect, record.InstructionCollectTax:
		return typeMoney
	case record.LineQuantity:
		return typeQuantity
	case record.LineNo, record.LineWeight, record.OrderLines, record.OrderQuantity, record.InstructionParcels, record.ShipmentParcels,
		record.ShipmentQuantity, record.StockOnHand, record.StockAllocated, record.StockSellable:
		return typeInt
	case record.PackageDeliverOn, record.PackageShipBy, record.InstructionDeliverOn, record.InstructionShipOn, record.InstructionNotBefore,
		record.BatchDate, record.ShipmentShippedOn, record.StockExpiry:
		return typeDate
	case record.OrderedAt, record.StockAt, record.BatchTime, record.ShipmentShippedAt:
		return typeDateTime
	case record.ShipmentCancelled, record.ShipmentCorrect:
		return typeFlag
	}
	return typeText
}

// A fault is why a value cannot be taken.
type fault struct {
	reason order.Reason
	detail string
}

// A valueRule turns a cell's text into canonical form.
type valueRule struct {
	typ      valueType
	layouts  []string
	zone     *time.Location
	currency string
	digits   int
	folds    []fold
}

// canon appends the canonical form of b to dst. b must not be part of dst's free
// space.
func (v *valueRule) canon(dst, b []byte, m sheet.Marks) ([]byte, *fault) {
	if m&(sheet.Fault|sheet.Broken|sheet.Huge) != 0 {
		if f := v.badCell(b, m); f != nil {
			return dst, f
		}
	}
	if len(b) > 0 && b[0] == '#' && excelErrors[string(trim(b))] {
		return dst, &fault{order.RefusedDamaged, "the cell shows the error " + string(trim(b))}
	}
	if v.folds != nil {
		b = applyFolds(v.folds, b)
	}
	if v.typ == typeText {
		return append(dst, b...), nil
	}
	b = unwrap(trim(b))
	if len(b) == 0 {
		return dst, nil
	}
	switch v.typ {
	case typeCode:
		return v.code(dst, b, m)
	case typeDigits:
		return v.fixedDigits(dst, b, m)
	case typeInt, typeQuantity:
		return v.integer(dst, b)
	case typeMoney:
		return v.money(dst, b)
	case typeDate, typeDateTime:
		return v.date(dst, b, m)
	case typeFlag:
		switch string(b) {
		case "0", "false", "FALSE", "False", "no", "N", "n", "無", "なし", "-", "×":
			return dst, nil
		}
		return append(dst, '1'), nil
	}
	return append(dst, b...), nil
}

// excelErrors are what Excel writes into a text file for a formula that failed.
var excelErrors = map[string]bool{"#N/A": true, "#REF!": true, "#VALUE!": true, "#NAME?": true, "#DIV/0!": true, "#NUM!": true, "#NULL!": true}

func (v *valueRule) badCell(b []byte, m sheet.Marks) *fault {
	switch {
	case m&sheet.Huge != 0:
		return &fault{order.RefusedType, "the value is longer than " + strconv.Itoa(sheet.MaxField) + " bytes"}
	case m&sheet.Broken != 0:
		return &fault{order.RefusedType, "there is text after the closing quote"}
	case len(b) == 0:
		return &fault{order.RefusedDamaged, "the cell has a formula without a result: open the file in Excel, save it, or enter the value"}
	case b[0] == '#':
		return &fault{order.RefusedDamaged, "the cell shows the error " + string(b)}
	case v.typ == typeText:
		return nil
	}
	return &fault{order.RefusedDamaged, "Excel has rounded the number: its digits are gone"}
}

func (v *valueRule) code(dst, b []byte, m sheet.Marks) ([]byte, *fault) {
	if m&sheet.Date != 0 {
		return dst, &fault{order.RefusedDamaged, "Excel has turned the code into a date"}
	}
	if why := excelDamage(b); why != "" {
		return dst, &fault{order.RefusedDamaged, why}
	}
	return append(dst, b...), nil
}

// excelDamage says what Excel did to a code, or nothing.
func excelDamage(b []byte) string {
	if c := b[0]; c < '0' || c > '9' {
		if len(b) == 6 && b[3] == '-' && isMonth(b[:3]) {
			return "Excel has turned the code into a date"
		}
		return ""
	}
	i := 0
	for i < len(b) && (isDigit(b[i]) || b[i] == '.') {
		i++
	}
	if i == len(b) {
		return ""
	}
	switch rest := b[i:]; {
	case (rest[0] == 'E' || rest[0] == 'e') && len(rest) > 2 && rest[1] == '+' && allDigits(rest[2:]):
		return "Excel has turned the code into a number with an exponent: its last digits are gone"
	case rest[0] == '-' && len(rest) == 4 && i <= 2 && isMonth(rest[1:]):
		return "Excel has turned the code into a date"
	case i == 4 && rest[0] == '/' && isMonthDay(rest[1:]):
		return "Excel has turned the code into a date"
	case bytes.HasPrefix(rest, []byte("月")) && bytes.HasSuffix(rest, []byte("日")),
		bytes.HasPrefix(rest, []byte("월 ")) && bytes.HasSuffix(rest, []byte("일")):
		return "Excel has turned the code into a date"
	}
	return ""
}

func isMonth(b []byte) bool {
	switch string(b) {
	case "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec":
		return true
	}
	return false
}

// isMonthDay reports whether b is 5/1, as Excel in Japanese ends 2026/5/1.
func isMonthDay(b []byte) bool {
	month, day, ok := bytes.Cut(b, []byte("/"))
	return ok && len(month) <= 2 && len(day) <= 2 && allDigits(month) && allDigits(day)
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

// fixedDigits restores zeros that a spreadsheet dropped: they can only be on the
// left of a code whose width is fixed. Hyphens stay where they are.
func (v *valueRule) fixedDigits(dst, b []byte, m sheet.Marks) ([]byte, *fault) {
	if _, f := v.code(nil, b, m); f != nil {
		return dst, f
	}
	b = narrow(b)
	n := 0
	for _, c := range b {
		switch {
		case isDigit(c):
			n++
		case c != '-':
			return dst, &fault{order.RefusedType, "only digits and hyphens are expected"}
		}
	}
	if n > v.digits {
		return dst, &fault{order.RefusedType, strconv.Itoa(v.digits) + " digits are expected, not " + strconv.Itoa(n)}
	}
	if n == len(b) {
		for range v.digits - n {
			dst = append(dst, '0')
		}
	} else if n < v.digits {
		return dst, &fault{order.RefusedType, strconv.Itoa(v.digits) + " digits are expected, not " + strconv.Itoa(n)}
	}
	return append(dst, b...), nil
}

func (v *valueRule) integer(dst, b []byte) ([]byte, *fault) {
	start := len(dst)
	if allDigits(b) && len(b) <= 18 {
		for len(b) > 1 && b[0] == '0' {
			b = b[1:]
		}
		dst = append(dst, b...)
	} else {
		// "1.00" and "1,000" are how spreadsheets and warehouses write counts.
		m, err := order.ParseMoney(string(narrow(b)), "JPY")
		if err != nil {
			return dst, &fault{order.RefusedType, "a whole number is expected"}
		}
		dst = strconv.AppendInt(dst, m.Units, 10)
	}
	if v.typ == typeQuantity && (dst[start] == '-' || dst[start] == '0') {
		return dst[:start], &fault{order.RefusedQuantity, "a quantity of 1 or more is expected"}
	}
	return dst, nil
}

func (v *valueRule) money(dst, b []byte) ([]byte, *fault) {
	if allDigits(b) && len(b) <= 15 && order.Decimals(v.currency) == 0 {
		for len(b) > 1 && b[0] == '0' {
			b = b[1:]
		}
		return append(dst, b...), nil
	}
	m, err := order.ParseMoney(string(narrow(b)), v.currency)
	if err != nil {
		return dst, &fault{order.RefusedType, err.Error()}
	}
	return strconv.AppendInt(dst, m.Units, 10), nil
}

// trim cuts white space of every width at both ends.
func trim(b []byte) []byte {
	for len(b) > 0 {
		n := spaceAt(b)
		if n == 0 {
			break
		}
		b = b[n:]
	}
	for len(b) > 0 {
		switch c := b[len(b)-1]; {
		case c == ' ' || c >= '\t' && c <= '\r':
			b = b[:len(b)-1]
		case c == 0x80 && bytes.HasSuffix(b, ideographicSpace):
			b = b[:len(b)-3]
		case c == 0xA0 && bytes.HasSuffix(b, noBreakSpace):
			b = b[:len(b)-2]
		default:
			return b
		}
	}
	return b
}

var (
	ideographicSpace = []byte("\u3000")
	noBreakSpace     = []byte("\u00A0")
)

func spaceAt(b []byte) int {
	switch c := b[0]; {
	case c == ' ' || c >= '\t' && c <= '\r':
		return 1
	case c == 0xE3 && bytes.HasPrefix(b, ideographicSpace):
		return 3
	case c == 0xC2 && bytes.HasPrefix(b, noBreakSpace):
		return 2
	}
	return 0
}

// unwrap takes off what people put around codes to keep Excel from changing them:
// ="0600001" and a leading apostrophe.
func unwrap(b []byte) []byte {
	if len(b) >= 3 && b[0] == '=' && b[1] == '"' && b[len(b)-1] == '"' {
		return trim(b[2 : len(b)-1])
	}
	if len(b) > 0 && b[0] == '\'' {
		return trim(b[1:])
	}
	return b
}

// narrow folds full-width letters and digits.
func narrow(b []byte) []byte {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return bytes.ReplaceAll(width.Narrow.Bytes(b), []byte("−"), []byte("-"))
		}
	}
	return b
}
