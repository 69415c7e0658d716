package format

import (
	"io"

	"github.com/mallbridge/mallbridge/order"
)

func newBookWriter(f *Format, _ io.Writer) (bookWriter, error) {
	return nil, order.Errorf(order.Invalid, "", "format %s: spreadsheets cannot be written yet", f.Name())
}
