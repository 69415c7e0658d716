package ledger

import (
	"context"
	"database/sql"
	"slices"
	"sync"
)

// keptStatements are the large statements of SQLite's writer, which stay prepared from
// one transaction to the next: to read the text of one takes as long as to run it for
// a hundred rows. Kept is what two transactions have used. A nil one keeps nothing.
type keptStatements struct {
	mu    sync.Mutex
	kept  []keptStatement // the longest unused first
	asked []string        // texts that one transaction has used
}

type keptStatement struct {
	text string
	stmt *sql.Stmt
}

const (
	largeText = 2 << 10 // bytes
	maxKept   = 8
	maxAsked  = 32
)

func (k *keptStatements) get(text string) *sql.Stmt {
	if k == nil || len(text) < largeText {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.find(text)
	if i < 0 {
		return nil
	}
	s := k.kept[i]
	k.kept = append(slices.Delete(k.kept, i, i+1), s)
	return s.stmt
}

func (k *keptStatements) find(text string) int {
	return slices.IndexFunc(k.kept, func(s keptStatement) bool { return s.text == text })
}

// keep is told of the statements of a transaction when it has ended. What cannot be
// prepared is prepared in a transaction the next time, which tells why not.
func (k *keptStatements) keep(ctx context.Context, db *sql.DB, used map[string]*sql.Stmt) {
	if k == nil {
		return
	}
	for text := range used {
		if len(text) < largeText || !k.wanted(text) {
			continue
		}
		// Not under the lock: it waits for the connection, whose holder may ask.
		stmt, err := db.PrepareContext(ctx, text)
		if err != nil {
			continue
		}
		if old := k.add(text, stmt); old != nil {
			old.Close() // once no transaction uses it
		}
	}
}

// wanted notes that a transaction has used a text, and reports whether it is to be
// kept from now on.
func (k *keptStatements) wanted(text string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.find(text) >= 0 {
		return false
	}
	if i := slices.Index(k.asked, text); i >= 0 {
		k.asked = slices.Delete(k.asked, i, i+1)
		return true
	}
	if len(k.asked) == maxAsked {
		k.asked = slices.Delete(k.asked, 0, 1)
	}
	k.asked = append(k.asked, text)
	return false
}

// add keeps a statement and returns the one that has to go for it.
func (k *keptStatements) add(text string, stmt *sql.Stmt) (old *sql.Stmt) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.find(text) >= 0 {
		return stmt
	}
	if len(k.kept) == maxKept {
		old = k.kept[0].stmt
		k.kept = slices.Delete(k.kept, 0, 1)
	}
	k.kept = append(k.kept, keptStatement{text, stmt})
	return old
}
