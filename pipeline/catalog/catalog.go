// Package catalog reads what an account's mall sells: the product master, with the
// codes by which products are linked to SKUs and told their stock.
//
// A reading takes what was added or changed since a day; the first day is that of
// the first reading, and each reading that comes to its end moves it on. A reading
// that is cut off goes on where it was. Nothing is linked here: what has no SKU is
// listed, with suggestions, by sku unmapped.
package catalog

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// Options say what to read. The zero value goes on from the last reading.
type Options struct {
	Since order.Date // what was added or changed on this day of the mall's zone or later
	All   bool       // everything; what the mall no longer lists is forgotten
	// Skip is how many products from the beginning are left out.
	Skip int64
}

// Run reads what is new since the last reading.
func Run(ctx context.Context, env *stage.Env, target string) (stage.Report, error) {
	a, ok := env.Workspace.Account(target)
	asked := slices.Contains(env.Asked, target)
	switch {
	case !ok || asked:
	case !a.UsesAPI(): // its listings come by its orders
		return stage.Report{}, nil
	case a.Schedules.Catalog.Off && !env.Named:
		return stage.Report{}, nil
	}
	return Read(ctx, env, target, Options{})
}

// Read reads products of an account.
func Read(ctx context.Context, env *stage.Env, target string, o Options) (stage.Report, error) {
	var rep stage.Report
	a, ok := env.Workspace.Account(target)
	if !ok {
		return rep, order.Errorf(order.NotFound, "look into accounts/", "no account %s", target)
	}
	if !a.Enabled || env.DryRun != nil {
		return rep, nil
	}
	if !a.UsesAPI() {
		return rep, order.Errorf(order.Invalid, "give SKUs by masters/ or sku import", "catalog: %s has no API", a.Name)
	}
	m, err := env.Malls.Open(env, a)
	if err != nil {
		return rep, err
	}
	if !m.Can("catalog") {
		return rep, order.Errorf(order.Invalid, "give SKUs by masters/ or sku import", "catalog: the API of %s lists no products", a.Mall)
	}
	r := &reader{env: env, account: a, mall: m, rep: &rep, skip: o.Skip}
	if err := r.read(ctx, o); err != nil {
		return rep, fmt.Errorf("catalog: %s: %w", a.Name, err)
	}
	return rep, nil
}

type reader struct {
	env     *stage.Env
	account *configs.Account
	id      int64
	mall    *connectors.Mall
	rep     *stage.Report
	skip    int64
	at      place
}

// A place is where a reading stands.
type place struct {
	since    order.Date // empty: everything
	began    time.Time
	position string
}

func (p place) String() string {
	return fmt.Sprintf("%s|%d|%s", p.since, p.began.UnixMilli(), p.position)
}

func placeOf(s string) (p place, ok bool) {
	parts := strings.SplitN(s, "|", 3)
	if len(parts) != 3 || parts[2] == "" {
		return p, false
	}
	ms, err := strconv.ParseInt(parts[1], 10, 64)
	return place{order.Date(parts[0]), time.UnixMilli(ms).UTC(), parts[2]}, err == nil
}

// begin finds out from where to read.
func (r *reader) begin(ctx context.Context, o Options) error {
	now := r.env.Now()
	r.at = place{since: o.Since, began: now}
	was, _, err := r.env.Ledger.Mark(ctx, r.id, ledger.MarkCatalogAt)
	if err != nil {
		return err
	}
	chosen := o.All || o.Since != ""
	if p, cut := placeOf(was); cut && o.Skip == 0 && (!chosen || o.All == (p.since == "") && o.Since == p.since) {
		r.at = p
		r.rep.Notef("%s: the reading that was cut off goes on", r.account.Name)
		return nil
	}
	if chosen {
		return nil
	}
	since, _, err := r.env.Ledger.Mark(ctx, r.id, ledger.MarkCatalogFrom)
	if err != nil {
		return err
	}
	if r.at.since = order.Date(since); since == "" {
		r.at.since = order.DateOf(now.In(r.account.Location))
		r.rep.Notef("%s: this is the first reading: products added or changed since %s; catalog read --all reads everything", r.account.Name, r.at.since)
	}
	return nil
}

func (r *reader) read(ctx context.Context, o Options) (err error) {
	if r.id, _, err = r.env.Ledger.Account(ctx, r.account.Name, r.env.Now()); err != nil {
		return err
	}
	if err := r.begin(ctx, o); err != nil {
		return err
	}
	for page, err := range r.mall.Catalog(ctx, connectors.CatalogFrom{Since: r.at.since, Position: r.at.position}) {
		if err != nil {
			return err
		}
		if err := r.page(ctx, page, o.Skip == 0); err != nil {
			return err
		}
	}
	return r.done(ctx, o)
}

// page stores the products of one page, and then where the next one is.
func (r *reader) page(ctx context.Context, page connectors.Page, resumable bool) error {
	parsed, err := r.mall.Parse(page)
	if err != nil {
		return err
	}
	for _, x := range parsed.Refused {
		r.rep.Waiting++
		r.rep.Notef("%s: a product cannot be read: %s: %s %q", r.account.Name, x.Record, x.Detail, x.Value)
	}
	r.rep.Add("refused products", int64(len(parsed.Refused)))
	for _, k := range page.Missing {
		r.rep.Notef("%s: the mall lists product %s and does not give it", r.account.Name, k)
	}
	products := parsed.Products
	if n := min(r.skip, int64(len(products))); n > 0 {
		r.skip -= n
		products = products[n:]
	}
	if err := r.store(ctx, products); err != nil {
		return err
	}
	if !resumable || page.Next == "" || page.Next == r.at.position {
		return nil
	}
	r.at.position = page.Next
	return r.env.Ledger.SetMark(ctx, r.id, ledger.MarkCatalogAt, r.at.String(), r.env.Now())
}

func (r *reader) store(ctx context.Context, products []connectors.Product) error {
	now := r.env.Now()
	ps := make([]ledger.Product, 0, len(products))
	var ls []ledger.Listing
	for i := range products {
		x := &products[i]
		key := ledger.ProductKey(&x.Codes)
		if key == "" {
			r.rep.Waiting++
			r.rep.Notef("%s: product %q has no code at all", r.account.Name, x.Name)
			continue
		}
		ps = append(ps, ledger.Product{
			Key: key, Codes: x.Codes, Name: x.Name, Option: x.Option, Category: x.Category, Price: x.Price, OnSale: x.OnSale, Changed: x.Changed.UTC,
		})
		line := order.Line{Codes: x.Codes, Name: x.Name, Option: x.Option}
		_, code, linked := r.env.Workspace.SKUs.Match(r.account.Name, r.account.Mall, r.account.SKUFrom, &line, "")
		if code == "" {
			r.rep.Add("products without code", 1)
			continue
		}
		if !linked {
			r.rep.Add("products without SKU", 1)
		}
		ls = append(ls, ledger.Listing{Code: code, Name: x.Name, Option: x.Option, Barcode: x.Codes.Barcode, Linked: linked})
	}
	if len(ps) == 0 {
		return nil
	}
	changed, err := r.env.Ledger.PutProducts(ctx, r.id, ps, now)
	if err != nil {
		return err
	}
	r.rep.Add("products read", int64(len(ps)))
	r.env.At("products read", "", r.rep.Counts["products read"], 0)
	r.rep.Add("products new or changed", changed)
	return r.env.Ledger.PutListings(ctx, r.id, ls, now)
}

// indexLag is how many days a mall's list may be behind what was changed.
const indexLag = 1

// done notes that a reading came to its end, and from which day the next one reads.
func (r *reader) done(ctx context.Context, o Options) error {
	now := r.env.Now()
	if r.at.since == "" && o.Skip == 0 {
		gone, err := r.env.Ledger.RemoveProducts(ctx, r.id, r.at.began)
		if err != nil {
			return err
		}
		r.rep.Add("products gone", gone)
	}
	next := order.DateOf(r.at.began.In(r.account.Location)).AddDays(-indexLag)
	if err := r.env.Ledger.SetMark(ctx, r.id, ledger.MarkCatalogFrom, string(next), now); err != nil {
		return err
	}
	if err := r.env.Ledger.SetMark(ctx, r.id, ledger.MarkCatalogAt, "", now); err != nil {
		return err
	}
	return r.env.Ledger.SetMark(ctx, r.id, ledger.MarkCatalogDone, fmt.Sprint(r.rep.Counts["products read"]), now)
}
