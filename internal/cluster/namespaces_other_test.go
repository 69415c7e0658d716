//go:build !linux

package cluster_test

import "errors"

func able() bool { return false }

func again() int { return 1 }

func build() (network, error) { return nil, errors.ErrUnsupported }
