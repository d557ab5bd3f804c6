package main

import (
	"context"
	"fmt"
	"strings"

	"pingone-authomize/shared/pingone"
)

// pingOneCheck asks PingOne what may be read.
type pingOneCheck struct {
	client *pingone.Client
	found  *findings
	most   int // environments to look into; 0 is all
	// devices tells that MFA devices are looked at.
	devices bool
}

// collect reads a whole list.
func collect[T any](ctx context.Context, client *pingone.Client, l pingone.List) ([]T, error) {
	var all []T
	for page, err := range client.Pages(ctx, l, "") {
		if err != nil {
			return nil, err
		}
		var d pingone.Decoder[T] // fresh, as it reuses the memory of its items
		items, _, err := d.Items(page.Body, l.Key)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
	}
	return all, nil
}

// answered is PingOne's answer in short.
func answered(e *pingone.Error) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, e.Code))
}

// The built-in roles that a run needs.
const (
	identityRole      = "Identity Data Read Only"
	configurationRole = "Configuration Read Only"
)
