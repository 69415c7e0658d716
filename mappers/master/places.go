package master

import (
	"errors"
	"fmt"
	"io"
)

// Places returns at which column of the table, from 1, each of its known columns
// stands. Faults of the header are those that [Read] finds.
func Places(r io.Reader, name string, o Options) (map[string]int, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	g, err := open(data, name, &o)
	if err != nil {
		return nil, err
	}
	line, cells, _, err := g.next()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t := &table{name: name, columns: o.Columns}
	t.header(line, cells)
	out := map[string]int{}
	for i, c := range t.columns {
		if i < len(t.at) && t.at[i] >= 0 {
			out[c.Name] = t.at[i] + 1
		}
	}
	return out, nil
}
