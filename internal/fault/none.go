//go:build !fault

package fault

// At marks that the program reached the place.
func At(name string) { tell(name) }
