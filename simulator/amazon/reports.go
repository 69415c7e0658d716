package amazon

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// allOrders is the report of all orders by their last update; it has no personal data.
const allOrders = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"

type report struct {
	id       string
	from, to time.Time
	created  time.Time
	result   *file
}

func createReport(c *call) answer {
	var b struct {
		Type    string            `json:"reportType"`
		Markets []string          `json:"marketplaceIds"`
		From    time.Time         `json:"dataStartTime"`
		To      time.Time         `json:"dataEndTime"`
		Options map[string]string `json:"reportOptions"`
	}
	if err := c.decode(&b); err != nil {
		return invalid("%v", err)
	}
	switch {
	case b.Type != allOrders:
		return invalid("reportType %q is not simulated", b.Type)
	case !slices.Equal(b.Markets, []string{Japan}):
		return invalid("marketplaceIds")
	case b.From.IsZero() || b.To.Before(b.From):
		return invalid("dataStartTime and dataEndTime")
	}
	r := &report{id: c.m.next(), from: b.From, to: b.To, created: c.now}
	c.s.reports[r.id] = r
	return answer{http.StatusAccepted, object{"reportId": r.id}}
}

func getReport(c *call) answer {
	r := c.s.reports[c.vars["reportId"]]
	if r == nil {
		return failure(http.StatusNotFound, "NotFound", "The requested resource was not found.", "report")
	}
	m := object{"reportId": r.id, "reportType": allOrders, "createdTime": r.created.UTC().Format(time.RFC3339), "processingStatus": "IN_PROGRESS"}
	if c.now.Sub(r.created) < reportIn {
		return answer{http.StatusOK, m}
	}
	if r.result == nil {
		rows := c.rows(r)
		if len(rows) == 0 {
			m["processingStatus"] = "CANCELLED"
			return answer{http.StatusOK, m}
		}
		r.result = c.m.file(c.s, &file{kind: "text/plain;charset=UTF-8", data: []byte(strings.Join(rows, "")), download: true, packed: true})
	}
	m["processingStatus"], m["reportDocumentId"] = "DONE", r.result.id
	return answer{http.StatusOK, m}
}

// rows are the report's lines, one for each item; nil where there is nothing.
func (c *call) rows(r *report) []string {
	var out []string
	for _, o := range c.s.orders {
		if o.updated.Before(r.from) || o.updated.After(r.to) {
			continue
		}
		channel := "Merchant"
		if o.by == "AMAZON" {
			channel = "Amazon"
		}
		for _, it := range o.items {
			out = append(out, strings.Join([]string{
				o.number, "", o.created.UTC().Format(time.RFC3339), o.updated.UTC().Format(time.RFC3339), o.status, channel, "Amazon.co.jp", "", "Standard",
				it.title, it.sku, it.asin, o.status, itoa(int(it.ordered)), "JPY",
			}, "\t")+"\r\n")
		}
	}
	if out == nil {
		return nil
	}
	return append([]string{"amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\tsales-channel\torder-channel\tship-service-level\tproduct-name\tsku\tasin\titem-status\tquantity\tcurrency\r\n"}, out...)
}

func getReportDocument(c *call) answer { return getDocument(c, "reportDocumentId") }
