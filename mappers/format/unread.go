package format

// Unread lists the titles of the file's header that no column of the format reads,
// in their order. It is empty for files without a header.
func (f *Format) Unread(src Source, o ReadOptions) ([]string, error) {
	op, err := f.open(src, &o)
	if err != nil {
		return nil, err
	}
	read := map[int]bool{}
	for i, at := range op.pos {
		if at >= 0 && f.columnUsed(i) {
			read[at] = true
		}
	}
	var out []string
	for i, title := range op.header {
		if title != "" && !read[i] {
			out = append(out, title)
		}
	}
	return out, nil
}
