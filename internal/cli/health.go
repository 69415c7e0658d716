package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mallbridge/mallbridge/order"
)

// healthWait is how long serve may take to answer: longer than its own checks.
const healthWait = 15 * time.Second

func (a *app) healthCmd() *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask the serve of this machine whether all is well",
		Long: `Health asks the serve that listens at console.listen for its /healthz, and prints the
answer. It needs no login and reads no ledger: for health checks of containers and
watchdogs. doctor looks deeper.

Exit codes: 0 all is well; 1 it is not, or nobody answers; 2 the configuration has
errors.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if listen == "" {
				ws, err := a.workspace()
				if err != nil {
					return err
				}
				listen = ws.Settings.Console.Listen
			}
			return a.health(c.Context(), listen)
		},
	}
	c.Flags().StringVar(&listen, "listen", "", "where serve listens (default: console.listen)")
	return c
}

func (a *app) health(ctx context.Context, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return usage{order.Errorf(order.Invalid, "write address:port, as 127.0.0.1:8383", "serve has no pages at %q", listen)}
	}
	// Who listens everywhere is asked here.
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, stop := context.WithTimeout(ctx, healthWait)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", http.NoBody)
	if err != nil {
		return err
	}
	// No proxy of the environment is meant for this machine itself.
	res, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
	if err != nil {
		return order.Errorf(order.Retry, "is serve running? its log says why not", "%w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return order.Errorf(order.Retry, "", "%s: %w", req.URL, err)
	}
	fmt.Fprintln(a.out, strings.TrimSpace(string(body)))
	if res.StatusCode != http.StatusOK {
		return exit(Failed)
	}
	return nil
}
