package drop_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/sshtest"
)

var cuts = flag.Int("drop.cuts", 12, "byte positions at which TestCut cuts, for each part and each way")

// TestCut cuts the connection to a real sshd at byte positions of the whole
// delivery, each way, lets the next run look and go on, and expects one whole
// file and no trace of another.
func TestCut(t *testing.T) {
	for name, way := range map[string]sshtest.Direction{"requests": sshtest.Up, "answers": sshtest.Down} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newCutter(t).sweep(t, way)
		})
	}
}

// A cutter delivers one batch again and again through a proxy.
type cutter struct {
	root    string
	profile drop.Profile
	proxy   *sshtest.Proxy
	text    string
	v       drop.Delivery

	uploaded bool // what the ledger would have recorded
}

func newCutter(t *testing.T) *cutter {
	s := sshtest.Start(t)
	mkdirs(t, s.Root, "in", "done")
	c := &cutter{root: s.Root, proxy: sshtest.StartProxy(t, s.Addr), text: content(7, 600_000)}
	c.profile = through(s, c.proxy)
	c.v = delivery(c.text)
	c.v.DoneMark = "END"
	return c
}

// run is what the instruct stage does with one batch after a start.
func (c *cutter) run(t *testing.T) error {
	d, err := drop.Open(t.Context(), c.profile)
	if err != nil {
		return err
	}
	defer d.Close()
	if !c.uploaded {
		if err := drop.Upload(t.Context(), d, c.v, source(c.text)); err != nil {
			return err
		}
		c.uploaded = true
	}
	err = drop.Commit(t.Context(), d, c.v)
	if errors.Is(err, drop.ErrIncomplete) {
		c.uploaded = false
	}
	return err
}

func (c *cutter) sweep(t *testing.T, way sshtest.Direction) {
	if err := c.run(t); err != nil {
		t.Fatal(err)
	}
	all := c.proxy.Moved(way)
	// The last requests are small: stat, rename, stat, mark. Cut there densely.
	const tail = 2500
	broken := 0
	for i := range int64(*cuts) {
		for _, at := range []int64{1 + i*(all-tail)/int64(*cuts), all - tail*i/int64(*cuts)} {
			broken += c.cut(t, way, at)
		}
	}
	t.Logf("%d positions of %d bytes, %d connections cut", 2**cuts, all, broken)
	if broken < *cuts {
		t.Errorf("only %d of %d cuts came true", broken, 2**cuts)
	}
}

// cut delivers from the beginning with one cut, and returns 1 if it came true.
func (c *cutter) cut(t *testing.T, way sshtest.Direction, at int64) int {
	for _, name := range strings.Fields(names(t, c.root)) {
		if err := os.Remove(filepath.Join(c.root, name)); err != nil {
			t.Fatal(err)
		}
	}
	c.uploaded = false
	before := c.proxy.Cuts()
	c.proxy.CutAfter(way, at)
	defer c.proxy.Never()
	var err error
	for range 4 {
		if err = c.run(t); err == nil {
			break
		}
		if got := get(t, c.root, final); got != "<none>" && got != c.text {
			t.Fatalf("cut after %d: a part has the final name", at)
		}
		if !drop.Retryable(err) && !errors.Is(err, drop.ErrUnknown) && !errors.Is(err, drop.ErrIncomplete) {
			t.Fatalf("cut after %d: %v", at, err)
		}
	}
	if err != nil {
		t.Fatalf("cut after %d: %v", at, err)
	}
	if got := names(t, c.root); got != "in/END "+final || get(t, c.root, final) != c.text {
		t.Fatalf("cut after %d: %s", at, got)
	}
	return c.proxy.Cuts() - before
}
