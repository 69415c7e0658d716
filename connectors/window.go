package connectors

import "time"

// A Window is a half-open span of time, [From, To): an order at From belongs to
// it, one at To to the next.
type Window struct{ From, To time.Time }

func (w Window) String() string {
	return w.From.Format(time.RFC3339) + " – " + w.To.Format(time.RFC3339)
}

// Empty reports whether nothing can be in w.
func (w Window) Empty() bool { return !w.From.Before(w.To) }

// Contains reports whether t belongs to w.
func (w Window) Contains(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Length of w.
func (w Window) Length() time.Duration { return w.To.Sub(w.From) }

// In returns w with both ends in loc.
func (w Window) In(loc *time.Location) Window { return Window{w.From.In(loc), w.To.In(loc)} }

// Split cuts w into parts of at most longest, oldest first, that touch and cover
// it. 0 cuts nothing.
func (w Window) Split(longest time.Duration) []Window {
	if w.Empty() {
		return nil
	}
	if longest <= 0 {
		return []Window{w}
	}
	var parts []Window
	for from := w.From; from.Before(w.To); {
		to := from.Add(longest)
		if to.After(w.To) {
			to = w.To
		}
		parts = append(parts, Window{from, to})
		from = to
	}
	return parts
}

// Days cuts w at every midnight of loc, which days of 23 and 25 hours have too.
// First and last part may be shorter.
func (w Window) Days(loc *time.Location) []Window {
	var parts []Window
	for from := w.From; from.Before(w.To); {
		l := from.In(loc)
		to := time.Date(l.Year(), l.Month(), l.Day()+1, 0, 0, 0, 0, loc)
		if !to.After(from) { // a midnight that the zone skips
			to = from.Add(time.Hour)
		}
		if to.After(w.To) {
			to = w.To
		}
		parts = append(parts, Window{from, to})
		from = to
	}
	return parts
}

// Halves cuts w in two at a multiple of grain; ok is false if it is too short.
func (w Window) Halves(grain time.Duration) (a, b Window, ok bool) {
	mid := w.From.Add(w.Length() / 2)
	if grain > 0 {
		mid = mid.Truncate(grain)
	}
	if !mid.After(w.From) || !mid.Before(w.To) {
		return w, Window{}, false
	}
	return Window{w.From, mid}, Window{mid, w.To}, true
}

// ReadKind tells why a window is read.
type ReadKind string

// Kinds of reads.
const (
	// ReadNew reads all orders of a window that was not read before. Its end counts
	// as [Progress.Read] once it was read whole.
	ReadNew ReadKind = "new"
	// ReadOpen reads what is still to be shipped of older windows ([Opener]).
	ReadOpen ReadKind = "open"
	// ReadAgain reads all orders of a window a second time, for those that the mall
	// lists late or changed.
	ReadAgain ReadKind = "again"
)

// A Read is one thing to read from a mall.
type Read struct {
	Window
	Kind ReadKind
}

func (r Read) String() string { return string(r.Kind) + " " + r.Window.String() }

// Progress is how far an account has been read; the ledger keeps it.
type Progress struct {
	Since     time.Time     // nothing older is wanted: the day the account was registered, or not_before
	Read      time.Time     // all windows before it were read whole; zero: none was
	Rescanned time.Time     // when windows were last read again; zero: never
	LookBack  time.Duration // the account's own limit, where shorter than the mall's; 0 for none
}

// A Plan is what to read in one run.
type Plan struct {
	Reads  []Read // in this order; stop at the first ReadNew that fails
	Lost   Window // what no read covers any more because the account stood still for too long
	Rescan bool   // the plan reads windows again; when all went well, now is the new Progress.Rescanned
}

// Plan says what to read at now. opens tells that the driver is an [Opener].
func (r WindowRule) Plan(now time.Time, p Progress, opens bool) Plan {
	fresh, lost := r.Due(now, p.Since, p.Read, p.LookBack)
	plan := Plan{Lost: lost}
	for _, w := range fresh {
		plan.Reads = append(plan.Reads, Read{w, ReadNew})
	}
	end := now.Add(-time.Duration(r.Delay))
	if len(fresh) > 0 {
		end = fresh[0].From
	}
	older := r
	older.Delay, older.Overlap = 0, 0
	kind, back := ReadOpen, p.LookBack
	if !opens {
		if r.Rescan <= 0 || p.Read.IsZero() || now.Sub(p.Rescanned) < time.Duration(r.RescanEvery) {
			return plan
		}
		plan.Rescan = true
		kind = ReadAgain
		if back == 0 || time.Duration(r.Rescan) < back {
			back = time.Duration(r.Rescan)
		}
	}
	// The span is counted from now, its end is where the new windows begin.
	if older.LookBack > 0 && (back == 0 || time.Duration(older.LookBack) < back) {
		back = time.Duration(older.LookBack)
	}
	from := p.Since
	if back > 0 {
		from = maxTime(from, now.Add(-back))
	}
	from = from.Truncate(max(time.Duration(r.Grain), time.Second))
	for _, w := range (Window{from, end}).Split(time.Duration(r.Longest)) {
		plan.Reads = append(plan.Reads, Read{w, kind})
	}
	return plan
}

// Due returns the windows to read at now, oldest first, each at most r.Longest:
//
//   - from the instant up to which all was read (zero: nothing was), less
//     r.Overlap; but not from before since, and no further back than
//     r.LookBack (or lookBack, if that is set and shorter);
//   - to now, less r.Delay; both ends are cut down to multiples of r.Grain.
//
// The caller records the end of each window that was read whole, in this order,
// and stops at the first that was not; the next run goes on there. Should a gap
// lie between read (or since, before the first) and the look-back, lost is the part
// that no window covers.
func (r WindowRule) Due(now, since, read time.Time, lookBack time.Duration) (due []Window, lost Window) {
	back := time.Duration(r.LookBack)
	if lookBack > 0 && (back == 0 || lookBack < back) {
		back = lookBack
	}
	grain := max(time.Duration(r.Grain), time.Second)
	to := now.Add(-time.Duration(r.Delay)).Truncate(grain)
	from := since
	if !read.IsZero() {
		if f := read.Add(-time.Duration(r.Overlap)); f.After(from) {
			from = f
		}
	}
	if back > 0 {
		if edge := now.Add(-back); from.Before(edge) {
			if read.Before(edge) {
				lost = Window{maxTime(read, since), edge}
			}
			from = edge
		}
	}
	from = from.Truncate(grain)
	if lost.Empty() {
		lost = Window{}
	}
	return Window{from, to}.Split(time.Duration(r.Longest).Truncate(grain)), lost
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
