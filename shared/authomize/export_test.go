package authomize

// Needs is needs.
func (k Kind) Needs(field string) bool { return k.needs(field) }

// OneByOne lets no two batches be in flight at once.
func (u *Uploader) OneByOne() { u.inFlight = 1 }
