package console

// Say is what pages say in a language.
func Say(lang, text string) string { return say(lang, text) }

// Fresh makes pages count anew whenever they are asked.
func (c *Console) Fresh() { c.counts.stale = 0 }
