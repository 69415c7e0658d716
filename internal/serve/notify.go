package serve

import (
	"net"
	"strconv"
	"time"
)

// notify tells systemd a state, as in the manual page sd_notify(3): one datagram
// of NAME=VALUE lines to the socket that NOTIFY_SOCKET names. A name that begins
// with @ is in the abstract namespace.
func notify(socket, state string) error {
	if socket == "" {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	_, err = c.Write([]byte(state))
	return err
}

func micros(ns int64) string { return strconv.FormatInt(ns/1000, 10) }
