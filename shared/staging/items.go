package staging

import (
	"path"

	"pingone-authomize/shared/pingone"
)

// IsOf tells whether a reply is a page of the list key, such as users; if not,
// it is about one resource.
func (r *Reply) IsOf(key string) bool { return path.Base(r.Path) == key }

// ItemsOf decodes a page of the list key, or the one of it that was asked for
// by its id, since no page held it. broken counts what can't be decoded. The
// items are good until d is used again.
func ItemsOf[T any](d *pingone.Decoder[T], reply Reply, key string) (all []T, broken int, err error) {
	if reply.IsOf(key) {
		return d.Items(reply.Body, key)
	}
	one, err := pingone.One[T](reply.Body)
	if err != nil {
		return nil, 1, nil //nolint:nilerr // as an item of a list that can't be decoded
	}
	return []T{one}, 0, nil
}
