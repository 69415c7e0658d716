package workbook

import "strconv"

// maxStyles is more than any spreadsheet program writes.
const maxStyles = 1 << 16

// readStyles returns what the number format of each cell style means. Styles
// beyond the end of the slice have the general format.
func readStyles(c *container, name string) ([]numberFormat, error) {
	x, err := c.openXML(name)
	if err != nil {
		return nil, err
	}
	defer x.part.Close()
	formats := map[int]numberFormat{}
	var styles []numberFormat
	inCells := false
	err = x.each(func(tag []byte) error {
		switch string(tag) {
		case "numFmt":
			id, code := numFmt(x)
			if len(formats) == maxStyles {
				return &LimitError{"number formats", maxStyles}
			}
			formats[id] = parseFormat(code)
		case "cellXfs":
			inCells = true
		case "cellStyleXfs", "cellStyles", "dxfs":
			inCells = false
		case "xf":
			if !inCells {
				return nil
			}
			if len(styles) == maxStyles {
				return &LimitError{"cell styles", maxStyles}
			}
			v, _ := x.attr("numFmtId")
			id, _ := strconv.Atoi(v)
			f, ok := formats[id]
			if !ok {
				f = builtinFormat(id)
			}
			styles = append(styles, f)
		}
		return nil
	})
	return styles, err
}

func numFmt(x *xmlPart) (id int, code string) {
	v, _ := x.attr("numFmtId")
	id, err := strconv.Atoi(v)
	if err != nil {
		id = -1
	}
	code, _ = x.attr("formatCode")
	return id, code
}
