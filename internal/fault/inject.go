//go:build fault

package fault

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// MALLBRIDGE_FAULT=place:n kills the process with SIGKILL when it comes to the
// place for the n-th time (n from 1). MALLBRIDGE_FAULT_LOG names a file to which
// every place that is reached is added, one a line.
var (
	mu     sync.Mutex
	counts = map[string]int{}
	place  string
	nth    = 1
)

func init() {
	p, n, ok := strings.Cut(os.Getenv("MALLBRIDGE_FAULT"), ":")
	place = p
	if ok {
		nth, _ = strconv.Atoi(n)
	}
}

// At marks that the program reached the place.
func At(name string) {
	tell(name)
	mu.Lock()
	defer mu.Unlock()
	if log := os.Getenv("MALLBRIDGE_FAULT_LOG"); log != "" {
		if f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err == nil {
			f.WriteString(name + "\n")
			f.Close()
		}
	}
	counts[name]++
	if name == place && counts[name] == nth {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
