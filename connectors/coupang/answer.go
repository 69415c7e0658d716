package coupang

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/mallbridge/mallbridge/connectors"
)

// Stopped answers a stop request: the goods were held back. The whole request is
// cancelled by it. claim is [connectors.Claim.Key].
func (d *Driver) Stopped(ctx context.Context, claim string) connectors.Result {
	return d.answer(ctx, claim, "stoppedShipment", func(c *openClaim) any {
		return struct {
			Vendor  string      `json:"vendorId"`
			Receipt json.Number `json:"receiptId"`
			Count   json.Number `json:"cancelCount"`
		}{d.vendor, json.Number(claim), c.Sum}
	})
}

// Left answers a stop request: the goods had left under this number before it
// came. The buyer has to send them back.
func (d *Driver) Left(ctx context.Context, claim, carrier, tracking string) connectors.Result {
	courier, ok := d.Carrier(carrier)
	if !ok {
		_, r := reject("CARRIER", "Coupang has no courier for %q", carrier)
		return r
	}
	if err := checkNumber(courier, tracking); err != nil {
		_, r := reject("INVALID_INVOICE_NUMBER", "%v", err)
		return r
	}
	return d.answer(ctx, claim, "completedShipment", func(*openClaim) any {
		return struct {
			Vendor  string      `json:"vendorId"`
			Receipt json.Number `json:"receiptId"`
			Courier string      `json:"deliveryCompanyCode"`
			Invoice string      `json:"invoiceNumber"`
		}{d.vendor, json.Number(claim), courier, tracking}
	})
}

// openClaim is what an answer needs to know of a claim.
type openClaim struct {
	Status  text        `json:"receiptStatus"`
	Release text        `json:"releaseStopStatus"`
	Sum     json.Number `json:"cancelCountSum"`
}

// settled reports whether the claim was answered before, as stopped or as left.
func (c *openClaim) settled() bool {
	return c.Release != "" && c.Release != "미처리" && c.Release != "비대상"
}

// answer reads the claim, answers it, and looks again where no answer came back.
func (d *Driver) answer(ctx context.Context, claim, call string, body func(*openClaim) any) connectors.Result {
	if !allDigits(claim) {
		_, r := reject("RECEIPT", "%q is no number of a claim", claim)
		return r
	}
	c, err := d.claim(ctx, claim)
	switch {
	case err != nil:
		return notWritten(err)
	case c.settled():
		return connectors.Result{Outcome: connectors.Already, Code: string(c.Status), Detail: string(c.Release)}
	}
	e, err := d.write(ctx, call, http.MethodPut, d.vendorPath("v4", "/returnRequests/"+claim+"/"+call), body(c))
	if err != nil {
		r := connectors.ResultOf(err)
		if r.Outcome == connectors.Unknown {
			if c, err := d.claim(ctx, claim); err == nil && c.settled() {
				return connectors.Result{Outcome: connectors.Done, Code: string(c.Status), Detail: "no answer came; the mall shows " + string(c.Release)}
			}
		}
		return r
	}
	var a struct {
		Code text `json:"resultCode"`
		Text text `json:"resultMessage"`
	}
	if err := json.Unmarshal(e.Data, &a); err != nil || a.Code == "" {
		return connectors.Result{Detail: "the answer does not say what became of it"}
	}
	r := connectors.Result{Outcome: connectors.Done, Code: string(a.Code), Detail: string(a.Text)}
	if a.Code != "SUCCESS" {
		r.Outcome = connectors.Rejected
	}
	return r
}

// claim reads one claim. The mall gives it alone or in a list of one.
func (d *Driver) claim(ctx context.Context, id string) (*openClaim, error) {
	e, _, err := d.get(ctx, "returnRequest", d.vendorPath("v6", "/returnRequests/"+id))
	if err != nil {
		return nil, err
	}
	raw := e.Data
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		if err := e.records(); err != nil || len(e.List) != 1 {
			return nil, &connectors.Error{Class: connectors.Refused, Call: "returnRequest", Message: "the mall does not know the claim " + id, Err: err}
		}
		raw = e.List[0]
	}
	var c openClaim
	if err := json.Unmarshal(raw, &c); err != nil || c.Status == "" {
		return nil, &connectors.Error{Class: connectors.Transient, Call: "returnRequest", Message: "the claim cannot be read", Err: err}
	}
	return &c, nil
}
