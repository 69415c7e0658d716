package console

// Say is what pages say in a language.
func Say(lang, text string) string { return say(lang, text) }
