package rakuten

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// Expires asks when the licence key ends. RMS answers without a zone, in Japanese
// time.
func (d *Driver) Expires(ctx context.Context) (time.Time, error) {
	key, err := d.client.secret("license_key")
	if err != nil {
		return time.Time{}, err
	}
	reply, err := d.client.call(ctx, connectors.Request{
		Kind: "getLicenseExpiry", Method: http.MethodGet, Path: "/es/1.0/license-management/license-key/expiry-date",
		Query: url.Values{"licenseKey": {key}}.Encode(), Safe: true,
	}, nil)
	if err != nil {
		return time.Time{}, err
	}
	var r struct {
		Date string `json:"expiryDate"`
	}
	if err := unmarshal(reply.Body, &r); err != nil {
		return time.Time{}, &connectors.Error{Class: connectors.Transient, Call: "getLicenseExpiry", Err: err}
	}
	at, err := time.ParseInLocation("2006-01-02T15:04:05", r.Date, d.account.Zone)
	if err != nil {
		return time.Time{}, &connectors.Error{Class: connectors.Refused, Call: "getLicenseExpiry", Message: "expiryDate cannot be read", Err: err}
	}
	return at, nil
}

// Test tries each function that the program needs. Those that write are called
// without any record: RMS then misses the field, which it only says where the
// function is switched on.
func (d *Driver) Test(ctx context.Context) []connectors.Check {
	var out []connectors.Check
	now := d.client.Now()
	end, err := d.Expires(ctx)
	c := check("getLicenseExpiry", err)
	if err == nil {
		c.Detail = "the licence key works until " + end.Format("2006-01-02 15:04 MST")
	}
	out = append(out, c)
	_, err = d.search(ctx, connectors.Window{From: now.Add(-time.Hour), To: now}, nil, 1, 1)
	out = append(out, check("searchOrder", err))
	_, err = d.client.order(ctx, "getOrder", true, map[string]any{"orderNumberList": []string{"000000-20000101-0000000000"}, "version": d.version})
	out = append(out, check("getOrder", missing(err)))
	for _, f := range []struct {
		name string
		body any
	}{
		{"confirmOrder", map[string]any{"orderNumberList": []string{}}},
		{"updateOrderShippingAsync", map[string]any{"OrderShippingModelList": []string{}}},
		{"getResultUpdateOrderShippingAsync", struct{}{}},
	} {
		_, err = d.client.order(ctx, f.name, true, f.body)
		out = append(out, check(f.name, missing(err)))
	}
	_, err = d.client.call(ctx, connectors.Request{
		Kind: "bulkGetInventories", Method: http.MethodPost, Path: "/es/2.0/inventories/bulk-get", Safe: true,
	}, map[string]any{"inventories": []any{}})
	out = append(out, check("bulkGetInventories", missing(err)))
	_, err = d.client.call(ctx, connectors.Request{
		Kind: "searchItems", Method: http.MethodGet, Path: "/es/2.0/items/search", Query: "hits=1", Safe: true,
	}, nil)
	out = append(out, check("searchItems", missing(err)))
	return explain(out)
}

// missing forgets a refusal: the function is on and misses its fields.
func missing(err error) error {
	if err != nil && connectors.ClassOf(err) == connectors.Refused {
		return nil
	}
	return err
}

func check(name string, err error) connectors.Check {
	if err == nil {
		return connectors.Check{Name: name, OK: true}
	}
	e := connectors.AsError(err)
	c := connectors.Check{Name: name, Detail: e.Error(), Do: e.Hint}
	if c.Do == "" {
		c.Do = "try again later; if it stays, send the detail to the shop's RMS contact"
	}
	return c
}

// explain tells a key that works nowhere from a function that is not switched on:
// the gateway says the same of both.
func explain(checks []connectors.Check) []connectors.Check {
	works := false
	for _, c := range checks {
		works = works || c.OK
	}
	if !works {
		return checks
	}
	for i := range checks {
		if !checks[i].OK {
			checks[i].Do = "the key works elsewhere: switch " + checks[i].Name + " on in RMS (拡張サービス → WEB APIサービス → 利用設定 → 利用機能編集)"
		}
	}
	return checks
}

// A SubStatus is a status of the shop's own under one of RMS's.
type SubStatus struct {
	Progress string // 100 … 900
	ID       string
	Name     string
}

// SubStatuses lists the shop's own statuses, for an account's statuses table.
func (d *Driver) SubStatuses(ctx context.Context) ([]SubStatus, error) {
	reply, err := d.client.order(ctx, "getSubStatusList", true, struct{}{})
	if err != nil {
		return nil, err
	}
	var r struct {
		Status []struct {
			Progress number `json:"orderProgress"`
			Sub      []struct {
				ID   text `json:"subStatusId"`
				Name text `json:"subStatusName"`
			} `json:"SubStatusModelList"`
		} `json:"StatusModelList"`
	}
	if err := unmarshal(reply.Body, &r); err != nil {
		return nil, &connectors.Error{Class: connectors.Transient, Call: "getSubStatusList", Err: err}
	}
	var out []SubStatus
	for _, s := range r.Status {
		for _, x := range s.Sub {
			out = append(out, SubStatus{s.Progress.text(), string(x.ID), string(x.Name)})
		}
	}
	return out, nil
}

func manageNumberOf(raw json.RawMessage) string {
	var it struct {
		ManageNumber text `json:"manageNumber"`
	}
	if json.Unmarshal(raw, &it) != nil {
		return ""
	}
	return string(it.ManageNumber)
}
