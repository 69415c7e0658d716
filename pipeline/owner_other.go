//go:build !unix

package pipeline

// running cannot tell here; a lease then ends by its time.
func running(int) bool { return true }
