package extract

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A Seen is what would be read of a sheet.
type Seen struct {
	Format  *format.Format
	Charset string
	Stats   format.Stats
	Count   int              // orders that would be taken
	Orders  []*order.Order   // the first of them
	Refused []format.Refusal // the first rows that would be refused
	Unread  []string         // columns that nothing is made of
}

// previewed is how many orders and refused rows a preview has.
const previewed = 20

// Password is by what an account's protected workbooks open: what a person gave, else
// what the account says.
func Password(env *stage.Env, target, given string) (string, error) {
	a, ok := env.Workspace.Account(target)
	if !ok || given != "" || a.Intake.Password == "" {
		return given, nil
	}
	s, err := env.Secrets.Resolve(a.Intake.Password)
	return s.Reveal(), err
}

// Preview reads a sheet as [Ingest] would and stores nothing. A [*format.FileError]
// says why no format can read it.
func Preview(ctx context.Context, env *stage.Env, target, path, password string) (*Seen, error) {
	a, ok := env.Workspace.Account(target)
	if !ok {
		return nil, order.Errorf(order.NotFound, "look into accounts/", "no account %s", target)
	}
	password, err := Password(env, target, password)
	if err != nil {
		return nil, err
	}
	o := format.ReadOptions{Password: password, Place: format.Place{Country: a.Country, Currency: a.Currency, Zone: a.Location}}
	if a.Intake.Charset != "" {
		cs, err := charset.Lookup(a.Intake.Charset)
		if err != nil {
			return nil, err
		}
		o.Charset = cs
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	src := format.Source{Name: filepath.Base(path), R: in, Size: info.Size()}
	var set format.Set
	for _, name := range a.Intake.Formats {
		f, err := files.Format(env, name)
		if err != nil {
			return nil, err
		}
		set.Add(f)
		if is := f.Half(src); is != format.NoHalf {
			return nil, (&half{file: local([]string{path})[0], is: is}).refuse(a)
		}
	}
	f, err := set.Recognise(src, o, a.Intake.Formats...)
	if err != nil {
		return nil, err
	}
	s := &Seen{Format: f, Charset: f.Charset().Name()}
	if o.Charset != nil {
		s.Charset = o.Charset.Name()
	}
	o.Refuse = func(r format.Refusal) {
		if len(s.Refused) < previewed {
			s.Refused = append(s.Refused, r)
		}
	}
	if s.Stats, err = f.Read(ctx, src, o, func(g format.Group) error {
		if s.Count++; s.Count > previewed {
			return nil
		}
		one, err := record.Order(a.Name, g.Records)
		if err != nil {
			return fmt.Errorf("line %d: %w", g.Rows[0].Line, err)
		}
		s.Orders = append(s.Orders, one)
		return nil
	}); err != nil {
		return nil, err
	}
	o.Refuse = nil
	s.Unread, err = f.Unread(src, o)
	var bad *format.FileError
	if errors.As(err, &bad) {
		err = nil
	}
	return s, err
}
