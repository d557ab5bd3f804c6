package authomize

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	maxRounds     = 10  // rounds of following what a 422 names, before a batch is halved
	mostFailing   = 10  // posts in a row that fail without naming a record, before it is nobody's record
	schemaRecords = 100 // refused by name without exception, this many are no accident
	retries       = 5   // of what failed for the moment, after 1, 2, 4, 8 and 16 seconds
)

// A blame says whose fault it is that a post failed. If that is a record that
// has to be found, it is the reason for its quarantine.
type blame string

const (
	ofCaller   blame = "caller"       // token, app, settings, network: nothing more is posted
	ofMoment   blame = "moment"       // bytes changed on their way, no receipt, busy: the same is sent again
	ofRecords  blame = "records"      // a 422 names them: sent without the fields that it names, or quarantined
	ofBatch    blame = reasonUnnamed  // a 422 that names none: halved
	ofSize     blame = reasonTooLarge // halved
	ofFirewall blame = reasonBlocked  // halved, as smaller ones may pass
	ofServer   blame = reasonServer   // 5xx after all tries: halved, as one record may do that
)

// whose says whose fault err is, the failure of a post of so many records, and
// by position what a 422 finds wrong.
func whose(err error, records int) (blame, map[int][]fault) {
	var e *Error
	switch {
	case errors.Is(err, ErrBadReceipt), errors.Is(err, ErrConflict):
		return ofMoment, nil
	case errors.Is(err, ErrTooLarge):
		return ofSize, nil
	case errors.Is(err, ErrBlocked):
		return ofFirewall, nil
	case errors.Is(err, ErrServer):
		return ofServer, nil
	case !errors.Is(err, ErrInvalid) || !errors.As(err, &e):
		return ofCaller, nil
	}
	named := map[int][]fault{}
	for _, f := range e.faults {
		if f.index >= 0 && f.index < records {
			named[f.index] = append(named[f.index], f)
		}
	}
	switch {
	case len(named) > 0:
		return ofRecords, named
	case slices.ContainsFunc(e.faults, func(f fault) bool { return f.bytes }):
		return ofMoment, nil
	}
	return ofBatch, nil
}

// A refusal is what was refused without naming a record, and why.
type refusal struct {
	entries []entry
	fault   blame
	err     error
}

// halve finds the records at fault. Both halves are sent before either is cut
// further, so that what passes is seen early.
func (b *batch) halve(ctx context.Context, r refusal) error {
	n := len(r.entries)
	if n <= 1 {
		return b.alone(ctx, r)
	}
	first, err := b.send(ctx, r.entries[:n/2])
	if err != nil {
		return err
	}
	second, err := b.send(ctx, r.entries[n/2:])
	if err != nil {
		return err
	}
	if err := b.halve(ctx, first); err != nil {
		return err
	}
	return b.halve(ctx, second)
}

// send posts entries until they are taken, but for what a 422 names and what is
// refused in the end. What failed for the moment is sent again: it may be there
// already, and a second post does no harm. An error ends the upload.
func (b *batch) send(ctx context.Context, entries []entry) (refusal, error) {
	for round, try := 0, 0; len(entries) > 0; {
		if b.going.Err() != nil {
			return refusal{}, context.Cause(b.going)
		}
		receipt, err := b.post(ctx, entries)
		if err == nil {
			b.take(entries, receipt)
			return refusal{}, nil
		}
		fault, named := whose(err, len(entries))
		switch {
		case fault == ofMoment && try < retries:
			select {
			case <-time.After(time.Second << try):
			case <-b.going.Done(): // seen above
			}
			try++
			continue
		case fault == ofCaller || fault == ofMoment:
			return refusal{}, err
		}
		b.result.Refused++
		if fault != ofRecords || round >= maxRounds && len(entries) > 1 {
			r := refusal{entries, fault, err}
			return r, b.hopeless(r)
		}
		if entries = b.follow(entries, named); len(entries) == 0 && b.named.Load() >= schemaRecords && b.accepted.Load() == 0 {
			return refusal{}, fmt.Errorf("the first %d records were all refused: the API's schema seems to have changed, nothing more is posted: %w", schemaRecords, err)
		}
		round, try = round+1, 0
	}
	return refusal{}, nil
}

func (b *batch) post(ctx context.Context, entries []entry) (Receipt, error) {
	items, size := make([][]byte, len(entries)), envelope+len(entries)-1
	for i, e := range entries {
		items[i] = e.json
		size += len(e.json)
	}
	b.result.FirstSentAt = earlier(b.result.FirstSentAt, b.Now())
	receipt, err := b.Client.Post(ctx, b.kind, items)
	if err == nil {
		b.result.Batches++
		b.result.Bytes += int64(size)
	}
	return receipt, err
}

// hopeless tells bad records from an API that refuses all there are. How small
// a request has to be says nothing of records.
func (b *batch) hopeless(r refusal) error {
	size := len(r.entries) > 1 && (r.fault == ofSize || r.fault == ofFirewall)
	if size || b.failing.Add(1) < mostFailing || r.fault != ofServer && b.accepted.Load() > 0 {
		return nil
	}
	return fmt.Errorf("%d posts in a row failed, whatever was in them, nothing more is posted: %w", mostFailing, r.err)
}

// follow does what a 422 says of the records that it names, and returns what
// is to be sent once more.
func (b *batch) follow(entries []entry, named map[int][]fault) []entry {
	rest := make([]entry, 0, len(entries))
	for i, e := range entries {
		if faults, bad := named[i]; bad {
			var ok bool
			if e, ok = b.leaveOut(e, faults); !ok {
				b.named.Add(1)
				f := faults[0]
				b.quarantine(e, "invalid "+cmp.Or(f.field, "record")+": "+f.kind, "")
				continue
			}
		}
		rest = append(rest, e)
	}
	return rest
}

// alone quarantines the record that was found by halving. 5xx, or a firewall, is
// its fault only if one that was accepted before still is.
func (b *batch) alone(ctx context.Context, r refusal) error {
	if len(r.entries) == 0 {
		return nil
	}
	if r.fault == ofServer || r.fault == ofFirewall {
		g := b.good.Load()
		if g == nil {
			return r.err
		}
		if _, err := b.Client.Post(ctx, g.kind, [][]byte{g.json}); err != nil {
			return err
		}
	}
	b.quarantine(r.entries[0], string(r.fault), "")
	return nil
}
