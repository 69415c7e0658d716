package elevenst

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A product has one stock for each of its options.
type product struct {
	no, price int64
	name      string
	code      string // sellerPrdCd
	state     string // selStatCd
	category  string
	stocks    []*stock
}

// A stock is one option of a product.
type stock struct {
	p                  *product
	no, mix            int64
	titles, values     string
	code               string // sellerStockCd
	left, sold, weight int64
}

var sellStates = map[string]string{"101": "승인대기", "102": "승인전", "103": "판매중", "104": "품절", "105": "전시중지", "106": "판매종료", "107": "판매강제종료", "108": "판매금지"}

// searchFields are those of SearchProduct.
var searchFields = strings.Fields("limit start end selStatCd prdNo prdNm category1 category2 category3 category4 selMthdCd schDateType schBgnDt schEndDt")

func searchProducts(c *call) answer {
	in, err := readBody(c.body, "SearchProduct", searchFields...)
	if err != nil {
		return message("", "400", err.Error())
	}
	limit, err := strconv.Atoi(in["limit"])
	if err != nil || limit < 1 || limit > 500 {
		return message("", "400", "limit 은 1~500 사이의 값이어야 합니다.")
	}
	start, end := 1, limit
	for name, to := range map[string]*int{"start": &start, "end": &end} {
		if v, given := in[name]; given {
			if *to, err = strconv.Atoi(v); err != nil || *to < 1 {
				return message("", "400", name+" 값이 올바르지 않습니다.")
			}
		}
	}
	if end < start || end-start+1 > limit {
		return message("", "400", "start, end 값이 올바르지 않습니다.")
	}
	var found []*product
	for _, p := range c.shop.list {
		if in["selStatCd"] != "" && in["selStatCd"] != p.state || in["prdNo"] != "" && in["prdNo"] != num(p.no) || in["prdNm"] != "" && !strings.Contains(p.name, in["prdNm"]) {
			continue
		}
		found = append(found, p)
	}
	first, last := min(start-1, len(found)), min(end, len(found))
	w := &writer{}
	w.WriteString(declaration + "<ns2:products" + namespace + ">")
	for _, p := range found[first:last] {
		w.WriteString("<ns2:product>")
		w.fields(p.fields())
		w.WriteString("</ns2:product>")
	}
	w.WriteString("</ns2:products>")
	return answer{http.StatusOK, w.Bytes()}
}

func (p *product) fields() []field {
	return []field{
		{"prdNo", num(p.no)},
		{"prdNm", p.name},
		{"sellerPrdCd", p.code},
		{"selPrc", num(p.price)},
		{"selStatCd", p.state},
		{"selStatNm", sellStates[p.state]},
		{"dispCtgrNo", p.category},
		{"aplBgnDy", "2026-01-01 00:00:00"},
		{"aplEndDy", "2029-12-31 23:59:59"},
		{"stdPrdYn", "N"},
	}
}

func (p *product) alone() answer {
	w := &writer{}
	w.WriteString(declaration + "<Product>")
	w.fields(p.fields())
	w.WriteString("</Product>")
	return answer{http.StatusOK, w.Bytes()}
}

func (s *shop) product(no int64) *product {
	i := slices.IndexFunc(s.list, func(p *product) bool { return p.no == no })
	if i < 0 {
		return nil
	}
	return s.list[i]
}

func oneProduct(c *call) answer {
	no, _ := c.number("prdNo")
	if p := c.shop.product(no); p != nil {
		return p.alone()
	}
	return message(c.path["prdNo"], "404", "해당 상품 없음.")
}

// productByCode gives the product that carries the code first.
func productByCode(c *call) answer {
	i := slices.IndexFunc(c.shop.list, func(p *product) bool { return p.code == c.path["sellerPrdCd"] })
	if i < 0 {
		return message("", "404", "해당 상품 없음.")
	}
	return c.shop.list[i].alone()
}

func stockOf(c *call) answer {
	no, _ := c.number("prdNo")
	p := c.shop.product(no)
	if p == nil {
		return message(c.path["prdNo"], "404", "해당 상품 없음.")
	}
	w := &writer{}
	w.WriteString(declaration + "<ns2:ProductStocks" + namespace + ">")
	for _, s := range p.stocks {
		state := "01"
		if s.left == 0 {
			state = "02"
		}
		w.WriteString("<ns2:ProductStock>")
		w.fields([]field{
			{"addPrc", "0"},
			{"mixDtlOptNm", s.values},
			{"mixOptNm", s.titles},
			{"mixOptNo", num(s.mix)},
			{"optWght", num(s.weight)},
			{"prdNo", num(p.no)},
			{"prdStckNo", num(s.no)},
			{"prdStckStatCd", state},
			{"selQty", num(s.sold)},
			{"sellerStockCd", s.code},
			{"stckQty", num(s.left)},
		})
		w.WriteString("</ns2:ProductStock>")
	}
	w.fields([]field{{"ns2:prdNm", p.name}, {"ns2:prdNo", num(p.no)}, {"ns2:sellerPrdCd", p.code}})
	w.WriteString("</ns2:ProductStocks>")
	return answer{http.StatusOK, w.Bytes()}
}

func setStock(c *call) answer {
	in, err := readBody(c.body, "ProductStock", "prdNo", "prdStckNo", "stckQty", "optWght")
	if err != nil {
		return message(c.path["prdStckNo"], "400", err.Error())
	}
	no, ok := c.number("prdStckNo")
	n, e1 := strconv.ParseInt(in["stckQty"], 10, 64)
	weight, e2 := strconv.ParseInt(in["optWght"], 10, 64)
	if !ok || e1 != nil || e2 != nil || n < 0 || weight < 0 || in["prdStckNo"] != c.path["prdStckNo"] || in["prdNo"] == "" {
		return message(c.path["prdStckNo"], "400", "잘못된 요청입니다.")
	}
	s := c.shop.stocks[no]
	if s == nil || num(s.p.no) != in["prdNo"] {
		return message(c.path["prdStckNo"], "404", "해당 상품/재고 번호 없음.")
	}
	if n > 99_999_999 || s.p.state == "108" {
		return message(c.path["prdStckNo"], "500", "재고수량을 변경할 수 없습니다.")
	}
	s.left, s.weight = n, weight
	return message(num(no), "200", "옵션재고 번호 "+num(no)+"(상품번호:"+num(s.p.no)+")의 수량이 업데이트 되었습니다. 변경된 수량 : "+num(n))
}
