package drop

import (
	"context"
	"errors"
)

func openLocal(p Profile) (Drop, error)                     { return nil, errors.New("x") }
func openSFTP(ctx context.Context, p Profile) (Drop, error) { return nil, errors.New("x") }
