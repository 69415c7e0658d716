// Package rakuten connects Rakuten Ichiba shops by RMS WEB SERVICE: orders,
// confirmation, shipping reports, stock and products.
//
// A window is over the time at which orders were placed. RMS cannot be asked what
// changed since, so orders still before shipping are read again in every run
// (Open). Orders are listed by searchOrder and read by getOrder, 100 at a time, of
// which the stored pages consist; card data is taken out of them.
//
// An order's number is RMS's; a package's key is its basketId, a line's its
// itemDetailId. Codes are as in the order CSV: ItemID 商品管理番号, ItemCode 商品番号,
// OptionCode SKU管理番号, SKUCode システム連携用SKU番号.
package rakuten

import (
	"context"
	_ "embed"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

//go:embed about.yaml
var about []byte

// Spec is the mall.
var Spec = connectors.Spec{Name: "rakuten", About: connectors.Described(about), New: New, Scrub: scrub}

// Driver speaks to one shop.
type Driver struct {
	account connectors.Account
	client  client
	version int
	open    lostReports
}

var (
	_ connectors.Opener      = (*Driver)(nil)
	_ connectors.Rereader    = (*Driver)(nil)
	_ connectors.Confirmer   = (*Driver)(nil)
	_ connectors.Shipper     = (*Driver)(nil)
	_ connectors.ShipChecker = (*Driver)(nil)
	_ connectors.Stocker     = (*Driver)(nil)
	_ connectors.Cataloger   = (*Driver)(nil)
	_ connectors.Expirer     = (*Driver)(nil)
	_ connectors.Tester      = (*Driver)(nil)
)

// New makes the driver of an account.
func New(a connectors.Account, c *connectors.Client) (connectors.Driver, error) {
	version, err := strconv.Atoi(a.Settings["order_version"])
	if err != nil {
		return nil, fmt.Errorf("order_version: %w", err)
	}
	return &Driver{account: a, client: client{c, a.Secret}, version: version}, nil
}

// Limits of the order API.
const (
	searchPage   = 1000
	searchMost   = 15_000 // further numbers cannot be reached
	ordersOfCall = 100
	rowsOfBasket = 20
	relists      = 3
)

// Orders yields all orders placed in w.
func (d *Driver) Orders(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return d.read(ctx, w, nil)
}

// Open yields the orders placed in w whose status is before 発送済, with pending
// changes and cancels.
func (d *Driver) Open(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return d.read(ctx, w, []int{100, 200, 300, 400, 800})
}

// Reread yields single orders.
func (d *Driver) Reread(ctx context.Context, numbers []string) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) { d.get(ctx, connectors.Distinct(numbers), yield) }
}

func (d *Driver) read(ctx context.Context, w connectors.Window, progress []int) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		numbers, err := d.list(ctx, w, progress)
		if err != nil {
			yield(connectors.Page{}, err)
			return
		}
		d.get(ctx, numbers, yield)
	}
}

// get reads orders by number.
func (d *Driver) get(ctx context.Context, numbers []string, yield func(connectors.Page, error) bool) {
	for from := 0; from < len(numbers); from += ordersOfCall {
		part := numbers[from:min(from+ordersOfCall, len(numbers))]
		p, err := d.getPage(ctx, part)
		p.Total = len(numbers)
		if !yield(p, err) || err != nil {
			return
		}
	}
}

func (d *Driver) getPage(ctx context.Context, numbers []string) (connectors.Page, error) {
	reply, err := d.client.order(ctx, "getOrder", true, map[string]any{"orderNumberList": numbers, "version": d.version})
	if err != nil {
		return connectors.Page{}, err
	}
	p := connectors.Page{Kind: "getOrder", Body: reply.Body, At: reply.At}
	var r orderReply
	if err := unmarshal(reply.Body, &r); err != nil {
		return p, &connectors.Error{Class: connectors.Transient, Call: "getOrder", Err: err}
	}
	here := map[string]bool{}
	for i, raw := range r.Orders {
		number := numberOf(raw)
		if number == "" {
			number = fmt.Sprintf("OrderModelList[%d]", i)
		}
		here[number] = true
		p.Keys = append(p.Keys, number)
	}
	for _, n := range numbers {
		if !here[n] {
			p.Missing = append(p.Missing, n)
		}
	}
	return p, nil
}

// list finds the numbers of all orders of a window. Paging is no snapshot: where
// the pages do not add up to what the first said, they are read again.
func (d *Driver) list(ctx context.Context, w connectors.Window, progress []int) ([]string, error) {
	for try := 1; ; try++ {
		numbers, total, err := d.listOnce(ctx, w, progress)
		if err != nil {
			return nil, err
		}
		if total > searchMost {
			a, b, ok := w.Halves(time.Second)
			if !ok {
				return nil, &connectors.Error{Class: connectors.Refused, Call: "searchOrder", Message: fmt.Sprintf("%d orders in one second", total)}
			}
			first, err := d.list(ctx, a, progress)
			if err != nil {
				return nil, err
			}
			second, err := d.list(ctx, b, progress)
			return append(first, second...), err
		}
		if len(numbers) == total {
			return numbers, nil
		}
		if try == relists {
			return nil, &connectors.Error{
				Class: connectors.Transient, Call: "searchOrder",
				Message: fmt.Sprintf("not read whole: RMS said %d orders and listed %d", total, len(numbers)),
			}
		}
	}
}

func (d *Driver) listOnce(ctx context.Context, w connectors.Window, progress []int) (numbers []string, total int, err error) {
	seen := map[string]bool{}
	for page, pages := 1, 1; page <= pages; page++ {
		r, err := d.search(ctx, w, progress, page, searchPage)
		if err != nil {
			return nil, 0, err
		}
		if page == 1 {
			total, pages = int(r.Page.Total.N), int(r.Page.Pages.N)
			if total > searchMost {
				return nil, total, nil
			}
			if pages > searchMost/searchPage {
				return nil, 0, &connectors.Error{Class: connectors.Transient, Call: "searchOrder", Message: fmt.Sprintf("%d pages for %d orders", pages, total)}
			}
		}
		for _, n := range r.Numbers {
			if !seen[string(n)] {
				seen[string(n)] = true
				numbers = append(numbers, string(n))
			}
		}
		if int(r.Page.Total.N) != total {
			// It changed between two pages; what moved cannot be told.
			return numbers, max(total, len(numbers)+1), nil
		}
	}
	return numbers, total, nil
}

// search asks for one page of numbers. The end of RMS's span counts as inside, in
// whole seconds, so it is one second before ours.
func (d *Driver) search(ctx context.Context, w connectors.Window, progress []int, page, amount int) (searchReply, error) {
	var r searchReply
	reply, err := d.client.order(ctx, "searchOrder", true, searchRequest{
		Progress: progress, DateType: 1,
		Start: w.From.In(d.account.Zone).Format(stamp),
		End:   w.To.Add(-time.Second).In(d.account.Zone).Format(stamp),
		Page:  searchPaging{Amount: amount, Page: page, Sort: []searchSort{{Column: 1, Direction: 1}}},
	})
	if err != nil {
		return r, err
	}
	if err := unmarshal(reply.Body, &r); err != nil {
		return r, &connectors.Error{Class: connectors.Transient, Call: "searchOrder", Err: err}
	}
	if r.Numbers == nil {
		return r, &connectors.Error{Class: connectors.Transient, Call: "searchOrder", Message: "the reply has no orderNumberList"}
	}
	return r, nil
}
