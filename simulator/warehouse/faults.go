package warehouse

// Faults are what goes wrong at a warehouse on purpose. The zero value is a
// warehouse where nothing does.
type Faults struct {
	// Refuse returns why an instruction is refused, or nothing; nth counts from 1
	// what could have been accepted.
	Refuse func(in *Instruction, nth int) string
	// Late tells which instructions are shipped one step later than the others.
	Late func(nth int) bool
	// Short is how many pieces of an SKU are missing when it comes to picking: so
	// many fewer are shipped, and the result says so line by line.
	Short map[string]int64
	// RepeatResults writes every result file a second time, under another name.
	RepeatResults bool
	// Slow makes Take leave files where they are as often as it says.
	Slow int
}

func (f *Faults) refuse(in *Instruction, nth int) string {
	if f.Refuse == nil {
		return ""
	}
	return f.Refuse(in, nth)
}

func (f *Faults) late(nth int) bool { return f.Late != nil && f.Late(nth) }
