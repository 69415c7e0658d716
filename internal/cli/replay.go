package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A replayed sheet is what reading it again would give.
type replayed struct {
	File      string   `json:"file"`
	Account   string   `json:"account"`
	Received  string   `json:"received"`
	Rows      int64    `json:"rows"`
	Taken     int64    `json:"taken"`
	Refused   int64    `json:"refused"`
	Orders    int64    `json:"orders"`
	Missing   []string `json:"missing"`   // read now, not in the ledger
	Different []string `json:"different"` // rows that end otherwise than they did
	Error     string   `json:"error,omitempty"`
	Purged    string   `json:"purged,omitempty"` // since when its bytes are gone; the counts are those of then
}

func (a *app) replayCmd() *cobra.Command {
	var day string
	c := &cobra.Command{
		Use:   "replay --day DAY",
		Short: "Read the sheets and replies of a day again from the archive and compare with the ledger",
		Long: `Replay reads every order sheet and every reply of a mall that came on a day again,
from the bytes that were kept, with the formats of today, and says where the result
differs from what the ledger has. It changes nothing and asks nobody.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.with(c, func(env *stage.Env) error {
				from, to, err := span(env.Workspace, day, a.now())
				if err != nil {
					return err
				}
				out, err := a.replay(c.Context(), env, from, to)
				if err != nil {
					return err
				}
				if a.json {
					err = a.print(out)
				}
				bad := false
				for _, r := range out {
					bad = bad || len(r.Missing)+len(r.Different) > 0 || r.Error != ""
					if a.json {
						continue
					}
					if r.Purged != "" {
						a.line("%s  %s: it was purged on %s and cannot be read again", r.Account, r.File, r.Purged)
						continue
					}
					fmt.Fprintf(a.out, "%s  %s: %d rows, %d taken, %d refused, %d orders\n", r.Account, r.File, r.Rows, r.Taken, r.Refused, r.Orders)
					for _, d := range append(r.Different, r.Missing...) {
						fmt.Fprintf(a.out, "  %s\n", d)
					}
					if r.Error != "" {
						fmt.Fprintf(a.out, "  %s\n", r.Error)
					}
				}
				if err == nil && bad {
					return exit(Waiting)
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&day, "day", "", "the day, 2026-11-22, in the workspace's zone (default: all days)")
	return a.jsonFlag(c)
}

func (a *app) replay(ctx context.Context, env *stage.Env, from, to time.Time) ([]replayed, error) {
	sheets, err := env.Ledger.FilesBetween(ctx, ledger.FileOrders, from, to)
	if err != nil {
		return nil, err
	}
	replies, err := env.Ledger.FilesBetween(ctx, ledger.FilePages, from, to)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mallbridge-replay-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := []replayed{}
	for _, f := range sheets {
		if f.DuplicateOf != 0 {
			continue
		}
		if !f.PurgedAt.IsZero() {
			out = append(out, purgedFile(env, f))
			continue
		}
		r, err := a.replayFile(ctx, env, f, dir)
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	for _, f := range replies {
		if !f.PurgedAt.IsZero() {
			out = append(out, purgedFile(env, f))
			continue
		}
		r, err := replayReplies(ctx, env, f)
		if err != nil {
			return out, fmt.Errorf("replay %s: %w", f.Name, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// purgedFile stands for a file that can no longer be read.
func purgedFile(env *stage.Env, f ledger.File) replayed {
	return replayed{
		File: f.Name, Account: f.Owner, Received: local(env.Workspace, f.ReceivedAt), Purged: local(env.Workspace, f.PurgedAt),
		Rows: f.Rows, Taken: f.Taken, Refused: f.Refused,
	}
}

// replayReplies parses kept replies of a mall again.
func replayReplies(ctx context.Context, env *stage.Env, f ledger.File) (replayed, error) {
	r := replayed{File: f.Name, Account: f.Owner, Received: local(env.Workspace, f.ReceivedAt)}
	acc, ok := env.Workspace.Account(f.Owner)
	if !ok || acc.API == nil {
		r.Error = "the account is no longer configured"
		return r, nil
	}
	m, err := env.Malls.Open(env, acc)
	if err != nil {
		return r, err
	}
	raw, err := files.Kept(ctx, env, &f)
	if err != nil {
		return r, err
	}
	defer raw.Close()
	var bad error
	err = connectors.ReadPages(raw, func(p connectors.Page) bool {
		var parsed connectors.Parsed
		if parsed, bad = m.Parse(p); bad != nil {
			return false
		}
		r.Orders += int64(len(parsed.Orders))
		r.Refused += int64(len(parsed.Refused))
		r.Taken += int64(len(parsed.Orders) + len(parsed.Claims))
		for i := range parsed.Orders {
			var rows []ledger.Row
			if rows, bad = env.Ledger.OrdersByNumber(ctx, parsed.Orders[i].Number, acc.Name); bad != nil {
				return false
			}
			if len(rows) == 0 {
				r.Missing = append(r.Missing, fmt.Sprintf("order %s is not in the ledger", parsed.Orders[i].Number))
			}
		}
		return true
	})
	r.Rows = r.Taken + r.Refused
	if bad != nil && f.State == ledger.FileRefused {
		return r, err
	}
	if f.State == ledger.FileDone && (r.Taken != f.Taken || r.Refused != f.Refused) {
		r.Different = append(r.Different, fmt.Sprintf("%d taken and %d refused then, %d and %d now", f.Taken, f.Refused, r.Taken, r.Refused))
	}
	return r, errors.Join(err, bad)
}

func (a *app) replayFile(ctx context.Context, env *stage.Env, f ledger.File, dir string) (replayed, error) {
	r := replayed{File: f.Name, Account: f.Owner, Received: local(env.Workspace, f.ReceivedAt)}
	acc, ok := env.Workspace.Account(f.Owner)
	if !ok {
		r.Error = "the account is no longer configured"
		return r, nil
	}
	quiet := *env
	ws := *env.Workspace
	ws.Settings.Rejected = filepath.Join(dir, "rejected")
	quiet.Workspace = &ws
	password := ""
	if acc.Intake.Password != "" {
		s, err := env.Secrets.Resolve(acc.Intake.Password)
		if err != nil {
			return r, err
		}
		password = s.Reveal()
	}
	reading := files.Reading{
		Env: &quiet, File: f, Formats: acc.Intake.Formats, Charset: acc.Intake.Charset, Password: password,
		Place: format.Place{Country: acc.Country, Currency: acc.Currency, Zone: acc.Location},
		Take: func(g format.Group) error {
			r.Orders++
			o, err := record.Order(acc.Name, g.Records)
			if err != nil {
				return err
			}
			rows, err := env.Ledger.OrdersByNumber(ctx, o.Number, acc.Name)
			if err == nil && len(rows) == 0 {
				r.Missing = append(r.Missing, fmt.Sprintf("order %s (line %d) is not in the ledger", o.Number, g.Rows[0].Line))
			}
			return err
		},
	}
	res, err := reading.Run(ctx)
	var bad *format.FileError
	if errors.As(err, &bad) {
		r.Error = bad.Error()
		if f.State == ledger.FileRefused {
			r.Error = "" // as it was
		}
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("replay %s: %w", f.Name, err)
	}
	r.Rows, r.Taken, r.Refused = res.Stats.Rows, res.Stats.Taken, res.Stats.Refused
	if f.State == ledger.FileDone {
		for _, d := range []struct {
			what    string
			was, is int64
		}{{"rows", f.Rows, r.Rows}, {"taken rows", f.Taken, r.Taken}, {"filtered rows", f.Filtered, res.Stats.Filtered}, {"refused rows", f.Refused, r.Refused}} {
			if d.was != d.is {
				r.Different = append(r.Different, fmt.Sprintf("%s: %d then, %d now", d.what, d.was, d.is))
			}
		}
	} else if f.State == ledger.FileRefused {
		r.Different = append(r.Different, "the sheet was refused then and can be read now; drop it again: "+string(order.RefusedFile))
	}
	return r, nil
}
