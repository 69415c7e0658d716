package amazon

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/mallbridge/mallbridge/connectors"
)

const (
	feedsAPI    = "/feeds/2021-06-30"
	feedType    = "POST_ORDER_FULFILLMENT_DATA"
	feedContent = "text/xml; charset=UTF-8"
	// longestDocument is how long a document may be, unpacked.
	longestDocument = 256 << 20
)

// An envelope is the document of a feed. The order of elements counts.
type envelope struct {
	XMLName  xml.Name      `xml:"AmazonEnvelope"`
	XSI      string        `xml:"xmlns:xsi,attr"`
	Schema   string        `xml:"xsi:noNamespaceSchemaLocation,attr"`
	Version  string        `xml:"Header>DocumentVersion"`
	Merchant string        `xml:"Header>MerchantIdentifier"`
	Type     string        `xml:"MessageType"`
	Messages []feedMessage `xml:"Message"`
}

type feedMessage struct {
	ID       int    `xml:"MessageID"`
	Order    string `xml:"OrderFulfillment>AmazonOrderID"`
	Date     string `xml:"OrderFulfillment>FulfillmentDate"`
	Carrier  string `xml:"OrderFulfillment>FulfillmentData>CarrierCode"`
	Name     string `xml:"OrderFulfillment>FulfillmentData>CarrierName,omitempty"`
	Method   string `xml:"OrderFulfillment>FulfillmentData>ShippingMethod,omitempty"`
	Tracking string `xml:"OrderFulfillment>FulfillmentData>ShipperTrackingNumber"`
}

// feed confirms whole orders by one feed: a document is made, uploaded and named. Only
// the last of these calls does anything at Amazon, and nothing repeats it.
func (d *Driver) feed(ctx context.Context, s []connectors.Shipment, of []int, out []connectors.Result) {
	all := func(r connectors.Result) {
		for _, i := range of {
			out[i] = r
		}
	}
	if d.seller == "" {
		all(rejected("", "seller_id is not set, which a feed needs; set it, or feed_from: 0"))
		return
	}
	document, err := d.upload(ctx, d.envelope(s, of))
	if err != nil {
		all(notWritten(err))
		return
	}
	reply, err := d.call(ctx, connectors.Request{Kind: "createFeed", Method: http.MethodPost, Path: feedsAPI + "/feeds"}, map[string]any{
		"feedType": feedType, "marketplaceIds": []string{d.store}, "inputFeedDocumentId": document,
	})
	if err != nil {
		all(connectors.ResultOf(err))
		return
	}
	var made struct {
		ID string `json:"feedId"`
	}
	if err := unmarshal(reply.Body, &made); err != nil || made.ID == "" {
		all(connectors.Result{Detail: "the reply of createFeed has no feedId"})
		return
	}
	all(connectors.Result{Ref: made.ID, Detail: "feed " + made.ID + " was taken in"})
}

func (d *Driver) envelope(s []connectors.Shipment, of []int) []byte {
	e := envelope{
		XSI: "http://www.w3.org/2001/XMLSchema-instance", Schema: "amzn-envelope.xsd",
		Version: "1.01", Merchant: d.seller, Type: "OrderFulfillment",
	}
	for n, i := range of {
		code, _ := d.Carrier(s[i].Carrier)
		e.Messages = append(e.Messages, feedMessage{
			ID: n + 1, Order: s[i].Order, Date: d.shipDate(nil, &s[i]).UTC().Format(iso), Carrier: code, Name: d.names[s[i].Carrier],
			Method: d.account.Settings["shipping_method"], Tracking: trackingOf(&s[i]),
		})
	}
	text, err := xml.Marshal(e)
	if err != nil { // texts and numbers only
		return nil
	}
	return append([]byte(xml.Header), text...)
}

// upload puts a document where Amazon says and returns its id. The upload carries
// nothing but the Content-Type that was announced: its address is signed.
func (d *Driver) upload(ctx context.Context, data []byte) (string, error) {
	reply, err := d.call(ctx, connectors.Request{Kind: "createFeedDocument", Method: http.MethodPost, Path: feedsAPI + "/documents", Safe: true},
		map[string]string{"contentType": feedContent})
	if err != nil {
		return "", err
	}
	var at struct {
		ID  string `json:"feedDocumentId"`
		URL string `json:"url"`
	}
	if err := unmarshal(reply.Body, &at); err != nil || at.ID == "" || at.URL == "" {
		return "", broken("createFeedDocument", "the reply has no document")
	}
	_, err = d.Do(ctx, connectors.Request{
		Kind: "upload", Method: http.MethodPut, URL: at.URL, Header: http.Header{"Content-Type": {feedContent}}, Body: data, Safe: true,
	})
	return at.ID, err
}

// document gets a document, unpacked.
func (d *Driver) document(ctx context.Context, kind, path string) ([]byte, error) {
	reply, err := d.read(ctx, kind, path, nil)
	if err != nil {
		return nil, err
	}
	var at struct {
		URL     string `json:"url"`
		Packing string `json:"compressionAlgorithm"`
	}
	if err := unmarshal(reply.Body, &at); err != nil || at.URL == "" {
		return nil, broken(kind, "the reply has no address")
	}
	got, err := d.Do(ctx, connectors.Request{Kind: "download", Method: http.MethodGet, URL: at.URL, Safe: true})
	if err != nil {
		return nil, err
	}
	if at.Packing != "GZIP" {
		return got.Body, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(got.Body))
	if err != nil {
		return nil, &connectors.Error{Class: connectors.Transient, Call: "download", Message: "the document is not packed as Amazon says", Err: err}
	}
	text, err := io.ReadAll(io.LimitReader(z, longestDocument+1))
	switch {
	case err != nil:
		return nil, &connectors.Error{Class: connectors.Transient, Call: "download", Message: "the document was cut off", Err: err}
	case len(text) > longestDocument:
		return nil, &connectors.Error{Class: connectors.Refused, Call: "download", Message: fmt.Sprintf("the document is longer than %d bytes", longestDocument)}
	}
	return text, nil
}

// A processingReport is the result of a feed.
type processingReport struct {
	XMLName xml.Name `xml:"AmazonEnvelope"`
	Type    string   `xml:"MessageType"`
	Report  *struct {
		Summary *struct {
			Processed int `xml:"MessagesProcessed"`
			Errors    int `xml:"MessagesWithError"`
		} `xml:"ProcessingSummary"`
		Results []feedResult `xml:"Result"`
	} `xml:"Message>ProcessingReport"`
}

type feedResult struct {
	Code    string `xml:"ResultCode"`
	Message string `xml:"ResultMessageCode"`
	Text    string `xml:"ResultDescription"`
	Order   string `xml:"AdditionalInfo>AmazonOrderID"`
}

// CheckShip asks what became of a feed. A feed that is done is read message by message;
// what it says failed, or what nobody knows of, is looked for in the orders themselves.
func (d *Driver) CheckShip(ctx context.Context, ref string, s []connectors.Shipment) []connectors.Result {
	reply, err := d.read(ctx, "getFeed", feedsAPI+"/feeds/"+url.PathEscape(ref), nil)
	if err != nil {
		if reply != nil && reply.Status == http.StatusNotFound {
			return d.look(ctx, s, func(int) connectors.Result { return connectors.Result{Detail: "Amazon does not know the feed " + ref} })
		}
		return connectors.Results(len(s), connectors.Result{Ref: ref, Detail: err.Error(), Err: err})
	}
	var f struct {
		Status   string `json:"processingStatus"`
		Document string `json:"resultFeedDocumentId"`
	}
	if err := unmarshal(reply.Body, &f); err != nil {
		return connectors.Results(len(s), connectors.Result{Ref: ref, Detail: err.Error()})
	}
	switch f.Status {
	case "DONE":
	case "CANCELLED", "FATAL":
		return d.look(ctx, s, func(int) connectors.Result {
			return connectors.Result{Outcome: connectors.Retry, Code: f.Status, Detail: "the feed " + ref + " ended " + f.Status}
		})
	default:
		return connectors.Results(len(s), connectors.Result{Ref: ref, Detail: "the feed is " + f.Status})
	}
	text, err := d.document(ctx, "getFeedDocument", feedsAPI+"/documents/"+url.PathEscape(f.Document))
	if err != nil {
		return connectors.Results(len(s), connectors.Result{Ref: ref, Detail: err.Error(), Err: err})
	}
	failed, stray, err := readReport(text)
	if err != nil {
		return d.look(ctx, s, func(int) connectors.Result {
			return connectors.Result{Outcome: connectors.Retry, Detail: "the result of the feed cannot be read: " + err.Error()}
		})
	}
	out := make([]connectors.Result, len(s))
	var look []int
	for i := range s {
		x, bad := failed[s[i].Order]
		switch {
		case bad:
			out[i] = rejected(x.Message, "%s", x.Text)
			look = append(look, i)
		case stray > 0:
			out[i] = connectors.Result{Outcome: connectors.Retry, Detail: "the result of the feed names no order for some errors"}
			look = append(look, i)
		default:
			out[i] = connectors.Result{Outcome: connectors.Done}
		}
	}
	part := make([]connectors.Shipment, len(look))
	for j, i := range look {
		part[j] = s[i]
	}
	for j, r := range d.look(ctx, part, func(j int) connectors.Result { return out[look[j]] }) {
		out[look[j]] = r
	}
	return out
}

// look settles parcels by what their orders show; otherwise says what becomes of one
// that is not shown.
func (d *Driver) look(ctx context.Context, s []connectors.Shipment, otherwise func(i int) connectors.Result) []connectors.Result {
	out := make([]connectors.Result, len(s))
	for i := range s {
		m, err := d.present(ctx, s[i].Order)
		r := otherwise(i)
		switch {
		case err != nil && r.Outcome == connectors.Rejected:
			r = connectors.Result{Outcome: connectors.Unknown, Code: r.Code, Detail: r.Detail + "; the order could not be read: " + err.Error()}
		case err != nil:
			r = connectors.Result{Outcome: connectors.Unknown, Detail: err.Error(), Err: err}
		case m == nil:
			r = rejected(codeUnknown, "Amazon does not know the order")
		case shows(m, trackingOf(&s[i])):
			r = connectors.Result{Outcome: connectors.Already, Detail: "Amazon shows the number"}
		case r.Outcome == connectors.Unknown:
			r.Outcome = connectors.Retry
		}
		out[i] = r
	}
	return out
}

// readReport gives the failures of a feed by order; stray counts those without one.
func readReport(text []byte) (failed map[string]feedResult, stray int, err error) {
	var r processingReport
	if err := xml.Unmarshal(text, &r); err != nil {
		return nil, 0, err
	}
	if r.Type != "ProcessingReport" || r.Report == nil || r.Report.Summary == nil {
		return nil, 0, fmt.Errorf("it is no processing report")
	}
	failed = map[string]feedResult{}
	for _, x := range r.Report.Results {
		switch {
		case x.Code != "Error":
		case x.Order == "":
			stray++
		default:
			failed[x.Order] = x
		}
	}
	if n := r.Report.Summary.Errors; n > len(failed)+stray {
		stray += n - len(failed) - stray
	}
	return failed, stray, nil
}

// unique leaves out what came before.
func unique(all []string) []string {
	var out []string
	for _, s := range all {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
