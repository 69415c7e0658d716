package amazon

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// presigned is where documents are put and got, without a token.
const presigned = "/presigned/"

// A file is a document of a feed or report.
type file struct {
	id       string
	kind     string // Content-Type of an upload
	data     []byte
	put      bool
	packed   bool
	seller   *seller
	created  time.Time
	offered  time.Time // when the address was given
	signed   string
	download bool
}

func (m *Mall) file(s *seller, f *file) *file {
	f.id, f.seller, f.created = "amzn1.spdoc.1.4.fe."+m.next(), s, m.opt.Now()
	m.files[f.id] = f
	return f
}

// address gives the file an address that lives five minutes.
func (c *call) address(f *file) string {
	f.offered, f.signed = c.now, c.m.next()
	scheme := "http://"
	if c.r.TLS != nil {
		scheme = "https://"
	}
	return scheme + c.r.Host + presigned + f.id + "?X-Amz-Signature=" + f.signed
}

// storage takes uploads and gives downloads.
func (m *Mall) storage(w http.ResponseWriter, r *http.Request, body []byte) {
	f := m.files[strings.TrimPrefix(r.URL.Path, presigned)]
	no := func(what string) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>"+what+"</Code></Error>")
	}
	if f == nil || r.URL.RawQuery != "X-Amz-Signature="+f.signed {
		no("SignatureDoesNotMatch")
		return
	}
	if m.opt.Now().Sub(f.offered) > urlLife {
		no("AccessDenied: Request has expired")
		return
	}
	for k := range r.Header {
		if strings.HasPrefix(strings.ToLower(k), "x-amz") || k == "Authorization" {
			no("SignatureDoesNotMatch: " + k)
			return
		}
	}
	switch {
	case f.download && r.Method == http.MethodGet:
		data := f.data
		if f.packed {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write(data)
			_ = z.Close()
			data = b.Bytes()
		}
		w.Header().Set("Content-Type", f.kind)
		_, _ = w.Write(data)
	case !f.download && r.Method == http.MethodPut:
		if r.Header.Get("Content-Type") != f.kind {
			no("SignatureDoesNotMatch: Content-Type")
			return
		}
		f.data, f.put = body, true
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func createFeedDocument(c *call) answer {
	var b struct {
		Type string `json:"contentType"`
	}
	if err := c.decode(&b); err != nil || b.Type == "" {
		return invalid("contentType: %v", err)
	}
	f := c.m.file(c.s, &file{kind: b.Type})
	return answer{http.StatusCreated, object{"feedDocumentId": f.id, "url": c.address(f)}}
}

// A feed of confirmations.
type feed struct {
	id, kind string
	file     *file
	result   *file
	created  time.Time
	done     bool
	fatal    bool
}

func createFeed(c *call) answer {
	var b struct {
		Type    string            `json:"feedType"`
		Markets []string          `json:"marketplaceIds"`
		File    string            `json:"inputFeedDocumentId"`
		Options map[string]string `json:"feedOptions"`
	}
	if err := c.decode(&b); err != nil {
		return invalid("%v", err)
	}
	f := c.m.files[b.File]
	switch {
	case !slices.Equal(b.Markets, []string{Japan}):
		return invalid("marketplaceIds")
	case f == nil || f.download || f.seller != c.s:
		return failure(http.StatusNotFound, "NotFound", "The requested resource was not found.", "document")
	case !f.put || c.now.Sub(f.created) > documents:
		return invalid("nothing was uploaded, or more than two days ago")
	case b.Type == "":
		return invalid("feedType")
	}
	x := &feed{id: c.m.next(), kind: b.Type, file: f, created: c.now}
	c.s.feeds[x.id] = x
	return answer{http.StatusAccepted, object{"feedId": x.id}}
}

func getFeed(c *call) answer {
	f := c.s.feeds[c.vars["feedId"]]
	if f == nil {
		return failure(http.StatusNotFound, "NotFound", "The requested resource was not found.", "feed")
	}
	m := object{"feedId": f.id, "feedType": f.kind, "marketplaceIds": []string{Japan}, "createdTime": f.created.UTC().Format(time.RFC3339), "processingStatus": "IN_QUEUE"}
	switch {
	case f.fatal:
		m["processingStatus"] = "FATAL"
	case f.done:
		m["processingStatus"], m["resultFeedDocumentId"] = "DONE", f.result.id
	case c.now.Sub(f.created) > queued:
		m["processingStatus"] = "IN_PROGRESS"
	}
	return answer{http.StatusOK, m}
}

func getFeedDocument(c *call) answer { return getDocument(c, "feedDocumentId") }

func getDocument(c *call, name string) answer {
	f := c.m.files[c.vars[name]]
	if f == nil || !f.download || f.seller != c.s {
		return failure(http.StatusNotFound, "NotFound", "The requested resource was not found.", "document")
	}
	m := object{name: f.id, "url": c.address(f)}
	if f.packed {
		m["compressionAlgorithm"] = "GZIP"
	}
	return answer{http.StatusOK, m}
}

// A node is an element of a feed.
type node struct {
	name     string
	text     string
	children []*node
}

func (n *node) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	n.name = start.Name.Local
	for {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch x := t.(type) {
		case xml.StartElement:
			child := &node{}
			if err := child.UnmarshalXML(d, x); err != nil {
				return err
			}
			n.children = append(n.children, child)
		case xml.CharData:
			n.text += string(x)
		case xml.EndElement:
			n.text = strings.TrimSpace(n.text)
			return nil
		}
	}
}

func (n *node) get(name string) string {
	for _, c := range n.children {
		if c.name == name {
			return c.text
		}
	}
	return ""
}

// in reports whether the children come in the schema's order: a name with ! is
// required, one with * may come again.
func (n *node) in(schema ...string) error {
	i := 0
	for _, s := range schema {
		name := strings.TrimRight(s, "!*")
		count := 0
		for i < len(n.children) && n.children[i].name == name && (count == 0 || strings.HasSuffix(s, "*")) {
			i++
			count++
		}
		if count == 0 && strings.HasSuffix(s, "!") {
			return fmt.Errorf("%s lacks %s, or it is out of order", n.name, name)
		}
	}
	if i < len(n.children) {
		return fmt.Errorf("%s: %s is unknown or out of order", n.name, n.children[i].name)
	}
	return nil
}

type outcome struct {
	message, code, text, order string
}

// work works a feed off.
func (m *Mall) work(s *seller, f *feed) {
	f.done = true
	if f.fatal = f.kind != "POST_ORDER_FULFILLMENT_DATA" || m.faults.Fatal; f.fatal {
		return
	}
	total, bad, err := m.messages(s, f)
	if err != nil {
		f.fatal = true
		return
	}
	var b strings.Builder
	esc := func(t string) string {
		var e strings.Builder
		_ = xml.EscapeText(&e, []byte(t))
		return e.String()
	}
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>
<AmazonEnvelope><Header><DocumentVersion>1.02</DocumentVersion><MerchantIdentifier>%s</MerchantIdentifier></Header><MessageType>ProcessingReport</MessageType><Message><MessageID>1</MessageID><ProcessingReport><DocumentTransactionID>%s</DocumentTransactionID><StatusCode>Complete</StatusCode><ProcessingSummary><MessagesProcessed>%d</MessagesProcessed><MessagesSuccessful>%d</MessagesSuccessful><MessagesWithError>%d</MessagesWithError><MessagesWithWarning>0</MessagesWithWarning></ProcessingSummary>`,
		s.ID, f.id, total, total-len(bad), len(bad))
	for _, x := range bad {
		fmt.Fprintf(&b, `<Result><MessageID>%s</MessageID><ResultCode>Error</ResultCode><ResultMessageCode>%s</ResultMessageCode><ResultDescription>%s</ResultDescription><AdditionalInfo><AmazonOrderID>%s</AmazonOrderID></AdditionalInfo></Result>`,
			x.message, x.code, esc(x.text), x.order)
	}
	b.WriteString(`</ProcessingReport></Message></AmazonEnvelope>`)
	f.result = m.file(s, &file{kind: "text/xml; charset=UTF-8", data: []byte(b.String()), download: true, packed: len(bad) > 0})
}

func (m *Mall) messages(s *seller, f *feed) (total int, bad []outcome, err error) {
	var root node
	if err := xml.Unmarshal(f.file.data, &root); err != nil {
		return 0, nil, err
	}
	if root.name != "AmazonEnvelope" || f.file.kind != "text/xml; charset=UTF-8" {
		return 0, nil, fmt.Errorf("%s", root.name)
	}
	if err := root.in("Header!", "MessageType!", "Message*"); err != nil {
		return 0, nil, err
	}
	h := root.children[0]
	if err := h.in("DocumentVersion!", "MerchantIdentifier!"); err != nil || h.get("DocumentVersion") != "1.01" || h.get("MerchantIdentifier") != s.ID || root.children[1].text != "OrderFulfillment" {
		return 0, nil, fmt.Errorf("header: %v", err)
	}
	seen := map[string]bool{}
	for _, msg := range root.children[2:] {
		total++
		id := msg.get("MessageID")
		if err := msg.in("MessageID!", "OrderFulfillment!"); err != nil || !positive.MatchString(id) || seen[id] {
			return 0, nil, fmt.Errorf("message %q: %v", id, err)
		}
		seen[id] = true
		of := msg.children[1]
		no := func(code, text string) { bad = append(bad, outcome{id, code, text, of.get("AmazonOrderID")}) }
		p, err := fulfilment(of)
		o := s.byNo[of.get("AmazonOrderID")]
		switch {
		case err != nil:
			no("18001", err.Error())
		case o == nil:
			no("18006", "sample: the order does not exist")
		case m.faults.Async:
			no("18028", "sample: not carried out")
		case o.status == Shipped:
			no("18060", "sample: nothing is left to ship")
		default:
			if code, text := o.ship(p, m.opt.Now(), m.faults.Silent); code != "" {
				no("18028", "sample: "+text)
			}
		}
	}
	return total, bad, nil
}

func fulfilment(of *node) (shipped, error) {
	p := shipped{date: of.get("FulfillmentDate"), cod: of.get("CODCollectionMethod") == "DirectPayment"}
	if err := of.in("AmazonOrderID!", "MerchantFulfillmentID", "FulfillmentDate!", "FulfillmentData", "CODCollectionMethod", "Item*", "ShipFromAddress"); err != nil {
		return p, err
	}
	for _, c := range of.children {
		switch c.name {
		case "FulfillmentData":
			if err := c.in("CarrierCode", "CarrierName", "ShippingMethod", "ShipperTrackingNumber"); err != nil {
				return p, err
			}
			p.carrier, p.name, p.method, p.tracking = c.get("CarrierCode"), c.get("CarrierName"), c.get("ShippingMethod"), c.get("ShipperTrackingNumber")
		case "Item":
			if err := c.in("AmazonOrderItemCode!", "MerchantFulfillmentItemID", "Quantity", "TransparencyCode*"); err != nil {
				return p, err
			}
			n, err := strconv.ParseInt(c.get("Quantity"), 10, 64)
			if err != nil || n < 1 {
				return p, fmt.Errorf("the quantity %q", c.get("Quantity"))
			}
			if p.items == nil {
				p.items = map[string]int64{}
			}
			p.items[c.get("AmazonOrderItemCode")] += n
		}
	}
	return p, nil
}
