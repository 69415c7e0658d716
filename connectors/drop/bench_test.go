package drop_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mallbridge/mallbridge/connectors/drop"
	"github.com/mallbridge/mallbridge/internal/sshtest"
)

// BenchmarkDeliver puts files on OpenSSH the safe way: temporary name, fsync,
// size, rename.
func BenchmarkDeliver(b *testing.B) {
	for _, c := range []struct {
		name        string
		size, files int
		concurrency int
	}{
		{"100MB, 8 packets under way", 100 << 20, 1, 8},
		{"100MB, default", 100 << 20, 1, 0},
		{"200 files of 10kB, 8 at a time", 10_000, 200, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := sshtest.Start(b)
			p := profileOf(s)
			p.Concurrency = c.concurrency
			d, err := drop.Open(b.Context(), p)
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			text := strings.Repeat("0123456789abcdef", c.size/16)
			b.SetBytes(int64(len(text) * c.files))
			round := 0
			for b.Loop() {
				deliverAll(b, d, text, round, c.files)
				round++
			}
		})
	}
}

func deliverAll(b *testing.B, d drop.Drop, text string, round, files int) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i := range files {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			name := fmt.Sprintf("f%d-%d.csv", round, i)
			if err := deliverOne(b.Context(), d, text, name); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
}

func deliverOne(ctx context.Context, d drop.Drop, text, name string) error {
	if err := d.Write(ctx, name+".part", strings.NewReader(text), int64(len(text))); err != nil {
		return err
	}
	if err := d.Rename(ctx, name+".part", name); err != nil {
		return err
	}
	return d.Remove(ctx, name)
}
