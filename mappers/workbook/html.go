package workbook

import "io"

func openHTML(io.ReaderAt, int64, Options) (*Reader, error) {
	return nil, &KindError{Kind: HTML, Hint: "open it in a spreadsheet program and save it as .xlsx"}
}
