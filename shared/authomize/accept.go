package authomize

// take counts what a receipt says about entries.
func (b *batch) take(entries []entry, receipt Receipt) {
	named := b.quarantineInvalid(entries, receipt.Invalid)
	accepted := min(receipt.Accepted, len(entries)-len(named))
	shortfall := int64(len(entries) - len(named) - accepted)
	r := Result{
		Posted: int64(len(entries)), Accepted: int64(accepted), Shortfall: shortfall,
		AcceptedByTag: map[uint32]int64{}, FirstAcceptedAt: receipt.AcceptedAt, FirstDate: receipt.Date,
	}
	if receipt.Accepted > len(entries) {
		r.Overcounted = 1
	}
	if receipt.AcceptedAt.IsZero() {
		r.MissingTimestamp = 1
	}
	for i, e := range entries {
		if named[i] {
			continue
		}
		r.AcceptedByTag[e.tag]++
		for _, field := range e.without {
			r.Add(Result{Warnings: map[string]Warning{field: {1, []string{e.key}}}})
		}
	}
	for tag, n := range r.AcceptedByTag {
		r.AcceptedByTag[tag] = max(n-shortfall, 0)
	}
	b.result.Add(r)

	b.failing.Store(0)
	b.accepted.Add(int64(accepted))
	if accepted == len(entries) && b.good.Load() == nil {
		b.good.Store(&good{b.kind, entries[0].json})
	}
}

// roles are the ways in which a record refers to another: the list of the
// receipt that names ids which aren't there, and the record's field.
var roles = []struct{ list, name, field string }{
	{"invalidSourceIds", "source", "sourceId"},
	{"invalidTargetIds", "target", "targetId"},
	{"invalidUserIds", "user", "sourceUniqueId"},
	{"invalidGroupingIds", "grouping", "sourceUniqueId"},
	{"invalidPrivilegeIds", "privilege", "privilegeId"},
	{"invalidAssetIds", "asset", "assetId"},
	{"invalidOwnerIds", "owner", "owner"},
}

// quarantineInvalid quarantines the entries that refer to ids that the receipt
// calls invalid in that role, and returns their positions.
func (b *batch) quarantineInvalid(entries []entry, invalid []InvalidID) map[int]bool {
	if len(invalid) == 0 {
		return nil
	}
	found := map[InvalidID]bool{}
	for _, id := range invalid {
		found[id] = false
	}
	positions := map[int]bool{}
	for i, e := range entries {
		record := fields(e.json)
		for _, role := range roles {
			ref := InvalidID{role.list, text(record[role.field])}
			if _, bad := found[ref]; !bad {
				continue
			}
			found[ref] = true
			if !positions[i] {
				positions[i] = true
				b.quarantine(e, "reference refused: "+role.name, ref.ID)
			}
		}
	}
	for _, matched := range found {
		if !matched {
			b.result.UnmatchedIDs++
		}
	}
	return positions
}
