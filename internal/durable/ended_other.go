//go:build !unix

package durable

// ended reports whether a process of this machine is certainly gone: nobody knows here.
func ended(int) bool { return false }
