package report

// checkNumber says why a number cannot be one of a carrier's.
func checkNumber(_, _ string) error { return nil }
