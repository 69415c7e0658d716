package yahoo

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An Item is a thing, or one variation of it, that a store sells.
type Item struct {
	Code    string
	SubCode string // empty for an item without variations
	Name    string
	Option  string // 色:青
	Price   int64
	Stock   int64
	Hidden  bool // Display 0
}

// An item is all variations of a code.
type item struct {
	Item
	subs []*Item // none without variations
}

// Sell puts an item, or a further variation of one, on sale.
func (m *Mall) Sell(seller string, x Item) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := m.store(seller)
	if err == nil {
		s.sell(x)
	}
	return err
}

func (s *store) sell(x Item) {
	if x.Code == "" {
		return
	}
	i := s.items[x.Code]
	if i == nil {
		i = &item{Item: x}
		s.items[x.Code] = i
	}
	if x.SubCode != "" && i.sub(x.SubCode) == nil {
		i.subs = append(i.subs, &x)
	}
}

func (i *item) sub(code string) *Item {
	at := slices.IndexFunc(i.subs, func(x *Item) bool { return x.SubCode == code })
	if at < 0 {
		return nil
	}
	return i.subs[at]
}

// find returns what a code, or code:subcode, names; nil if there is none.
func (s *store) find(text string) *Item {
	code, sub, has := strings.Cut(text, ":")
	i := s.items[code]
	switch {
	case i == nil:
		return nil
	case has:
		return i.sub(sub)
	case len(i.subs) > 0:
		return nil
	}
	return &i.Item
}

// Stock returns the quantity of an item or variation.
func (m *Mall) Stock(seller, code, sub string) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := m.store(seller)
	if err != nil {
		return 0, false
	}
	x := s.find(strings.TrimSuffix(code+":"+sub, ":"))
	if x == nil {
		return 0, false
	}
	return x.Stock, true
}

var itemCode = regexp.MustCompile(`^[0-9A-Za-z-]{1,99}(:[0-9A-Za-z-]{1,99})?$`)

// listed reads item_code of a form whose parameters are known.
func (x *call) listed(known ...string) ([]string, *answer) {
	no := func(code, format string, args ...any) ([]string, *answer) {
		a := refused(http.StatusBadRequest, code, fmt.Sprintf(format, args...))
		return nil, &a
	}
	for k, v := range x.form {
		if !slices.Contains(known, k) || len(v) != 1 {
			return no("st-09001", "parameter %s", k)
		}
	}
	if x.form.Get("seller_id") != x.s.ID {
		return no("st-09002", "seller_id is not yours")
	}
	codes := strings.Split(x.form.Get("item_code"), ",")
	if len(codes) > 1000 {
		return no("st-09001", "%d codes", len(codes))
	}
	for _, c := range codes {
		if !itemCode.MatchString(c) {
			return no("st-02101", "item_code(%s) is invalid format.", c)
		}
	}
	return codes, nil
}

func setStock(x *call) answer {
	codes, bad := x.listed("seller_id", "item_code", "quantity", "allow_overdraft", "stock_close")
	if bad != nil {
		return *bad
	}
	quantities := strings.Split(x.form.Get("quantity"), ",")
	if len(quantities) != len(codes) {
		return refused(http.StatusBadRequest, "st-09001", "as many quantities as codes are expected")
	}
	numbers := make([]int64, len(codes))
	for i, q := range quantities {
		n, err := strconv.ParseInt(q, 10, 64)
		if err != nil || n < -999_999_999 || n > 999_999_999 {
			return refused(http.StatusBadRequest, "st-09001", "quantity "+q)
		}
		numbers[i] = n
	}
	wrong := slices.ContainsFunc(codes, func(c string) bool { return x.s.find(c) == nil })
	var b strings.Builder
	fmt.Fprintf(&b, `<ResultSet totalResultsAvailable="%d" totalResultsReturned="%[1]d" firstResultPosition="1">`, len(codes))
	for i, c := range codes {
		code, sub, _ := strings.Cut(c, ":")
		b.WriteString("<Result>")
		cell(&b, "ItemCode", code)
		cell(&b, "SubCode", sub)
		it := x.s.find(c)
		switch {
		case it == nil:
			b.WriteString("<Quantity></Quantity><ErrorCode>st-02104</ErrorCode>")
		case wrong && x.m.faults.AllOrNothing:
			b.WriteString("<Quantity></Quantity>")
		default:
			if !strings.HasPrefix(quantities[i], "+") && !strings.HasPrefix(quantities[i], "-") {
				it.Stock = 0
			}
			it.Stock += numbers[i]
			cell(&b, "Quantity", number(it.Stock))
		}
		b.WriteString("</Result>")
	}
	b.WriteString("</ResultSet>")
	a := document(b.String())
	if wrong {
		a.status = http.StatusMultiStatus
	}
	return a
}

func getStock(x *call) answer {
	codes, bad := x.listed("seller_id", "item_code")
	if bad != nil {
		return *bad
	}
	var b strings.Builder
	ok := 0
	for _, c := range codes {
		code, sub, _ := strings.Cut(c, ":")
		b.WriteString("<Result>")
		cell(&b, "ItemCode", code)
		cell(&b, "SubCode", sub)
		it := x.s.find(c)
		if it == nil {
			b.WriteString("<Status>0</Status></Result>")
			continue
		}
		ok++
		b.WriteString("<Status>1</Status>")
		cell(&b, "Quantity", number(it.Stock))
		b.WriteString("<AllowOverdraft>0</AllowOverdraft><IsPublished>1</IsPublished><UpdateTime>2026-01-01T00:00:00+09:00</UpdateTime><StockClose>0</StockClose></Result>")
	}
	return document(fmt.Sprintf(`<ResultSet totalResultsAvailable="%d" totalResultsReturned="%[1]d" firstResultPosition="1" ok="%d" ng="%d">`, len(codes), ok, len(codes)-ok) +
		b.String() + "</ResultSet>")
}

// only checks the parameters of a GET.
func (x *call) only(q url.Values, known ...string) *answer {
	for k, v := range q {
		if !slices.Contains(known, k) || len(v) != 1 {
			a := refused(http.StatusBadRequest, "ed-09001", "parameter "+k)
			return &a
		}
	}
	switch q.Get("seller_id") {
	case "":
		a := refused(http.StatusBadRequest, "ed-00003", "seller_id is missing")
		return &a
	case x.s.ID:
		return nil
	}
	a := refused(http.StatusBadRequest, "ed-00004", "seller_id is unknown")
	return &a
}

func myItemList(x *call) answer {
	q := x.form
	if bad := x.only(q, "seller_id", "stock", "start", "results", "query", "stcat_key", "type", "sort"); bad != nil {
		return *bad
	}
	start, err := strconv.Atoi(cmp.Or(q.Get("start"), "1"))
	results, rerr := strconv.Atoi(cmp.Or(q.Get("results"), "25"))
	if err != nil || rerr != nil || start < 1 || results < 1 || results > 100 || q.Get("query") == "" || q.Get("type") != "item_code" ||
		!slices.Contains([]string{"", "true", "false"}, q.Get("stock")) || !slices.Contains([]string{"", "+item_code", "-item_code"}, q.Get("sort")) {
		return refused(http.StatusBadRequest, "ed-09001", "start, results, stock, sort, or what is searched for")
	}
	var codes []string
	for c := range x.s.items {
		if strings.HasPrefix(strings.ToLower(c), strings.ToLower(q.Get("query"))) {
			codes = append(codes, c)
		}
	}
	slices.Sort(codes)
	if strings.HasPrefix(q.Get("sort"), "-") {
		slices.Reverse(codes)
	}
	from := min(start-1, len(codes))
	page := codes[from:min(from+results, len(codes))]
	var b strings.Builder
	fmt.Fprintf(&b, `<ResultSet totalResultsAvailable="%d" totalResultsReturned="%d" firstResultPosition="%d">`, len(codes), len(page), start)
	for _, c := range page {
		i := x.s.items[c]
		b.WriteString("<Result>")
		cell(&b, "ItemCode", c)
		has, stock := "0", number(i.Stock)
		if len(i.subs) > 0 {
			has, stock = "1", ""
		}
		cell(&b, "HasSubCode", has)
		cell(&b, "Name", i.Name)
		cell(&b, "StCatName", "見本")
		cell(&b, "Display", display(i.Hidden))
		b.WriteString("<EditingFlag>0</EditingFlag><OriginalPrice></OriginalPrice>")
		cell(&b, "Price", number(i.Price))
		b.WriteString("<SalePrice></SalePrice><MemberPrice></MemberPrice><SalePeriodStart></SalePeriodStart><SalePeriodEnd></SalePeriodEnd><SortOrder>1</SortOrder><SortPriority></SortPriority>")
		if q.Get("stock") == "true" {
			cell(&b, "Quantity", stock)
			b.WriteString("<StockClose>0</StockClose>")
		}
		b.WriteString("</Result>")
	}
	return document(b.String() + "</ResultSet>")
}

func display(hidden bool) string {
	if hidden {
		return "0"
	}
	return "1"
}

func getItem(x *call) answer {
	if bad := x.only(x.form, "seller_id", "item_code"); bad != nil {
		return *bad
	}
	i := x.s.items[x.form.Get("item_code")]
	if i == nil {
		return refused(http.StatusNotFound, "ed-00000", "no such item")
	}
	var b strings.Builder
	b.WriteString(`<ResultSet totalResultsAvailable="1" totalResultsReturned="1" firstResultPosition="1"><Result>`)
	cell(&b, "ItemCode", i.Code)
	cell(&b, "Name", i.Name)
	cell(&b, "Price", number(i.Price))
	cell(&b, "Display", display(i.Hidden))
	b.WriteString("<SubCodes>")
	for _, s := range i.subs {
		fmt.Fprintf(&b, `<SubCode code="%s" quantity="%d">`, escape(s.SubCode), s.Stock)
		if name, value, ok := strings.Cut(s.Option, ":"); ok {
			fmt.Fprintf(&b, `<Option name="%s" value="%s"/>`, escape(name), escape(value))
		}
		b.WriteString("</SubCode>")
	}
	return document(b.String() + "</SubCodes></Result></ResultSet>")
}
