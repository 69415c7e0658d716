package coupang_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/coupang"
	mall "github.com/mallbridge/mallbridge/simulator/coupang"
)

func TestAnswersToStopRequests(t *testing.T) {
	ask := func(r *rig, status string) (*coupang.Driver, string, int64) {
		o := r.two(1, status)
		n := r.number(o.Number)
		id, err := r.AskCancel(vendor, n, map[int64]int64{r.number(seaweed): 2})
		r.check(err)
		return r.Driver.Driver().(*coupang.Driver), fmt.Sprint(id), n
	}
	t.Run("held back", func(t *testing.T) {
		r := newRig(t)
		d, claim, n := ask(r, mall.Instruct)
		r.Want(d.Stopped(t.Context(), claim), connectors.Done, "SUCCESS")
		r.Want(d.Stopped(t.Context(), claim), connectors.Already, "")
		o := r.Order(fmt.Sprint(n))
		if len(o.Flags) != 0 || o.Packages[0].Lines[0].Quantity != 1 {
			t.Errorf("%+v", o)
		}
	})
	t.Run("had left", func(t *testing.T) {
		r := newRig(t)
		d, claim, n := ask(r, mall.Instruct)
		r.Want(d.Left(t.Context(), claim, "no-such-carrier", "1"), connectors.Rejected, "CARRIER")
		r.Want(d.Left(t.Context(), claim, "cj", "1"), connectors.Rejected, "INVALID_INVOICE_NUMBER")
		r.Want(d.Left(t.Context(), claim, "cj", "690000000101"), connectors.Done, "SUCCESS")
		if b := r.Bundles(vendor, n)[0]; b.Invoice != "690000000101" {
			t.Errorf("%+v", b)
		}
		r.Want(d.Stopped(t.Context(), claim), connectors.Already, "")
	})
	t.Run("no answer came", func(t *testing.T) {
		r := newRig(t)
		d, claim, _ := ask(r, mall.Instruct)
		r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
			m.ServeHTTP(httptest.NewRecorder(), q)
			if q.Method == http.MethodPut {
				w.WriteHeader(http.StatusGatewayTimeout)
				return
			}
			m.ServeHTTP(w, q)
		})
		r.Want(d.Stopped(t.Context(), claim), connectors.Done, "RETURNS_COMPLETED")
	})
	t.Run("not a stop request", func(t *testing.T) {
		r := newRig(t)
		d, claim, _ := ask(r, mall.Accept)
		r.Want(d.Stopped(t.Context(), claim), connectors.Rejected, "")
		r.Want(d.Stopped(t.Context(), "1"), connectors.Rejected, "")
		r.Want(d.Stopped(t.Context(), "no number"), connectors.Rejected, "RECEIPT")
	})
}
