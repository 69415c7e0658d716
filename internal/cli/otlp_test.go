package cli

import (
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// startCollector takes traces as a collector of OpenTelemetry does, keeps every request
// in a folder, and lets the program send them: otlp DIR [STATUS].
func startCollector(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: otlp DIR [STATUS]")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	status := http.StatusOK
	if len(args) > 1 {
		_, err := fmt.Sscan(args[1], &status)
		ts.Check(err)
	}
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			body = z
		}
		data, err := io.ReadAll(body)
		if err == nil && r.URL.Path != "/v1/traces" {
			err = fmt.Errorf("%s is no path of traces", r.URL.Path)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.pb", n.Add(1))), data, 0o666)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.WriteHeader(status)
	}))
	ts.Defer(server.Close)
	ts.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
}

// printTraces prints what a collector got as trees: traces DIR. What differs from run to
// run, sizes and waits, is left out; -all prints every text there is instead.
func printTraces(ts *testscript.TestScript, neg bool, args []string) {
	all := len(args) == 2 && args[0] == "-all"
	if neg || len(args) != 1 && !all {
		ts.Fatalf("usage: traces [-all] DIR")
	}
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[len(args)-1]), "*.pb"))
	ts.Check(err)
	children := map[string][]*otlp.Span{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		ts.Check(err)
		var req collector.ExportTraceServiceRequest
		ts.Check(proto.Unmarshal(data, &req))
		for _, r := range req.ResourceSpans {
			if all {
				fmt.Fprintln(ts.Stdout(), r)
			}
			for _, s := range r.ScopeSpans {
				for _, x := range s.Spans {
					children[string(x.ParentSpanId)] = append(children[string(x.ParentSpanId)], x)
				}
			}
		}
	}
	if !all {
		printSpans(ts.Stdout(), children, "", 0)
	}
}

func printSpans(w io.Writer, children map[string][]*otlp.Span, parent string, depth int) {
	spans := children[parent]
	slices.SortStableFunc(spans, func(a, b *otlp.Span) int { return cmp.Compare(a.StartTimeUnixNano, b.StartTimeUnixNano) })
	for _, s := range spans {
		var attrs []string
		for _, a := range s.Attributes {
			if a.Key != "http.response.body.size" {
				attrs = append(attrs, strings.TrimPrefix(a.Key, "mallbridge.")+"="+attribute(a.Value))
			}
		}
		slices.Sort(attrs)
		status := ""
		if s.Status.GetCode() == otlp.Status_STATUS_CODE_ERROR {
			status = " ERROR " + s.Status.GetMessage()
		}
		fmt.Fprintf(w, "%s%s: %s%s\n", strings.Repeat("  ", depth), s.Name, strings.Join(attrs, " "), status)
		printSpans(w, children, string(s.SpanId), depth+1)
	}
}

func attribute(v *common.AnyValue) string {
	if n, ok := v.Value.(*common.AnyValue_IntValue); ok {
		return fmt.Sprint(n.IntValue)
	}
	return v.GetStringValue()
}
