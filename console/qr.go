package console

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"

	"github.com/boombuler/barcode/qr"

	"github.com/mallbridge/mallbridge/order"
)

// Of a QR code: points of each of its squares, and squares of white around it, as
// ISO/IEC 18004 wants.
const qrScale, qrQuiet = 6, 4

// qrPNG draws a text as a QR code, black on white whatever the page's colours are.
func qrPNG(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	n := code.Bounds().Dx()
	side := (n + 2*qrQuiet) * qrScale
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range n * qrScale {
		for x := range n * qrScale {
			if r, _, _, _ := code.At(x/qrScale, y/qrScale).RGBA(); r == 0 {
				img.SetColorIndex(x+qrQuiet*qrScale, y+qrQuiet*qrScale, 1)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	return b.Bytes(), nil
}

// factorCode is the picture from which an authenticator app reads a second factor that
// is being set up. Once it is confirmed there is none.
func (c *Console) factorCode(w http.ResponseWriter, r *http.Request) {
	q, err := c.request(w, r)
	var d meData
	if err == nil {
		d, err = c.ownFactor(q)
	}
	if err == nil && d.Address == "" {
		err = order.Errorf(order.NotFound, "", "no second factor is being set up")
	}
	var img []byte
	if err == nil {
		img, err = qrPNG(d.Address)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(img) // the browser may be gone
}
