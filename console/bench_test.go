package console_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/extract"
)

// number reads a number of the environment, which make bench-console sets.
func number(t *testing.T, name string, small int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return small
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// many is a sheet of n orders of one line each, whose numbers begin with prefix. One in
// a hundred is held: nothing is linked to its listing.
func many(prefix string, n int) []byte {
	var b bytes.Buffer
	b.WriteString("order_number,status,payment,to_name,to_phone,to_postal,to_prefecture,to_city,to_street,item_code,sku_code,item_name,quantity,price,total\n")
	for i := range n {
		item := "P-TOWEL-W,TOWEL-W"
		if i%100 == 0 {
			item = fmt.Sprintf("NEW-%d,NEW-%d", i%40, i%40)
		}
		fmt.Fprintf(&b, "%s%07d,ready,prepaid,見本 %s%d,090-0000-%04d,1000001,東京都,千代田区,千代田0-%d,%s,タオル,1,2000,2000\n", prefix, i, []string{"花子", "太郎", "健"}[i%3], i%5000, i%10000, i%90+1, item)
	}
	return b.Bytes()
}

func (s *site) ingest(sheet []byte, name string) {
	s.Helper()
	path := filepath.Join(s.TempDir(), name)
	s.check(os.WriteFile(path, sheet, 0o600))
	_, err := extract.Ingest(s.Context(), s.world(), "plain-1", []string{path}, "", nil)
	s.check(err)
}

// TestManyReaders has many people read the pages of a ledger with many orders while a
// large sheet is read. Small by itself, it finds races and errors; make bench-console
// makes it large, and prints how long pages took.
func TestManyReaders(t *testing.T) {
	orders, readers, lines, rounds := number(t, "ORDERS", 300), number(t, "READERS", 10), number(t, "LINES", 300), number(t, "ROUNDS", 2)
	pause := time.Duration(number(t, "PAUSE_MS", 0)) * time.Millisecond
	s := open(t)
	s.ingest(many("A", orders), "first.csv")
	s.stage("plan", "plain-1")
	// A file that waits for the warehouse; none is dropped.
	st, _ := pipeline.Lookup("instruct")
	if r := pipeline.Run(t.Context(), s.world(), st, "tokyo"); r.Err != nil {
		t.Log("the instructions stay as they are: ", r.Err)
	}
	for {
		n, err := s.world().Ledger.Index(t.Context(), 2000)
		s.check(err)
		if n == 0 {
			break
		}
	}
	s.console.Serve()
	working, rest := context.WithCancel(t.Context())
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		s.console.Work(working)
	}()
	defer func() {
		rest()
		<-worked
	}()
	v := s.as("hanako", ledger.Operator, "ja")
	find := v.post("/orders", "q", "見本 花子3").query
	hs, err := s.world().Ledger.Holds(t.Context(), "plain-1", 1)
	s.check(err)
	pages := []string{"/", "/orders", "/orders?" + find, "/orders?state=held", "/orders?account=rakuten-1", "/orders?state=outside", "/orders/plain-1/A0000007", "/orders/plain-1/" + hs[0].Number, "/holds", "/files", "/links", "/accounts", "/runs", "/stock"}
	alone := map[string]time.Duration{}
	for _, p := range pages {
		v.want(v.get(p), http.StatusOK)
		from := time.Now()
		v.want(v.get(p), http.StatusOK)
		alone[p] = time.Since(from)
	}
	transport := &http.Transport{MaxIdleConns: readers, MaxIdleConnsPerHost: readers}
	defer transport.CloseIdleConnections()
	client := &http.Client{Jar: v.http.Jar, Transport: transport}
	var mu sync.Mutex
	took := map[string][]time.Duration{}
	var all []time.Duration
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	begun := time.Now()
	for r := range readers {
		wg.Go(func() {
			for i := range rounds * len(pages) {
				if ctx.Err() != nil {
					return
				}
				if pause > 0 { // as people do, who read what they opened
					time.Sleep(pause/2 + time.Duration((r*7919+i*104729)%1000)*pause/1000)
				}
				p := pages[(r+i)%len(pages)]
				from := time.Now()
				res, err := client.Get(s.server.URL + p)
				if err == nil {
					_, err = io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
				d := time.Since(from)
				if err != nil || res.StatusCode != http.StatusOK {
					t.Errorf("%s: %v %v", p, res, err)
					return
				}
				mu.Lock()
				took[p], all = append(took[p], d), append(all, d)
				mu.Unlock()
			}
		})
	}
	s.ingest(many("B", lines), "second.csv")
	ingested := time.Since(begun)
	wg.Wait()
	if len(all) == 0 {
		t.Fatal("nothing was read")
	}
	at := func(ds []time.Duration, percent int) time.Duration {
		slices.Sort(ds)
		return ds[min(len(ds)-1, len(ds)*percent/100)].Round(100 * time.Microsecond)
	}
	t.Logf("%d orders, %d readers, %d pages in %s; the sheet of %d lines was read in %s", orders, readers, len(all), time.Since(begun).Round(time.Second), lines, ingested.Round(100*time.Millisecond))
	for _, p := range pages {
		t.Logf("%-40s alone %8s  p50 %8s  p99 %8s", p[:min(len(p), 40)], alone[p].Round(100*time.Microsecond), at(took[p], 50), at(took[p], 99))
	}
	p99 := at(all, 99)
	t.Logf("all: p50 %s, p99 %s", at(all, 50), p99)
	if most := number(t, "P99_MS", 0); most > 0 && p99 > time.Duration(most)*time.Millisecond {
		t.Errorf("p99 is %s, more than %d ms", p99, most)
	}
}
