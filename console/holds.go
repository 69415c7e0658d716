package console

import (
	"slices"
	"strings"
	"time"

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
	Holds   []ledger.HeldFor
}

type holdsData struct {
	Groups  []holdGroup
	Account string
	Only    order.Reason
	All     []string // accounts
	Total   int
	More    bool
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
		if d.Only == "" || g.Reason == d.Only {
			d.Groups = append(d.Groups, g)
		}
	}
	return "holds", d, nil
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
				Reason: h.Reason, Text: reasonText(lang, h.Reason), Who: in.Who, Do: in.Do[lang], Release: plan.Releasable(h.Reason), Oldest: h.Since,
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
		return "", order.Errorf(order.Invalid, reason.Info().Do[q.lang], "%s needs a repair, not a release", reason)
	}
	ticked := q.Form["order"]
	if len(ticked) == 0 {
		return "", order.Errorf(order.Invalid, "tick the orders first", "no order was chosen")
	}
	for _, key := range ticked {
		account, number, _ := strings.Cut(key, "/")
		rows, err := q.env.Ledger.OrdersByNumber(q.Context(), number, account)
		if err != nil {
			return "", err
		}
		for i := range rows {
			if err := c.releaseOrder(q, &rows[i], []order.Reason{reason}, why); err != nil {
				return "", err
			}
		}
	}
	c.tell(q, "%d orders are released; the next plan run takes them", len(ticked))
	return query("/holds", "account", q.FormValue("account")), nil
}
