// Package postgres says how the program connects to PostgreSQL, so that neither a
// node that stands still nor one that is cut off holds up the others.
package postgres

import (
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
)

// silence is how long a connection may give no sign of life before either side
// ends it.
const silence = time.Minute

// settings are sent to the server where the address does not say otherwise.
var settings = map[string]string{
	"application_name": "mallbridge",
	// What a node that was frozen in the middle of a transaction has locked.
	"idle_in_transaction_session_timeout": "30000",
	// What a machine that is gone has locked.
	"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3",
}

// Config is how to connect to the database at a postgres:// address.
func Config(address string) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, err // without the password: pgx leaves it out
	}
	Prepare(c)
	return c, nil
}

// Prepare adds to a configuration what every connection of the program has.
func Prepare(c *pgx.ConnConfig) {
	for name, value := range settings {
		if _, said := c.RuntimeParams[name]; !said {
			c.RuntimeParams[name] = value
		}
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	d := &net.Dialer{
		Timeout:         c.ConnectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silence / 2, Interval: silence / 6, Count: 3},
		Control:         control,
	}
	c.DialFunc = d.DialContext
}

// Redacted is an address without its password, for people.
func Redacted(address string) string {
	c, err := pgx.ParseConfig(address)
	if err != nil {
		return "postgres"
	}
	return fmt.Sprintf("postgres://%s@%s:%d/%s", c.User, c.Host, c.Port, c.Database)
}
