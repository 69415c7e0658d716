// Package disk says how much room there is where a file lies.
package disk

// Space is the room on the file system of a path.
type Space struct {
	// Device tells file systems of one machine apart.
	Device uint64
	// Free are the bytes that this user may still write, Total all there are.
	Free, Total uint64
	// FreeFiles and Files count files (inodes). Files is 0 where the file system
	// does not limit them.
	FreeFiles, Files uint64
}
