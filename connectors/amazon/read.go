package amazon

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// included are the datasets that an instruction and its proof need. Tax is not asked
// for: its roles are others.
const included = "BUYER,RECIPIENT,FULFILLMENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,PAYMENT,PACKAGES"

const (
	pageSize  = 100
	ordersAPI = "/orders/2026-01-01/orders"
)

// iso is how instants are sent. Spans of Amazon's include their end, in milliseconds.
const iso = "2006-01-02T15:04:05.000Z"

// Orders yields the orders updated in w, or those that a report lists for it.
func (d *Driver) Orders(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		if d.account.Settings["orders_by"] == "report" {
			numbers, err := d.listed(ctx, w)
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
			d.get(ctx, numbers, yield)
			return
		}
		d.search(ctx, w, yield)
	}
}

// search goes through the pages of searchOrders. All parameters but the token stay
// the same.
func (d *Driver) search(ctx context.Context, w connectors.Window, yield func(connectors.Page, error) bool) {
	q := d.searchQuery(w, pageSize, included)
	for n := 1; ; n++ {
		reply, err := d.read(ctx, "searchOrders", ordersAPI, q)
		if err != nil {
			yield(connectors.Page{}, unlisted(err))
			return
		}
		var r searchReply
		if err := unmarshal(reply.Body, &r); err != nil || r.Orders == nil {
			yield(connectors.Page{}, &connectors.Error{Class: connectors.Transient, Call: "searchOrders", Message: "the reply has no orders", Err: err})
			return
		}
		p := connectors.Page{Kind: "searchOrders", Body: reply.Body, Total: -1, At: reply.At}
		for i, raw := range r.Orders {
			key := numberOf(raw)
			if key == "" {
				key = fmt.Sprintf("orders[%d] of page %d", i, n)
			}
			p.Keys = append(p.Keys, key)
		}
		if !yield(p, nil) || r.Pagination.Next == "" {
			return
		}
		if r.Pagination.Next == q.Get("paginationToken") {
			yield(connectors.Page{}, broken("searchOrders", "page %d leads to itself", n))
			return
		}
		q.Set("paginationToken", r.Pagination.Next)
	}
}

// unlisted says what helps when Amazon refuses a list that it gave before: it did so in
// the Far East for two days of August 2026.
func unlisted(err error) error {
	e := *connectors.AsError(err)
	if e.Class != connectors.Refused || e.Hint != "" {
		return err
	}
	e.Hint = "the next run asks again; if it stays refused, orders_by: report reads the orders by another way"
	return &e
}

func (d *Driver) searchQuery(w connectors.Window, most int, included string) url.Values {
	q := url.Values{
		"lastUpdatedAfter":  {w.From.UTC().Format(iso)},
		"lastUpdatedBefore": {w.To.Add(-time.Millisecond).UTC().Format(iso)},
		"marketplaceIds":    {d.store},
		"maxResultsPerPage": {strconv.Itoa(most)},
		"includedData":      {included},
	}
	if d.account.Settings["fulfilled_by"] != "all" {
		q.Set("fulfilledBy", "MERCHANT")
	}
	return q
}

// Reread yields single orders, each by a call of its own: there is none for several.
func (d *Driver) Reread(ctx context.Context, numbers []string) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) { d.get(ctx, numbers, yield) }
}

func (d *Driver) get(ctx context.Context, numbers []string, yield func(connectors.Page, error) bool) {
	for _, n := range connectors.Distinct(numbers) {
		p, err := d.one(ctx, n)
		if !yield(p, err) || err != nil {
			return
		}
	}
}

// one reads an order; one that Amazon does not know is missing.
func (d *Driver) one(ctx context.Context, number string) (connectors.Page, error) {
	p := connectors.Page{Kind: "getOrder", Total: -1}
	reply, err := d.read(ctx, "getOrder", ordersAPI+"/"+url.PathEscape(number), url.Values{"includedData": {included}})
	if err != nil {
		if reply != nil && reply.Status == http.StatusNotFound {
			p.Body, p.At, p.Missing = []byte(`{"order":null}`), reply.At, []string{number}
			return p, nil
		}
		return p, err
	}
	p.Body, p.At, p.Keys = reply.Body, reply.At, []string{number}
	var r orderReply
	if err := unmarshal(reply.Body, &r); err != nil {
		return p, &connectors.Error{Class: connectors.Transient, Call: "getOrder", Err: err}
	}
	if got := numberOf(r.Order); got != number {
		return p, broken("getOrder", "order %s was asked for, %q came", number, got)
	}
	return p, nil
}

// present reads an order as it is now; nil if Amazon does not know it.
func (d *Driver) present(ctx context.Context, number string) (*orderModel, error) {
	p, err := d.one(ctx, number)
	if err != nil || len(p.Missing) > 0 {
		return nil, err
	}
	var r struct {
		Order *orderModel `json:"order"`
	}
	if err := json.Unmarshal(p.Body, &r); err != nil {
		return nil, &connectors.Error{Class: connectors.Transient, Call: "getOrder", Err: err}
	}
	return r.Order, nil
}

// numberOf reads an order's number, even where the rest cannot be read.
func numberOf(raw json.RawMessage) string {
	var o struct {
		ID string `json:"orderId"`
	}
	if json.Unmarshal(raw, &o) != nil {
		return ""
	}
	return o.ID
}

// The report of all orders by their last update has no personal data and needs no
// restricted token. It is up to half an hour behind.
const (
	allOrders  = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
	reportsAPI = "/reports/2021-06-30"
	reportLag  = 45 * time.Minute
	askEvery   = 30 * time.Second
	askTimes   = 60
)

// listed are the numbers of the orders in a report over w and over the time by which
// reports are behind.
func (d *Driver) listed(ctx context.Context, w connectors.Window) ([]string, error) {
	text, err := d.report(ctx, allOrders, connectors.Window{From: w.From.Add(-reportLag), To: w.To})
	if err != nil || len(text) == 0 {
		return nil, err
	}
	lines := strings.Split(strings.ReplaceAll(strings.TrimPrefix(string(text), "\ufeff"), "\r\n", "\n"), "\n")
	at := map[string]int{}
	for i, name := range strings.Split(lines[0], "\t") {
		at[strings.TrimSpace(name)] = i
	}
	id, ok := at["amazon-order-id"]
	if !ok {
		return nil, &connectors.Error{Class: connectors.Refused, Call: "getReportDocument", Message: "the report of all orders has no column amazon-order-id"}
	}
	by, channel := at["fulfillment-channel"]
	var out []string
	for n, line := range lines[1:] {
		if line == "" {
			continue
		}
		f := strings.Split(line, "\t")
		if id >= len(f) || f[id] == "" || channel && by >= len(f) {
			return nil, broken("getReportDocument", "line %d of the report is cut off", n+2)
		}
		if channel && f[by] == "Amazon" && d.account.Settings["fulfilled_by"] != "all" {
			continue
		}
		out = append(out, f[id])
	}
	return out, nil
}

// report has a report made and gets it; nothing where Amazon says that there is
// nothing to report.
func (d *Driver) report(ctx context.Context, kind string, w connectors.Window) ([]byte, error) {
	reply, err := d.call(ctx, connectors.Request{Kind: "createReport", Method: http.MethodPost, Path: reportsAPI + "/reports", Safe: true}, map[string]any{
		"reportType": kind, "marketplaceIds": []string{d.store}, "dataStartTime": w.From.UTC().Format(iso), "dataEndTime": w.To.UTC().Format(iso),
	})
	if err != nil {
		return nil, err
	}
	var made struct {
		ID string `json:"reportId"`
	}
	if err := unmarshal(reply.Body, &made); err != nil || made.ID == "" {
		return nil, broken("createReport", "the reply has no reportId")
	}
	for range askTimes {
		reply, err := d.read(ctx, "getReport", reportsAPI+"/reports/"+url.PathEscape(made.ID), nil)
		if err != nil {
			return nil, err
		}
		var r struct {
			Status   string `json:"processingStatus"`
			Document string `json:"reportDocumentId"`
		}
		if err := unmarshal(reply.Body, &r); err != nil {
			return nil, &connectors.Error{Class: connectors.Transient, Call: "getReport", Err: err}
		}
		switch r.Status {
		case "DONE":
			return d.document(ctx, "getReportDocument", reportsAPI+"/documents/"+url.PathEscape(r.Document))
		case "CANCELLED":
			return nil, nil
		case "FATAL":
			return nil, broken("getReport", "the report %s ended FATAL", made.ID)
		}
		if err := d.Sleep(ctx, askEvery); err != nil {
			return nil, &connectors.Error{Class: connectors.Transient, Call: "getReport", Err: err}
		}
	}
	return nil, broken("getReport", "the report %s is not done after %v", made.ID, askTimes*askEvery)
}
