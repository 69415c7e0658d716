package cli

import "io"

// Understand says whether the program would understand a command line, given without
// its name, and runs nothing. A mention may leave out arguments: "holds release".
func Understand(args []string, mention bool) error {
	a := &app{out: io.Discard, err: io.Discard, getenv: func(string) string { return "" }}
	root := a.root()
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	c, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	c.InitDefaultHelpFlag()
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	rest = c.Flags().Args()
	if mention && len(rest) == 0 {
		return nil
	}
	if err := c.ValidateRequiredFlags(); err != nil {
		return err
	}
	return c.ValidateArgs(rest)
}
