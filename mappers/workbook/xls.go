package workbook

import "io"

func openXLS(io.ReaderAt, int64, Options) (*Reader, error) {
	return nil, &KindError{Kind: XLS, Hint: "open it in a spreadsheet program and save it as .xlsx"}
}
