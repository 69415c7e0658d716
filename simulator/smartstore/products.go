package smartstore

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A good is a product with its options.
type good struct {
	channel, name, code, custom, barcode string
	status                               string
	price, stock                         int64
	discount                             object // immediateDiscountPolicy
	unmanaged                            bool   // useStockManagement is false
	options, addOns                      []*option
}

// An option is one combination of a product, or an add-on.
type option struct {
	id           int64
	name, code   string
	price, stock int64
	unusable     bool
}

func (g *good) origin() string { return origin(g.channel) }

var productStatuses = strings.Fields("WAIT SALE OUTOFSTOCK UNADMISSION REJECTION SUSPENSION CLOSE PROHIBITION DELETE")

func searchProducts(c *call) answer {
	var in struct {
		By       string   `json:"searchKeywordType"`
		Channels []int64  `json:"channelProductNos"`
		Origins  []int64  `json:"originProductNos"`
		Groups   []int64  `json:"groupProductNos"`
		Code     string   `json:"sellerManagementCode"`
		Statuses []string `json:"productStatusTypes"`
		Page     int      `json:"page"`
		Size     int      `json:"size"`
		Order    string   `json:"orderType"`
		Period   string   `json:"periodType"`
		From     string   `json:"fromDate"`
		To       string   `json:"toDate"`
	}
	err := c.read(&in)
	in.Page, in.Size = cmp.Or(in.Page, 1), cmp.Or(in.Size, 50)
	byNumber := map[string]bool{"": len(in.Channels)+len(in.Origins) == 0 && in.Code == "", "CHANNEL_PRODUCT_NO": len(in.Channels) > 0, "PRODUCT_NO": len(in.Origins) > 0, "SELLER_CODE": in.Code != ""}
	if err != nil || !byNumber[in.By] || slices.ContainsFunc(in.Statuses, func(s string) bool { return !slices.Contains(productStatuses, s) }) || in.Page < 1 || in.Size < 1 || in.Size > 500 {
		return c.refuse("BAD_REQUEST", "요청이 올바르지 않습니다. %v", err)
	}
	var hit []*good
	for _, g := range c.shop.goods {
		switch {
		case in.By == "CHANNEL_PRODUCT_NO" && !slices.Contains(in.Channels, number(g.channel)),
			in.By == "PRODUCT_NO" && !slices.Contains(in.Origins, number(g.origin())),
			in.By == "SELLER_CODE" && !strings.HasPrefix(g.code, in.Code),
			len(in.Statuses) > 0 && !slices.Contains(in.Statuses, g.status):
			continue
		}
		hit = append(hit, g)
	}
	pages := (len(hit) + in.Size - 1) / in.Size
	first, end := min((in.Page-1)*in.Size, len(hit)), min(in.Page*in.Size, len(hit))
	contents := []object{}
	for _, g := range hit[first:end] {
		contents = append(contents, object{
			"originProductNo": number(g.origin()),
			"channelProducts": []object{{
				"originProductNo": number(g.origin()), "channelProductNo": number(g.channel), "name": g.name, "sellerManagementCode": g.code, "statusType": g.status,
				"stockQuantity": g.left(), "salePrice": g.price,
			}},
		})
	}
	return answer{200, object{
		"contents": contents, "page": in.Page, "size": in.Size, "totalElements": len(hit), "totalPages": pages, "first": in.Page == 1, "last": in.Page >= pages,
	}}
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// left is the stock of a product: that of its options together, where it has any.
func (g *good) left() int64 {
	if len(g.options) == 0 {
		return g.stock
	}
	n := int64(0)
	for _, o := range g.options {
		n += o.stock
	}
	return n
}

func (c *call) product() *good {
	i := slices.IndexFunc(c.shop.goods, func(g *good) bool { return g.origin() == c.path["no"] })
	if i < 0 {
		return nil
	}
	return c.shop.goods[i]
}

func (c *call) noProduct() answer {
	return c.m.fault(404, "NOT_FOUND", "상품이 존재하지 않습니다.")
}

func originProduct(c *call) answer {
	g := c.product()
	if g == nil {
		return c.noProduct()
	}
	detail := object{"sellerCodeInfo": object{"sellerManagementCode": g.code, "sellerBarcode": g.barcode, "sellerCustomCode1": g.custom, "sellerCustomCode2": ""}}
	if len(g.options) > 0 {
		var list []object
		for _, o := range g.options {
			list = append(list, object{
				"id": o.id, "optionName1": o.name, "stockQuantity": o.stock, "price": o.price, "usable": !o.unusable, "sellerManagerCode": o.code,
			})
		}
		detail["optionInfo"] = object{"optionCombinationSortType": "CREATE", "optionCombinations": list, "useStockManagement": !g.unmanaged}
	}
	if len(g.addOns) > 0 {
		var list []object
		for _, o := range g.addOns {
			list = append(list, object{"id": o.id, "sellerManagementCode": o.code, "stockQuantity": o.stock})
		}
		detail["supplementProductInfo"] = object{"supplementProducts": list}
	}
	p := object{"statusType": g.status, "name": g.name, "salePrice": g.price, "stockQuantity": g.left(), "detailAttribute": detail}
	if g.discount != nil {
		p["customerBenefit"] = object{"immediateDiscountPolicy": g.discount}
	}
	return answer{200, object{"originProduct": p}}
}

func success() answer {
	return answer{200, object{"code": "SUCCESS", "message": "성공", "data": nil}}
}

const stockMost = 99_999_999

// optionStock stores what it is sent, and 0 for what it is not.
func optionStock(c *call) answer {
	type row struct {
		ID     int64 `json:"id"`
		Stock  int64 `json:"stockQuantity"`
		Price  int64 `json:"price"`
		Usable *bool `json:"usable"`
	}
	var in struct {
		Price *struct {
			Sale int64 `json:"salePrice"`
		} `json:"productSalePrice"`
		Discount object `json:"immediateDiscountPolicy"`
		Options  struct {
			Combinations []row `json:"optionCombinations"`
			Standards    []row `json:"optionStandards"`
			Managed      bool  `json:"useStockManagement"`
		} `json:"optionInfo"`
	}
	if err := c.read(&in); err != nil {
		return c.refuse("BAD_REQUEST", "%v", err)
	}
	g := c.product()
	if g == nil {
		return c.noProduct()
	}
	for _, r := range in.Options.Combinations {
		if r.Stock < 0 || r.Stock > stockMost || !slices.ContainsFunc(g.options, func(o *option) bool { return o.id == r.ID }) {
			return c.refuse("BAD_REQUEST", "옵션 %d", r.ID)
		}
	}
	if in.Price != nil {
		g.price = in.Price.Sale
	}
	g.discount = in.Discount
	g.unmanaged = !in.Options.Managed
	for _, o := range g.options {
		i := slices.IndexFunc(in.Options.Combinations, func(r row) bool { return r.ID == o.id })
		if i < 0 {
			o.stock, o.price, o.unusable = 0, 0, false
			continue
		}
		r := in.Options.Combinations[i]
		o.stock, o.price, o.unusable = r.Stock, r.Price, r.Usable != nil && !*r.Usable
		if g.unmanaged {
			o.stock = 9999
		}
	}
	return success()
}

func multiUpdate(c *call) answer {
	type row struct {
		No    int64    `json:"originProductNo"`
		Types []string `json:"multiUpdateTypes"`
		Stock *int64   `json:"stockQuantity"`
	}
	var in struct {
		Rows []row `json:"multiProductUpdateRequestVos"`
	}
	if err := c.read(&in); err != nil || len(in.Rows) == 0 {
		return c.refuse("BAD_REQUEST", "%v", err)
	}
	for _, r := range in.Rows {
		c.path = map[string]string{"no": strconv.FormatInt(r.No, 10)}
		g := c.product()
		switch {
		case g == nil:
			return c.noProduct()
		case !slices.Equal(r.Types, []string{"STOCK"}) || r.Stock == nil || *r.Stock < 0 || *r.Stock > stockMost:
			return c.refuse("BAD_REQUEST", "%v", r.Types)
		case len(g.options) > 0:
			return c.refuse("BAD_REQUEST", "옵션 상품의 재고는 수정할 수 없습니다.")
		}
	}
	for _, r := range in.Rows {
		c.path = map[string]string{"no": strconv.FormatInt(r.No, 10)}
		g := c.product()
		if g.stock = *r.Stock; g.stock == 0 && g.status == "SALE" {
			g.status = "OUTOFSTOCK"
		}
	}
	return success()
}

func changeStatus(c *call) answer {
	var in struct {
		Status string `json:"statusType"`
		Stock  *int64 `json:"stockQuantity"`
	}
	if err := c.read(&in); err != nil || !slices.Contains([]string{"SALE", "OUTOFSTOCK", "SUSPENSION"}, in.Status) {
		return c.refuse("BAD_REQUEST", "%v", err)
	}
	g := c.product()
	if g == nil {
		return c.noProduct()
	}
	if in.Status == "SALE" && g.status == "OUTOFSTOCK" && (in.Stock == nil || *in.Stock < 1) {
		return c.refuse("BAD_REQUEST", "stockQuantity")
	}
	if in.Stock != nil && len(g.options) == 0 {
		g.stock = *in.Stock
	}
	if g.status = in.Status; in.Status == "OUTOFSTOCK" {
		g.stock = 0
	}
	return success()
}

// A Product is what to put on sale: an option where OptionID is set, else a product
// without options.
type Product struct {
	Channel  string // channelProductNo: options of one product share it
	OptionID int64
	Name     string
	Option   string
	Code     string // sellerManagementCode of the product
	OptionCd string // sellerManagerCode of the option
	Price    int64
	Extra    int64 // price of the option
	Stock    int64
	Status   string // SALE where empty
	Discount int64  // an immediate discount in won
	AddOn    bool   // the option is an add-on
	// Unmanaged options have no stock management.
	Unmanaged bool
}

// Sell puts something on sale in a seller's shop.
func (m *Mall) Sell(seller string, p Product) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok {
		return fmt.Errorf("smartstore: no seller %s", seller)
	}
	s.sell(p)
	return nil
}

func (s *shop) sell(p Product) {
	i := slices.IndexFunc(s.goods, func(g *good) bool { return g.channel == p.Channel })
	if i < 0 {
		i = len(s.goods)
		s.goods = append(s.goods, &good{channel: p.Channel, name: p.Name, code: p.Code, price: p.Price, stock: p.Stock, status: cmp.Or(p.Status, "SALE")})
	}
	g := s.goods[i]
	g.unmanaged = g.unmanaged || p.Unmanaged
	if p.Discount > 0 {
		g.discount = object{"discountMethod": object{"value": p.Discount, "unitType": "WON"}}
	}
	switch o := (&option{id: p.OptionID, name: p.Option, code: p.OptionCd, price: p.Extra, stock: p.Stock}); {
	case p.OptionID == 0:
	case p.AddOn:
		g.addOns = append(g.addOns, o)
	case !slices.ContainsFunc(g.options, func(x *option) bool { return x.id == p.OptionID }):
		g.options = append(g.options, o)
	}
}

// Stock returns the quantity of an option, or of a product where option is 0.
func (m *Mall) Stock(seller, channel string, opt int64) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok {
		return 0, false
	}
	for _, g := range s.goods {
		if g.channel != channel {
			continue
		}
		if opt == 0 {
			return g.left(), true
		}
		for _, o := range g.options {
			if o.id == opt {
				return o.stock, true
			}
		}
	}
	return 0, false
}

// Offer is how buyers see a product: status, price, discount in won, and the prices of
// its options.
func (m *Mall) Offer(seller, channel string) (status string, price, discount int64, options []int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range m.shops[seller].goods {
		if g.channel != channel {
			continue
		}
		if how, ok := g.discount["discountMethod"].(object); ok {
			switch v := how["value"].(type) {
			case int64:
				discount = v
			case float64:
				discount = int64(v)
			}
		}
		for _, o := range g.options {
			options = append(options, o.price)
		}
		return g.status, g.price, discount, options
	}
	return "", 0, 0, nil
}
