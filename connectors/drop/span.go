package drop

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// step makes a span of one step of a delivery if the run is traced. Names of files and
// texts of errors stay out.
func step(ctx context.Context, name string) (context.Context, func(error)) {
	ctx, span := trace.SpanFromContext(ctx).TracerProvider().Tracer("github.com/mallbridge/mallbridge").Start(ctx, "drop "+name)
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, outcome(err))
		}
		span.SetAttributes(attribute.String("mallbridge.outcome", outcome(err)))
		span.End()
	}
}

// outcome is what an error of a step means, in one word.
func outcome(err error) string {
	var e *Error
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrForeign):
		return "foreign"
	case errors.Is(err, ErrUnknown):
		return "unknown"
	case errors.Is(err, ErrIncomplete):
		return "incomplete"
	case errors.As(err, &e) && e.Class == ClassTemporary:
		return "temporary"
	case errors.As(err, &e) && e.Class == ClassConfig:
		return "config"
	}
	return "refused"
}
