package serve

import (
	"maps"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mallbridge/mallbridge/connectors"
)

func TestCallsAreCounted(t *testing.T) {
	var calls connectors.Counters
	calls.Called(connectors.Call{Mall: "rakuten", Account: "shop", Kind: "getOrder", Try: 1, Status: 429, Bytes: 10, Waited: time.Second})
	calls.Called(connectors.Call{Mall: "rakuten", Account: "shop", Kind: "getOrder", Try: 2, Status: 200, OK: true, Bytes: 90, Took: 2 * time.Second})
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(&callCollector{&calls})
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if len(m.GetLabel()) != 3 {
				t.Errorf("%s: %v", f.GetName(), m.GetLabel())
			}
			got[f.GetName()] = m.GetCounter().GetValue()
		}
	}
	want := map[string]float64{
		"mallbridge_mall_calls_total": 2, "mallbridge_mall_calls_repeated_total": 1, "mallbridge_mall_calls_failed_total": 1, "mallbridge_mall_calls_throttled_total": 1,
		"mallbridge_mall_reply_bytes_total": 100, "mallbridge_mall_pace_seconds_total": 1, "mallbridge_mall_call_seconds_total": 2,
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
