package pingone

// An Assignment says who holds an application role.
type Assignment struct {
	Subject Ref `json:"subject"` // a user
}

// SubjectsOf are the users that a page of assignments is about, in order.
func SubjectsOf(body []byte) []ID {
	var d Decoder[Assignment]
	all, _, _ := d.Items(body, AssignmentsKey)
	ids := make([]ID, len(all))
	for i, a := range all {
		ids[i] = a.Subject.ID
	}
	return ids
}

// ItemID is the id that stands for an item of a list; zero if it can't be read.
func ItemID(list string, item []byte) ID {
	if IsBySubject(list) {
		a, _ := One[Assignment](item)
		return a.Subject.ID
	}
	m, _ := One[Member](item)
	return m.ID
}
