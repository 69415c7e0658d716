package jobs

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/riverqueue/river/rivertype"
)

func info(row *rivertype.JobRow) (Info, error) {
	i := Info{
		ID: row.ID, State: stateOf(row.State), Attempt: row.Attempt, Created: row.CreatedAt.UTC(), Due: row.ScheduledAt.UTC(),
		Started: value(row.AttemptedAt), Finished: value(row.FinalizedAt),
	}
	if err := json.Unmarshal(row.EncodedArgs, &i.Job); err != nil {
		return i, fmt.Errorf("jobs: job %d: %w", row.ID, err)
	}
	// A snoozed job that is due in a moment counts as available before it is due.
	if i.State == Ready && i.Due.After(time.Now()) {
		i.State = Waiting
	}
	if n := len(row.Errors); n > 0 {
		i.Error = row.Errors[n-1].Error
	}
	if n := len(row.AttemptedBy); n > 0 {
		i.Node = row.AttemptedBy[n-1]
	}
	return i, nil
}

func value(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
