package main

import (
	"context"
	"fmt"
	"strings"

	"pingone-authomize/shared/pingone"
)

// pingOneCheck asks PingOne what may be read.
type pingOneCheck struct {
	client   *pingone.Client
	found    *findings
	devices  bool // MFA devices are looked at
	appRoles bool // roles within applications are
}

// The built-in roles that a run needs.
const (
	identityRole      = "Identity Data Read Only"
	configurationRole = "Configuration Read Only"
)

// answered is PingOne's answer in short.
func answered(e *pingone.Error) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, e.Code))
}

// firstOf are the items of the first page of a list: of a thousand, or of all
// where PingOne does not page.
func firstOf[T any](ctx context.Context, c *pingone.Client, l pingone.List) ([]T, error) {
	page, err := c.First(ctx, l)
	if err != nil {
		return nil, err
	}
	var d pingone.Decoder[T]
	all, _, err := d.Items(page.Body, l.Key)
	return all, err
}
