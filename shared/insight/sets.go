package insight

import "slices"

// none is the index of nothing.
const none = ^uint32(0)

// sets are sets of numbers, each there once and numbered. There may be one a user,
// so all stand in one slice: 4 bytes a number and some 30 a set. The zero value is
// ready for use.
type sets struct {
	numbers []uint32
	ends    []uint32          // of each set in numbers
	at      map[uint64]uint32 // by hash; where one is taken, the next
}

// n is how many there are.
func (s *sets) n() int { return len(s.ends) }

// of is a set, sorted.
func (s *sets) of(at uint32) []uint32 {
	begin := uint32(0)
	if at > 0 {
		begin = s.ends[at-1]
	}
	return s.numbers[begin:s.ends[at]:s.ends[at]]
}

// intern is the number of a set, whose numbers it sorts; none of an empty one.
func (s *sets) intern(numbers []uint32) uint32 {
	if len(numbers) == 0 {
		return none
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	key := uint64(14695981039346656037) // FNV-1a, by number
	for _, n := range numbers {
		key = (key ^ uint64(n)) * 1099511628211
	}
	if s.at == nil {
		s.at = map[uint64]uint32{}
	}
	for ; ; key++ {
		at, taken := s.at[key]
		if !taken {
			break
		}
		if slices.Equal(s.of(at), numbers) {
			return at
		}
	}
	at := uint32(len(s.ends)) // #nosec G115 -- at most one a user, and some a class
	s.numbers = append(s.numbers, numbers...)
	s.ends = append(s.ends, uint32(len(s.numbers))) // #nosec G115 -- as many as assignments, or some times that
	s.at[key] = at
	return at
}
