package rakuten

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A pair names a SKU of an item.
type pair struct{ manage, variant string }

type stock struct {
	quantity         int64
	created, updated time.Time
}

type item struct {
	manage, number, title string
	created, updated      time.Time
	variants              []*variant
}

type variant struct {
	id, sku, name, jan string
	price              int64
}

const maxQuantity = 99_999

var (
	manageForm  = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)
	variantForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)
)

// An upsert sets or changes one quantity.
type upsert struct {
	Manage   *string `json:"manageNumber"`
	Variant  *string `json:"variantId"`
	Mode     *string `json:"mode"`
	Quantity *int64  `json:"quantity"`
}

func instantOf(t time.Time) string { return t.In(Tokyo).Format(time.RFC3339) }

func (s *stock) model(p pair) map[string]any {
	return map[string]any{"manageNumber": p.manage, "variantId": p.variant, "quantity": s.quantity, "created": instantOf(s.created), "updated": instantOf(s.updated)}
}

func bulkGet(c *call) answer {
	var q struct {
		Inventories []struct {
			Manage  *string `json:"manageNumber"`
			Variant *string `json:"variantId"`
		} `json:"inventories"`
	}
	if err := c.decode(&q); err != nil {
		return failure(http.StatusBadRequest, "IE0002", "", "%v", err)
	}
	if n := len(q.Inventories); n < 1 || n > 1000 {
		return failure(http.StatusBadRequest, "IE1101", "inventories", "1 to 1000 entries, not %d", n)
	}
	out := []any{}
	for i, x := range q.Inventories {
		if x.Manage == nil || x.Variant == nil {
			return failure(http.StatusBadRequest, "IE0001", fmt.Sprintf("inventories[%d]", i), "manageNumber and variantId are mandatory")
		}
		p := pair{strings.ToLower(*x.Manage), *x.Variant}
		if s := c.shop.stock[p]; s != nil {
			out = append(out, s.model(p))
		}
	}
	return answer{http.StatusOK, map[string]any{"inventories": out}}
}

// wrong checks one entry and returns its error.
func (c *call) wrong(u *upsert, path string) *answer {
	no := func(code, field, format string, args ...any) *answer {
		a := failure(http.StatusBadRequest, code, strings.TrimPrefix(path+"."+field, "."), format, args...)
		return &a
	}
	switch {
	case u.Manage == nil || u.Variant == nil || u.Mode == nil || u.Quantity == nil:
		return no("IE0001", "", "manageNumber, variantId, mode and quantity are mandatory")
	case !manageForm.MatchString(strings.ToLower(*u.Manage)):
		return no("IE0002", "manageNumber", "manageNumber %q", *u.Manage)
	case !variantForm.MatchString(*u.Variant):
		return no("IE0002", "variantId", "variantId %q", *u.Variant)
	case *u.Mode != "ABSOLUTE" && *u.Mode != "RELATIVE":
		return no("IE0002", "mode", "mode %q", *u.Mode)
	}
	now := c.shop.stock[pair{strings.ToLower(*u.Manage), *u.Variant}]
	after := *u.Quantity
	if *u.Mode == "RELATIVE" {
		if now == nil {
			return no("IE0500", "", "there is no inventory to change")
		}
		after += now.quantity
	} else if after < 0 || after > maxQuantity {
		return no("IE0003", "quantity", "quantity %d", after)
	}
	if after < 0 || after > maxQuantity {
		return no("IE0117", "quantity", "the quantity would become %d", after)
	}
	return nil
}

func (c *call) set(u *upsert) {
	p := pair{strings.ToLower(*u.Manage), *u.Variant}
	s := c.shop.stock[p]
	if s == nil {
		s = &stock{created: c.now}
		c.shop.stock[p] = s
	}
	if *u.Mode == "RELATIVE" {
		s.quantity += *u.Quantity
	} else {
		s.quantity = *u.Quantity
	}
	s.updated = c.now
}

// bulkUpsert takes all entries or none. Whether the real one takes some is not
// documented.
func bulkUpsert(c *call) answer {
	var q struct {
		Inventories []upsert `json:"inventories"`
	}
	if err := c.decode(&q); err != nil {
		return failure(http.StatusBadRequest, "IE0002", "", "%v", err)
	}
	if n := len(q.Inventories); n < 1 || n > 400 {
		return failure(http.StatusBadRequest, "IE1101", "inventories", "1 to 400 entries, not %d", n)
	}
	seen := map[pair]bool{}
	for i := range q.Inventories {
		u := &q.Inventories[i]
		if bad := c.wrong(u, fmt.Sprintf("inventories[%d]", i)); bad != nil {
			return *bad
		}
		p := pair{strings.ToLower(*u.Manage), *u.Variant}
		if seen[p] {
			return failure(http.StatusBadRequest, "IE1102", fmt.Sprintf("inventories[%d]", i), "%s %s stands twice", p.manage, p.variant)
		}
		seen[p] = true
	}
	for i := range q.Inventories {
		c.set(&q.Inventories[i])
	}
	return answer{http.StatusNoContent, nil}
}

func oneStock(c *call) answer {
	p := pair{strings.ToLower(c.vars["manageNumber"]), c.vars["variantId"]}
	if s := c.shop.stock[p]; s != nil {
		return answer{http.StatusOK, s.model(p)}
	}
	return failure(http.StatusNotFound, "GE0014", "", "not found")
}

func putStock(c *call) answer {
	var u upsert
	if err := c.decode(&u); err != nil {
		return failure(http.StatusBadRequest, "IE0002", "", "%v", err)
	}
	if u.Manage != nil || u.Variant != nil {
		return failure(http.StatusBadRequest, "IE0002", "manageNumber", "the path names the SKU")
	}
	manage, id := c.vars["manageNumber"], c.vars["variantId"]
	u.Manage, u.Variant = &manage, &id
	if bad := c.wrong(&u, ""); bad != nil {
		return *bad
	}
	c.set(&u)
	return answer{http.StatusNoContent, nil}
}

// searchItems lists items by cursor or offset, oldest first; filters are manage
// number and day of update.
func searchItems(c *call) answer {
	q := c.r.URL.Query()
	hits, offset, cursor := 10, 0, ""
	for name, v := range q {
		var err error
		switch name {
		case "hits":
			if hits, err = strconv.Atoi(v[0]); err != nil || hits < 1 || hits > 100 {
				return failure(http.StatusBadRequest, "IE0003", "hits", "hits %q", v[0])
			}
		case "offset":
			if offset, err = strconv.Atoi(v[0]); err != nil || offset < 0 || offset > 10_000 {
				return failure(http.StatusBadRequest, "IE0003", "offset", "offset %q", v[0])
			}
		case "cursorMark":
			cursor = v[0]
		case "manageNumber", "updatedFrom", "updatedTo", "isInventoryIncluded":
		default:
			return failure(http.StatusBadRequest, "IE0002", name, "%s is not served here", name)
		}
	}
	if cursor != "" && (q.Has("offset") || q.Has("sortKey") || q.Has("sortOrder")) {
		return failure(http.StatusBadRequest, "IE0002", "cursorMark", "cursorMark excludes offset and sorting")
	}
	var found []*item
	for _, x := range c.shop.items {
		day := x.updated.In(Tokyo).Format(time.DateOnly)
		if part := q.Get("manageNumber"); !strings.Contains(x.manage, part) ||
			q.Get("updatedFrom") != "" && day < q.Get("updatedFrom") || q.Get("updatedTo") != "" && day > q.Get("updatedTo") {
			continue
		}
		found = append(found, x)
	}
	slices.SortFunc(found, func(a, b *item) int {
		return cmp.Or(a.created.Compare(b.created), strings.Compare(a.manage, b.manage))
	})
	start := offset
	if cursor != "" && cursor != "*" {
		n, err := strconv.Atoi(strings.TrimPrefix(cursor, "AoE+"))
		if err != nil {
			return failure(http.StatusBadRequest, "IE0002", "cursorMark", "cursorMark %q", cursor)
		}
		start = n
	}
	start = min(start, len(found))
	end := min(start+hits, len(found))
	results := []any{}
	for _, x := range found[start:end] {
		results = append(results, map[string]any{"item": x.model()})
	}
	out := map[string]any{"numFound": len(found), "offset": start, "results": results}
	if cursor != "" {
		out["nextCursorMark"] = cursor
		if end > start {
			out["nextCursorMark"] = fmt.Sprintf("AoE+%d", end)
		}
	}
	return answer{http.StatusOK, out}
}

func (x *item) model() map[string]any {
	variants := map[string]any{}
	for _, v := range x.variants {
		m := map[string]any{"standardPrice": strconv.FormatInt(v.price, 10), "hidden": false, "restockOnCancel": false, "backOrderFlag": false}
		if v.sku != "" {
			m["merchantDefinedSkuId"] = v.sku
		}
		if v.name != "" {
			m["selectorValues"] = map[string]any{"v": v.name}
		}
		if v.jan != "" {
			m["articleNumber"] = map[string]any{"value": v.jan}
		}
		variants[v.id] = m
	}
	return map[string]any{
		"manageNumber": x.manage, "itemNumber": x.number, "title": x.title, "itemType": "NORMAL", "genreId": "100000", "hideItem": false,
		"unlimitedInventoryFlag": false, "variants": variants, "created": instantOf(x.created), "updated": instantOf(x.updated),
	}
}
