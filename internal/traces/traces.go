// Package traces sends what the program does as spans to a collector of OpenTelemetry,
// if one is named by the standard variables. Otherwise nothing is made and nothing is
// sent.
//
// Whoever makes a span takes the tracer of the span in its context, so that only runs
// that are traced have any. Spans hold names of stages, accounts, warehouses, malls and
// calls, outcomes, codes and numbers; no texts of errors, which may name people.
package traces

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/order"
)

// Name names the program's tracer.
const Name = "github.com/mallbridge/mallbridge"

// patience is how long the end of the program waits for a collector to take what is
// left.
const patience = 2 * time.Second

// Options say who traces.
type Options struct {
	Getenv  func(string) string
	Version string // of the program
	Node    string // this machine
	Log     *slog.Logger
}

// Start returns a tracer and what to call at the end, which sends what is left. The
// tracer is nil if OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
// are empty, OTEL_TRACES_EXPORTER is none, or OTEL_SDK_DISABLED is true. Everything else
// (headers, certificates, time-outs, sampling, limits, resource) is read by the SDK from
// its own variables. A collector that cannot be reached loses spans and is told in the
// log, once a minute.
func Start(ctx context.Context, o Options) (trace.Tracer, func(), error) {
	nothing := func() {}
	if o.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")+o.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" ||
		strings.EqualFold(o.Getenv("OTEL_SDK_DISABLED"), "true") || o.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nothing, nil
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		if p := o.Getenv(name); !slices.Contains([]string{"", "http/protobuf"}, p) {
			return nil, nothing, order.Errorf(order.Invalid, "set it to http/protobuf, or leave it out; collectors take it at port 4318", "%s is %q, which is not spoken here", name, p)
		}
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, nothing, order.Errorf(order.Invalid, "check the variables OTEL_EXPORTER_OTLP_…", "traces: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "mallbridge"), attribute.String("service.version", o.Version), attribute.String("service.instance.id", o.Node),
	), resource.WithFromEnv())
	if err != nil {
		return nil, nothing, order.Errorf(order.Invalid, "write OTEL_RESOURCE_ATTRIBUTES as name=value,name=value", "traces: %w", err)
	}
	otel.SetErrorHandler(&seldom{log: o.Log})
	p := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))
	return p.Tracer(Name), func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			otel.Handle(err)
		}
	}, nil
}

// seldom logs what goes wrong with traces, once a minute.
type seldom struct {
	log *slog.Logger

	mu   sync.Mutex
	last time.Time
}

// Handle implements [otel.ErrorHandler].
func (s *seldom) Handle(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.last) > time.Minute {
		s.last = now
		s.log.Warn("traces could not be sent; they are lost, and the work goes on", "err", secrets.Redact(fmt.Sprint(err)))
	}
}
