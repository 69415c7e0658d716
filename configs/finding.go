package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/order"
)

// A Finding is one thing that is wrong or doubtful in a workspace.
type Finding struct {
	File    string // path from the workspace, with slashes
	Line    int    // from 1; 0 where the file as a whole is meant
	Column  int    // from 1: characters, in masters the table's columns; 0 where the line as a whole is meant
	Name    string // column name of a master, or empty
	Message string
	Hint    string // what to do, or empty
	Warning bool   // it runs, but look at it

	noAccount bool // rows of a master are for an account that does not exist
}

// String gives file:line:column: message, and the hint on a line of its own.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.Place())
	b.WriteString(": ")
	if f.Warning {
		b.WriteString("warning: ")
	}
	if f.Name != "" {
		b.WriteString(f.Name + ": ")
	}
	b.WriteString(f.Message)
	if f.Hint != "" {
		b.WriteString("\n\thint: " + f.Hint)
	}
	return b.String()
}

// Place gives file:line:column as far as they are known.
func (f Finding) Place() string {
	switch {
	case f.Line == 0:
		return f.File
	case f.Column == 0:
		return fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
}

// In returns the finding with its message and hint as say says them, in another language.
func (f Finding) In(say func(text string) string) Finding {
	f.Message, f.Hint = say(f.Message), say(f.Hint)
	return f
}

// Findings are everything that was found, sorted by file, line and column.
type Findings []Finding

// In returns the findings with their texts as say says them, in another language.
func (fs Findings) In(say func(text string) string) Findings {
	out := slices.Clone(fs)
	for i := range out {
		out[i] = out[i].In(say)
	}
	return out
}

// NoAccountOnly reports whether all errors are rows of masters for accounts that do not
// exist: an account may be added all the same, perhaps the one that they name.
func (fs Findings) NoAccountOnly() bool {
	return !slices.ContainsFunc(fs, func(f Finding) bool { return !f.Warning && !f.noAccount })
}

// Errors counts the findings that keep the workspace from running.
func (fs Findings) Errors() int {
	n := 0
	for _, f := range fs {
		if !f.Warning {
			n++
		}
	}
	return n
}

// Err returns an error with code Invalid that names all errors, or nil if there
// are only warnings.
func (fs Findings) Err() error {
	if fs.Errors() == 0 {
		return nil
	}
	var lines []string
	for _, f := range fs {
		if !f.Warning {
			lines = append(lines, f.String())
		}
	}
	return &order.Error{Code: order.Invalid, Message: strings.Join(lines, "\n"), Hint: "run check after each change; it shows all findings at once"}
}

// String gives one finding after the other.
func (fs Findings) String() string {
	var b strings.Builder
	for _, f := range fs {
		b.WriteString(f.String())
		b.WriteByte('\n')
	}
	return b.String()
}

func (fs Findings) sort() {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(fileRank(a.File), fileRank(b.File)), cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
	})
}

// fileRank lets mallbridge.yaml come first, then folders as they stand in the
// documentation.
func fileRank(file string) int {
	for i, prefix := range []string{SettingsFile, "accounts/", "warehouses/", "formats/", "masters/", "rules.yaml"} {
		if strings.HasPrefix(file, prefix) {
			return i
		}
	}
	return 9
}
