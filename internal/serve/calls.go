package serve

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mallbridge/mallbridge/connectors"
)

// A callCollector shows what calls of malls' APIs were made.
type callCollector struct{ calls *connectors.Counters }

var (
	descCalls     = descOf("mallbridge_mall_calls_total")
	descRepeats   = descOf("mallbridge_mall_calls_repeated_total")
	descFailed    = descOf("mallbridge_mall_calls_failed_total")
	descThrottled = descOf("mallbridge_mall_calls_throttled_total")
	descBytes     = descOf("mallbridge_mall_reply_bytes_total")
	descWaited    = descOf("mallbridge_mall_pace_seconds_total")
	descTook      = descOf("mallbridge_mall_call_seconds_total")
)

// Describe implements prometheus.Collector.
func (c *callCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descCalls, descRepeats, descFailed, descThrottled, descBytes, descWaited, descTook} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *callCollector) Collect(ch chan<- prometheus.Metric) {
	for _, n := range c.calls.All() {
		for _, x := range []struct {
			desc *prometheus.Desc
			v    float64
		}{
			{descCalls, float64(n.Calls)},
			{descRepeats, float64(n.Repeats)},
			{descFailed, float64(n.Failed)},
			{descThrottled, float64(n.Throttled)},
			{descBytes, float64(n.Bytes)},
			{descWaited, n.Waited.Seconds()},
			{descTook, n.Took.Seconds()},
		} {
			ch <- prometheus.MustNewConstMetric(x.desc, prometheus.CounterValue, x.v, n.Mall, n.Account, n.Kind)
		}
	}
}
