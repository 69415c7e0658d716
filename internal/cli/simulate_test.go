package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors/drop"
)

// The simulator alone: what it prints is enough to reach it, and a file that is
// dropped there is taken away and answered.
func TestSimulateWarehouse(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	root := filepath.Join(t.TempDir(), "tokyo")
	out, w := io.Pipe()
	var said bytes.Buffer
	a := &app{in: strings.NewReader(""), out: w, err: &said, getenv: func(string) string { return "" }, now: time.Now}
	ended := make(chan int, 1)
	go func() {
		ended <- a.main(ctx, []string{"simulate", "warehouse", "--root", root, "--listen", "127.0.0.1:0", "--every", "50ms", "--refuse-every", "1"})
		w.Close()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	addr, _, _ := strings.Cut(line, " ")
	host, port, ok := strings.Cut(strings.TrimPrefix(addr, "["), "]:")
	if !ok {
		t.Fatalf("printed %q", line)
	}
	d, err := drop.Open(ctx, drop.Profile{
		Kind: drop.SFTP, Host: host, Port: number(t, port), User: "mallbridge", KeyFile: filepath.Join(root+".state", "id_ed25519"), HostKeys: []string{strings.TrimSpace(line)},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	body := "no instruction file\r\n"
	if err := d.Write(ctx, "orders/a.csv.part", strings.NewReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
	if err := d.Rename(ctx, "orders/a.csv.part", "orders/a.csv"); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		found, err := d.List(ctx, "errors")
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			break
		}
		<-tick.C
	}
	if _, err := d.Stat(ctx, "orders/taken/a.csv"); err != nil {
		t.Errorf("the file was not taken away: %v", err)
	}
	stop()
	if code := <-ended; code != Done {
		t.Errorf("exit code %d\n%s", code, said.String())
	}
	if !strings.Contains(said.String(), "host_keys:") || !strings.Contains(said.String(), "id_ed25519") {
		t.Errorf("said %s", said.String())
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			t.Fatalf("port %q", s)
		}
		n = n*10 + int(c-'0')
	}
	return n
}
