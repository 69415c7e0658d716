package console

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/links"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/plan"
)

// maxHolds is how many holds are looked at for one page.
const maxHolds = 5000

type holdGroup struct {
	Reason  order.Reason
	Text    string
	Who     order.Who
	Do      string
	Release bool // a person's word can end it
	Warns   bool // orders that were instructed already
	Oldest  time.Time
	Holds   []ledger.HeldFor // the oldest; see Total
	Total   int
	Causes  []cause // what is repaired once for many orders
}

// A cause is one thing to repair that keeps orders.
type cause struct {
	Account, Value string
	Detail         string // of one of the holds
	Orders         int
	Suggestions    []links.Suggestion // SKUs that a listing may be
	Char, Usual    string             // a character without a code, U+9AD9, and what is mostly written instead
	Repair         string             // the page where it is repaired
}

// How many orders and causes of one reason a page lists.
const shownHolds, shownCauses = 100, 50

type holdsData struct {
	Groups  []holdGroup
	Account string
	Only    order.Reason
	All     []string // accounts
	Total   int
	More    bool

	SKUs       []string
	Warehouses []string
}

func (c *Console) holds(q *request) (string, any, error) {
	v := q.URL.Query()
	d := holdsData{Account: v.Get("account"), Only: order.Reason(v.Get("reason"))}
	for _, a := range q.env.Workspace.Accounts {
		d.All = append(d.All, a.Name)
	}
	hs, err := q.env.Ledger.Holds(q.Context(), d.Account, maxHolds)
	if err != nil {
		return "", nil, err
	}
	d.Total, d.More = len(hs), len(hs) == maxHolds
	for _, g := range groupHolds(hs, q.lang) {
		if d.Only != "" && g.Reason != d.Only {
			continue
		}
		g.Causes = causes(q, &g)
		if g.Total = len(g.Holds); g.Total > shownHolds {
			g.Holds = g.Holds[:shownHolds]
		}
		d.Groups = append(d.Groups, g)
	}
	d.SKUs = knownSKUs(q)
	for _, w := range q.env.Workspace.Warehouses {
		if w.Enabled {
			d.Warehouses = append(d.Warehouses, w.Name)
		}
	}
	return "holds", d, nil
}

var codePoint = regexp.MustCompile(`U\+[0-9A-F]{4,6}`)

// causes lists what is repaired once for several orders, what keeps most first.
func causes(q *request, g *holdGroup) []cause {
	var out []cause
	at := map[[3]string]int{}
	for _, h := range g.Holds {
		c := cause{Account: h.Account, Value: h.Value}
		switch g.Reason {
		case order.HoldSKU:
			if h.Value == "" || h.Field == "rule" {
				continue
			}
		case order.HoldPayment:
			c.Repair = query("/masters/"+configs.PaymentMaster, "account", h.Account, "name", h.Value) + "#add"
		case order.HoldDelivery:
			c.Repair = query("/masters/"+configs.DeliveryServices, "account", h.Account, "name", h.Value) + "#add"
		case order.HoldTimeBand:
			c.Repair = query("/masters/"+configs.TimeBands, "account", h.Account, "code", h.Value) + "#add"
		case order.HoldCharacter:
			// One character may stand in many fields of many orders.
			if c = (cause{Char: codePoint.FindString(h.Detail)}); c.Char == "" {
				continue
			}
			c.Value = charOf(c.Char)
			_, c.Usual, _ = strings.Cut(h.Detail, "usual replacement: ")
		default:
			return nil
		}
		key := [3]string{c.Account, c.Value, c.Char}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			c.Detail = h.Detail
			out = append(out, c)
		}
		out[i].Orders++
	}
	slices.SortStableFunc(out, func(a, b cause) int { return b.Orders - a.Orders })
	out = out[:min(len(out), shownCauses)]
	if g.Reason == order.HoldSKU {
		for i := range out {
			for _, s := range q.env.Workspace.SKUs.Suggest(out[i].Value, "", "", 3) {
				out[i].Suggestions = append(out[i].Suggestions, links.Suggestion{SKU: s.SKU, Name: s.Name, Code: s.Code, Why: s.Why})
			}
		}
	}
	return out
}

// charOf is the character that U+9AD9 names.
func charOf(point string) string {
	n, err := strconv.ParseUint(strings.TrimPrefix(point, "U+"), 16, 32)
	if err != nil {
		return ""
	}
	return string(rune(n))
}

// replaceChar agrees what a warehouse gets for a character that its charset lacks.
func (c *Console) replaceChar(q *request) (string, error) {
	w, ok := q.env.Workspace.Warehouse(q.FormValue("warehouse"))
	point, with := q.FormValue("char"), strings.TrimSpace(q.FormValue("with"))
	switch {
	case !ok:
		return "", order.Errorf(order.Invalid, "choose one of the list", "no warehouse %s", q.FormValue("warehouse"))
	case codePoint.FindString(point) != point || charOf(point) == "":
		return "", order.Errorf(order.Invalid, "", "%q is no character", point)
	case with == "" || len(with) > 40:
		return "", order.Errorf(order.Invalid, "write what the warehouse shall get", "no replacement for %s", charOf(point))
	}
	file := "warehouses/" + w.Name + ".yaml"
	old, err := os.ReadFile(q.env.Workspace.Path(file))
	if err != nil {
		return "", err
	}
	data, err := configs.SetValue(old, with, "replacements", "pairs", charOf(point))
	if err != nil {
		return "", err
	}
	if err := c.change(q.Context(), file, func(out io.Writer) error {
		_, err := out.Write(data)
		return err
	}); err != nil {
		return "", err
	}
	if err := q.record("replacement.agreed", fmt.Sprintf("%s: %s → %s", w.Name, point, with)); err != nil {
		return "", err
	}
	c.tell(q, "%s is written as %s for %s; its orders move on by themselves", charOf(point), with, w.Name)
	return "/holds", c.planHeld(q, order.HoldCharacter)
}

// groupHolds sorts holds by reason, those that people must act on first.
func groupHolds(hs []ledger.HeldFor, lang string) []holdGroup {
	var out []holdGroup
	at := map[order.Reason]int{}
	for _, h := range hs {
		i, ok := at[h.Reason]
		if !ok {
			in := h.Reason.Info()
			i = len(out)
			at[h.Reason] = i
			out = append(out, holdGroup{
				Reason: h.Reason, Text: reasonText(lang, h.Reason), Who: in.Who, Do: here(lang, string(h.Reason), in.Do[lang]), Release: plan.Releasable(h.Reason), Oldest: h.Since,
				Warns: h.Reason == order.HoldCancelled || h.Reason == order.HoldChanged,
			})
		}
		g := &out[i]
		g.Holds = append(g.Holds, h)
		if h.Since.Before(g.Oldest) {
			g.Oldest = h.Since
		}
	}
	slices.SortStableFunc(out, func(a, b holdGroup) int { return strings.Compare(urgency(a.Who), urgency(b.Who)) })
	return out
}

func urgency(w order.Who) string {
	return map[order.Who]string{order.Operator: "0", order.Engineer: "1", order.Warehouse: "2", order.Mall: "3"}[w] + string(w)
}

// releaseMany releases the orders that were ticked from one reason.
func (c *Console) releaseMany(q *request) (string, error) {
	why, err := note(q)
	if err != nil {
		return "", err
	}
	reason := order.Reason(q.FormValue("reason"))
	if !plan.Releasable(reason) {
		return "", order.Errorf(order.Invalid, here(q.lang, string(reason), reason.Info().Do[q.lang]), "%s needs a repair, not a release", reason)
	}
	ticked := q.Form["order"]
	if len(ticked) == 0 {
		return "", order.Errorf(order.Invalid, "tick the orders first", "no order was chosen")
	}
	released, failed := 0, []string{}
	for _, key := range ticked {
		account, number, _ := strings.Cut(key, "/")
		rows, err := q.env.Ledger.OrdersByNumber(q.Context(), number, account)
		if err == nil && len(rows) == 0 {
			err = order.Errorf(order.NotFound, "", "no order %s", number)
		}
		for i := range rows {
			if err == nil {
				err = c.releaseOrder(q, &rows[i], []order.Reason{reason}, why)
			}
		}
		switch {
		case err == nil:
			released++
		case order.CodeOf(err) == order.Internal || q.Context().Err() != nil:
			return "", err
		default:
			failed = append(failed, number+": "+sayRefusal(q.lang, err.Error()))
		}
	}
	if len(failed) == 0 {
		c.tell(q, "%d orders are released; the next plan run takes them", released)
	} else {
		c.tell(q, "%d orders are released, %d are not: %s", released, len(failed), strings.Join(failed[:min(len(failed), shownFailed)], "; "))
	}
	return query("/holds", "account", q.FormValue("account")), nil
}

// shownFailed is how many of the orders that could not be released are named.
const shownFailed = 10
