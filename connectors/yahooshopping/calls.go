package yahooshopping

import (
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"github.com/mallbridge/mallbridge/connectors"
)

// A row is what a search says of an order: enough to see that it did not change.
type row struct {
	OrderId         string
	OrderTime       string
	LastUpdateTime  string
	OrderStatus     string
	IsSeen          string
	PayStatus       string
	SettleStatus    string
	ShipStatus      string
	IsReadOnly      string
	FraudHoldStatus string
	PublicationTime string
}

const listFields = "OrderId,OrderTime,LastUpdateTime,OrderStatus,IsSeen,PayStatus,SettleStatus,ShipStatus,IsReadOnly,FraudHoldStatus,PublicationTime,IsYahooAuctionOrder"

type listed struct {
	rows  []row
	total int
}

// orderList asks for one page of a search.
func (d *Driver) orderList(ctx context.Context, by []condition, start int) (listed, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "<Req><Search><Result>%d</Result><Start>%d</Start><Sort>+order_time</Sort><Condition>", d.rows, start)
	for _, c := range by {
		b.WriteString(text(c.name, c.value))
	}
	b.WriteString("</Condition><Field>" + listFields + "</Field></Search>" + text("SellerId", d.settings["seller_id"]) + "</Req>")
	reply, err := d.post(ctx, "orderList", b.String(), true)
	if err != nil {
		return listed{}, err
	}
	var doc struct {
		XMLName xml.Name `xml:"Result"`
		Status  string   `xml:"Status"`
		Search  *struct {
			Total string `xml:"TotalCount"`
			Rows  []row  `xml:"OrderInfo"`
		} `xml:"Search"`
	}
	wrong := func(format string, args ...any) (listed, error) {
		return listed{}, &connectors.Error{Class: connectors.Transient, Call: "orderList", Message: fmt.Sprintf(format, args...)}
	}
	if err := unmarshal(reply.Body, &doc); err != nil {
		return wrong("%v", err)
	}
	if doc.Search == nil || strings.TrimSpace(doc.Status) != "OK" {
		return wrong("the reply has no Search")
	}
	total, err := strconv.Atoi(strings.TrimSpace(doc.Search.Total))
	if err != nil || total < 0 {
		return wrong("TotalCount is %q", doc.Search.Total)
	}
	l := listed{total: total}
	for _, r := range doc.Search.Rows {
		// A page beyond the end is one empty row.
		if r.OrderId = strings.TrimSpace(r.OrderId); r.OrderId != "" {
			l.rows = append(l.rows, r)
		}
	}
	return l, nil
}

// orderInfo reads one order. found is false if the mall does not give it.
func (d *Driver) orderInfo(ctx context.Context, number string) (reply *connectors.Reply, found bool, err error) {
	reply, err = d.post(ctx, "orderInfo", "<Req><Target>"+text("OrderId", number)+text("Field", d.fields)+"</Target>"+text("SellerId", d.settings["seller_id"])+"</Req>", true)
	if err != nil {
		// What codes mean that are not published cannot be told; they speak of this
		// order, and must not keep the others away.
		if e := connectors.AsError(err); e.Class == connectors.Refused && strings.HasPrefix(e.Code, "od") && !strings.Contains(e.Message, "Field") {
			return reply, false, nil
		}
		return reply, false, err
	}
	var doc struct {
		XMLName xml.Name `xml:"ResultSet"`
		Orders  []struct {
			OrderId string `xml:"OrderId"`
		} `xml:"Result>OrderInfo"`
	}
	if err := unmarshal(reply.Body, &doc); err != nil {
		if whole(reply.Body) && strings.Contains(string(reply.Body), "<OrderId>"+number+"</OrderId>") {
			return reply, true, nil // Parse refuses it
		}
		return reply, false, &connectors.Error{Class: connectors.Transient, Call: "orderInfo", Message: "the answer is not the document that was asked for", Err: err}
	}
	switch {
	case len(doc.Orders) == 0:
		return reply, false, nil
	case len(doc.Orders) > 1, strings.TrimSpace(doc.Orders[0].OrderId) != number:
		return reply, false, &connectors.Error{Class: connectors.Transient, Call: "orderInfo", Message: fmt.Sprintf("the reply is of %d orders, the first is %q", len(doc.Orders), doc.Orders[0].OrderId)}
	}
	return reply, true, nil
}
