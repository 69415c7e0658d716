package console_test

import (
	"net/http"
	"testing"

	"github.com/mallbridge/mallbridge/ledger"
)

const twins = `order_number,status,payment,to_name,to_phone,to_postal,to_prefecture,to_city,to_street,item_code,sku_code,item_name,quantity,price,total
C-21,ready,prepaid,見本 花子,03-0000-0021,1000001,東京都,千代田区,千代田0-1,P-TOWEL-W,TOWEL-W,タオル,1,2000,2000
C-22,ready,prepaid,見本 花子,03-0000-0021,1000001,東京都,千代田区,千代田0-1,P-TOWEL-W,TOWEL-W,タオル,2,2000,4000
C-23,ready,prepaid,見本 太郎,03-0000-0023,1000001,東京都,千代田区,千代田0-1,P-TOWEL-W,TOWEL-W,タオル,1,2000,2000
`

// Orders that the account leaves apart go in one parcel by a person's word, and apart
// again.
func TestMergeByHand(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	a, _ := s.world().Workspace.Account("plain-1")
	a.Merge.Never = true
	v.want(v.post(v.upload("plain-1", "twins.csv", []byte(twins)).path+"/take"), http.StatusOK)
	s.stage("plan", "plain-1")
	v.shows(v.get("/orders/plain-1/C-21"), "One parcel with another order", "to the same recipient: C-22")
	v.want(v.post("/orders/plain-1/C-21/merge", "with", "C-22", "note", ""), http.StatusBadRequest)
	v.want(v.post("/orders/plain-1/C-21/merge", "with", "no-such-order", "note", "x"), http.StatusBadRequest)
	v.want(v.post("/orders/plain-1/C-21/merge", "with", "C-21", "note", "x"), http.StatusBadRequest)
	v.shows(v.want(v.post("/orders/plain-1/C-21/merge", "with", "C-23", "note", "x"), http.StatusConflict), "the recipients of orders C-21 and C-23 differ")
	viewer := s.as("v", ledger.Viewer, "en")
	viewer.want(viewer.post("/orders/plain-1/C-21/merge", "with", "C-22", "note", "x"), http.StatusForbidden)
	v.shows(v.want(v.post("/orders/plain-1/C-21/merge", "with", "C-22", "note", "one box is enough"), http.StatusOK), "in one parcel with C-22", "Take the merge back")
	places := func(number string) []ledger.Place {
		rows, err := s.world().Ledger.OrdersByNumber(t.Context(), number, "plain-1")
		s.check(err)
		ps, err := s.world().Ledger.PlacesOf(t.Context(), rows[0].ID)
		s.check(err)
		return ps
	}
	s.stage("plan", "plain-1")
	if x, y := places("C-21"), places("C-22"); len(x) != 1 || len(y) != 1 || x[0].Number != y[0].Number {
		t.Errorf("the parcels are %v and %v", x, y)
	}
	v.shows(v.get("/orders/plain-1/C-22"), "one parcel with order C-21: one box is enough", "hanako")
	v.shows(v.want(v.post("/orders/plain-1/C-22/merge", "do", "apart", "note", "two after all"), http.StatusOK), "C-22 is planned again")
	s.stage("plan", "plain-1")
	if x, y := places("C-21"), places("C-22"); len(x) != 1 || len(y) != 1 || x[0].Number == y[0].Number {
		t.Errorf("the parcels are %v and %v", x, y)
	}
}
