// Package intake keeps and stores what a mall's API says of its orders: the replies
// as they came, then the orders and claims in them. The stage extract takes orders in
// by it; instruct asks by it whether orders of a file were cancelled, and reconcile
// whether the ledger has what the mall has.
package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

var (
	atKept = fault.Point("extract.kept")
	atRead = fault.Point("extract.read")
	atDone = fault.Point("extract.finished")
)

// FeedClaims is the feed of the windows of claims in the ledger.
const FeedClaims = "claims"

// MaxRefusals is how many refused rows of one file the ledger keeps; all are in
// the file of refused rows.
const MaxRefusals = 20_000

// MaxShown is how many refused rows of one file a report shows.
const MaxShown = 5

// Batch is how many orders are confirmed or read again in one go.
const Batch = 200

// A Reader reads from one account's mall. It is for one run of a stage.
type Reader struct {
	Env     *stage.Env
	Account *configs.Account
	ID      int64 // of the account in the ledger
	Rep     *stage.Report
	Mall    *connectors.Mall
	Since   time.Time // orders placed before are not wanted
	// Note is told of the orders in a file of replies before the file is finished, so
	// that a crash cannot lie between. It may be told twice. Nil: nobody is.
	Note func(ctx context.Context, numbers map[string]bool) error

	confirms map[string]bool // statuses in which an order waits for its confirmation
	last     bool            // an order that does not come now will not come
	kept     map[int64]bool  // files of replies
}

// Open opens the mall of an account. It calls nobody.
func Open(ctx context.Context, env *stage.Env, x *configs.Account, rep *stage.Report) (*Reader, error) {
	id, registered, err := env.Ledger.Account(ctx, x.Name, env.Now())
	if err != nil {
		return nil, err
	}
	m, err := env.Malls.Open(env, x)
	if err != nil {
		return nil, err
	}
	r := &Reader{Env: env, Account: x, ID: id, Rep: rep, Mall: m, confirms: map[string]bool{}, kept: map[int64]bool{}}
	for _, s := range m.About().Confirms {
		r.confirms[s] = true
	}
	first := order.DateOf(registered.In(x.Location))
	if r.Since, err = time.ParseInLocation(time.DateOnly, string(x.Since(env.Now(), first)), x.Location); err != nil {
		return nil, err
	}
	return r, nil
}

// Confirms reports whether an order in that status waits for its confirmation.
func (r *Reader) Confirms(status string) bool { return r.confirms[status] }

// Kept returns the ids of the files in which the replies of this run are kept.
func (r *Reader) Kept() map[int64]bool { return r.kept }

// Claims reads what buyers asked for, and the orders it is about again.
func (r *Reader) Claims(ctx context.Context) error {
	if !r.Mall.Can("claims") {
		return nil
	}
	until, _, err := r.Env.Ledger.ReadUntil(ctx, r.ID, FeedClaims)
	if err != nil {
		return err
	}
	touched := map[string]bool{}
	for _, w := range r.Mall.ClaimReads(r.Env.Now(), r.Since, until) {
		got, err := r.Read(ctx, "claims", "claims "+w.In(r.Account.Location).String(), r.Mall.Claims(ctx, w))
		if err != nil {
			return fmt.Errorf("claims %s: %w", w.In(r.Account.Location), err)
		}
		for _, n := range got.Touched {
			touched[n] = true
		}
		if err := r.Env.Ledger.Covered(ctx, r.ID, FeedClaims, w.From, w.To, r.Env.Now()); err != nil {
			return err
		}
	}
	r.Rep.Add("claims", int64(len(touched)))
	return r.Again(ctx, slices.Sorted(maps.Keys(touched)))
}

// Again reads single orders again. Those that the mall no longer gives are
// cancelled, as far as they are known.
func (r *Reader) Again(ctx context.Context, numbers []string) error {
	if len(numbers) == 0 || !r.Mall.Can("reread") {
		return nil
	}
	r.last = true
	defer func() { r.last = false }()
	for part := range slices.Chunk(numbers, Batch) {
		asked := r.Env.Now()
		got, err := r.Read(ctx, "orders", fmt.Sprintf("again, %d orders", len(part)), r.Mall.Reread(ctx, part))
		if err != nil {
			return fmt.Errorf("read %d orders again: %w", len(part), err)
		}
		if err := r.vanish(ctx, got.Missing, asked); err != nil {
			return err
		}
	}
	return nil
}

// vanish gives orders that the mall no longer has the mall's status for cancelled
// ones.
func (r *Reader) vanish(ctx context.Context, numbers []string, asked time.Time) error {
	i := slices.IndexFunc(r.Mall.About().Statuses, func(s connectors.Status) bool { return s.Class == "cancelled" })
	if len(numbers) == 0 || i < 0 {
		return nil
	}
	known, err := r.Env.Ledger.Known(ctx, r.Account.Name, numbers)
	if err != nil || len(known) == 0 {
		return err
	}
	in := make([]ledger.Intake, len(known))
	for j, o := range known {
		o.Status, o.SubStatus = r.Mall.About().Statuses[i].Code, ""
		in[j] = ledger.Intake{Order: o, Row: int64(j + 1), Recipient: Recipient(o)}
	}
	now := r.Env.Now()
	n, err := r.Env.Ledger.PutReplies(ctx, r.ID, 0, in, ledger.Asked{At: asked, Now: now}, now)
	r.Rep.Add("changed orders", n.Changed)
	r.Rep.Add("vanished orders", n.Changed)
	return err
}

// unknown returns those of the numbers that the ledger has no order for.
func (r *Reader) unknown(ctx context.Context, numbers []string) ([]string, error) {
	known, err := r.Env.Ledger.Known(ctx, r.Account.Name, numbers)
	return slices.DeleteFunc(slices.Clone(numbers), func(n string) bool {
		return slices.ContainsFunc(known, func(o *order.Order) bool { return o.Number == n })
	}), err
}

// Got is what came of one read.
type Got struct {
	Numbers map[string]bool // of the orders that came
	Missing []string        // that a list named and the mall did not give
	Touched []string        // known orders whose claims changed
	New     int64           // orders that the ledger did not have
	Shown   []ledger.Shown  // parcels that the mall shows
}

// Read keeps the replies of one read as they came, then stores what is in them. If
// the read broke off, what came before is stored all the same, and the error is
// returned.
func (r *Reader) Read(ctx context.Context, what, name string, pages iter.Seq2[connectors.Page, error]) (Got, error) {
	f, missing, err := r.keep(ctx, what, name, pages)
	if f.ID == 0 {
		return Got{Missing: missing}, err
	}
	fault.At(atKept)
	r.kept[f.ID] = true
	g, e := r.Pages(ctx, f)
	g.Missing = missing
	return g, errors.Join(err, e)
}

// keep writes pages into one file of the archive. A read without records leaves
// none.
func (r *Reader) keep(ctx context.Context, what, name string, pages iter.Seq2[connectors.Page, error]) (f ledger.File, missing []string, err error) {
	raw, err := os.CreateTemp("", "mallbridge-pages-*")
	if err != nil {
		return f, nil, err
	}
	defer os.Remove(raw.Name())
	defer raw.Close()
	some := false
	asked := r.Env.Now()
	var broke error
	r.Env.At("pages read", name, 0, 0)
	n := int64(0)
	for p, err := range pages {
		if err != nil {
			broke = err
			break
		}
		n++
		r.Env.At("pages read", name, n, 0)
		missing = append(missing, p.Missing...)
		if len(p.Keys) == 0 && len(p.Missing) == 0 {
			continue
		}
		some = true
		if err := connectors.WritePage(raw, p); err != nil {
			return f, nil, err
		}
	}
	if !some {
		return f, missing, broke
	}
	if _, err := raw.Seek(0, io.SeekStart); err != nil {
		return f, nil, err
	}
	f, err = files.Keep(ctx, r.Env, ledger.FilePages, r.Account.Name, r.Account.Mall+" "+what+" "+files.Stamp(r.Env.Now())+".pages.gz", asked, raw)
	if err != nil {
		return f, nil, err
	}
	f.Message = name
	return f, missing, broke
}

// Pages stores what a file of kept replies holds and finishes its record. It may
// be called again after a crash.
func (r *Reader) Pages(ctx context.Context, f ledger.File) (Got, error) {
	g := Got{Numbers: map[string]bool{}}
	raw, err := files.Kept(ctx, r.Env, &f)
	if err != nil {
		return g, err
	}
	defer raw.Close()
	claimed, err := r.Env.Ledger.OpenClaims(ctx, r.ID) // now: another stage may have stored one since
	if err != nil {
		return g, err
	}
	st := NewStore(ctx, r.Env, r.ID, f)
	var refused []ledger.Refusal
	var claims []ledger.BuyerClaim
	var confirm []string
	var shown []ledger.Shown
	row := int64(0)
	one := func(p connectors.Page) error {
		parsed, err := r.Mall.Parse(p)
		if err != nil {
			return err
		}
		r.Env.At("orders stored", f.Message, row+int64(len(parsed.Orders)), 0)
		for i := range parsed.Orders {
			o := &parsed.Orders[i]
			row++
			if o.Currency == "" {
				o.Currency = r.Account.Currency
			}
			g.Numbers[o.Number] = true
			if claimed[o.Number] && !slices.Contains(o.Flags, order.FlagClaim) {
				o.Flags = append(o.Flags, order.FlagClaim)
			}
			if r.confirms[o.Status] {
				confirm = append(confirm, o.Number)
			}
			if err := st.Add(o, row); err != nil {
				return err
			}
		}
		if r.last {
			gone, err := r.unknown(ctx, p.Missing)
			if err != nil {
				return err
			}
			for _, n := range gone {
				parsed.Refused = append(parsed.Refused, connectors.Refusal{Order: n, Reason: order.RefusedGone, Detail: "the mall lists the order and does not give it"})
			}
		}
		for _, r := range parsed.Refused {
			row++
			refused = append(refused, ledger.Refusal{Line: row, Order: r.Order, Field: r.Field, Value: r.Value, Reason: r.Reason, Detail: strings.TrimPrefix(r.Record+": "+r.Detail, ": ")})
		}
		for _, s := range parsed.Shown {
			shown = append(shown, ledger.Shown{Order: s.Order, Package: s.Package, Carrier: s.Carrier, Tracking: s.Tracking, Lines: s.Lines})
		}
		for _, c := range parsed.Claims {
			row++
			claims = append(claims, ledger.BuyerClaim{
				Key: c.Key, Kind: string(c.Kind), State: string(c.State), Order: c.Order, Package: c.Package, Line: c.Line, Quantity: c.Quantity, Reason: c.Reason, At: c.At.UTC,
			})
		}
		return nil
	}
	var bad error
	err = connectors.ReadPages(raw, func(p connectors.Page) bool { bad = one(p); return bad == nil })
	counts, stored := st.Close()
	if err := errors.Join(err, stored); err != nil {
		return g, err
	}
	if bad != nil {
		f.State, f.Message = ledger.FileRefused, bad.Error()
		return g, errors.Join(bad, r.Env.Ledger.FinishFile(ctx, f, r.Env.Now()))
	}
	if r.Account.AutoConfirmation && r.Mall.Can("confirm") {
		if err := r.Env.Ledger.WantConfirm(ctx, r.ID, confirm, r.Env.Now()); err != nil {
			return g, err
		}
	}
	if g.Touched, err = r.Env.Ledger.PutClaims(ctx, r.ID, claims, ledger.Asked{At: f.AskedAt, Now: r.Env.Now()}); err != nil {
		return g, err
	}
	g.Shown = shown
	proven, err := r.Env.Ledger.Prove(ctx, r.ID, shown, r.Env.Now())
	if err != nil {
		return g, err
	}
	r.Rep.Add("parcels proven", proven)
	f.Rows, f.Taken, f.Refused = row, row-int64(len(refused)), int64(len(refused))
	if f.OrdersRefused, err = r.refuse(ctx, f, refused); err != nil {
		return g, err
	}
	if r.Note != nil {
		if err := r.Note(ctx, g.Numbers); err != nil {
			return g, err
		}
	}
	fault.At(atRead)
	f.State, f.Format = ledger.FileDone, r.Account.Mall
	g.New = counts.New
	r.Rep.Add("replies", 1)
	r.Rep.Add("new orders", counts.New)
	r.Rep.Add("changed orders", counts.Changed)
	r.Rep.Add("known orders", counts.Same)
	r.Rep.Add("orders known newer", counts.Newer)
	err = r.Env.Ledger.FinishFile(ctx, f, r.Env.Now())
	fault.At(atDone)
	return g, err
}

// refuse stores what was refused and tells people of what is new; it returns how
// many orders that is.
func (r *Reader) refuse(ctx context.Context, f ledger.File, refused []ledger.Refusal) (int64, error) {
	if len(refused) == 0 {
		return 0, nil
	}
	before, err := r.Env.Ledger.RefusedBefore(ctx, r.Account.Name, f.ID)
	if err != nil {
		return 0, err
	}
	fresh, shown := int64(0), 0
	for _, x := range refused {
		key := x.Order
		if key == "" {
			key = x.Detail
		}
		if before[key] {
			continue
		}
		before[key] = true
		fresh++
		if shown++; shown <= MaxShown {
			r.Rep.Notef("%s: order %s was refused: %s", r.Account.Name, x.Order, strings.TrimPrefix(fmt.Sprintf("%s %q: %s", x.Field, x.Value, x.Detail), ` "": `))
		}
	}
	r.Rep.Waiting += fresh
	r.Rep.Add("refused orders", fresh)
	return fresh, r.Env.Ledger.PutRefusals(ctx, f.ID, refused[:min(len(refused), MaxRefusals)])
}
