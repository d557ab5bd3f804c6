// Package s3store keeps staged objects in an S3 bucket.
//
// Conditions are those of S3 itself: If-None-Match and If-Match with the ETag,
// which is the version. The SDK repeats a request whose answer was lost, and the
// second attempt may find the object of the first. So Put then reads the object,
// and reports success if it holds exactly what was to be written.
//
// The functions need s3:GetObject and s3:PutObject below the prefix, and
// s3:ListBucket on the bucket: without the last, S3 answers 403 for an object
// that isn't there.
package s3store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pingone-authomize/shared/staging"
)

// readTries is how often an object is asked for when its body breaks off,
// which the SDK does not repeat.
const readTries = 3

// A Client is what the store needs of *s3.Client.
type Client interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// A Store is the part of a bucket below a prefix. It is a staging.Store.
type Store struct {
	client Client
	bucket string
	prefix string // "" or with a slash at the end
}

var _ staging.Store = (*Store)(nil)

// New returns the store below prefix in bucket. An empty prefix is the whole
// bucket; slashes around it don't matter.
func New(client Client, bucket, prefix string) *Store {
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return &Store{client: client, bucket: bucket, prefix: prefix}
}

// ParseURL divides a URL of the form s3://bucket or s3://bucket/prefix.
func ParseURL(rawURL string) (bucket, prefix string, err error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.Port() != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "", errors.New("staging URL is not of the form s3://bucket/prefix")
	}
	prefix = strings.Trim(u.Path, "/")
	if err := staging.CheckPrefix(prefix); err != nil {
		return "", "", fmt.Errorf("staging URL: prefix: %w", err)
	}
	return u.Host, prefix, nil
}

// String is bucket and prefix as a URL.
func (s *Store) String() string {
	return "s3://" + s.bucket + strings.TrimSuffix("/"+s.prefix, "/")
}

// Get implements staging.Store.
func (s *Store) Get(ctx context.Context, key string) (staging.Object, error) {
	if err := staging.CheckKey(key); err != nil {
		return staging.Object{}, err
	}
	var object staging.Object
	err := errBroken
	for try := 0; try < readTries && errors.Is(err, errBroken); try++ {
		object, err = s.get(ctx, key)
	}
	if err != nil {
		return staging.Object{}, fmt.Errorf("get %s from %s: %w", key, s, err)
	}
	return object, nil
}

// errBroken means that another try may help, beyond those of the SDK.
var errBroken = errors.New("the body broke off")

func (s *Store) get(ctx context.Context, key string) (staging.Object, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: aws.String(s.prefix + key)})
	if isNoSuchKey(err) {
		return staging.Object{}, staging.ErrNotFound
	}
	if err != nil {
		return staging.Object{}, err
	}
	defer out.Body.Close()
	var data bytes.Buffer
	data.Grow(int(aws.ToInt64(out.ContentLength)) + bytes.MinRead) // so that it need not grow again
	if _, err := data.ReadFrom(out.Body); err != nil {             // at the end the SDK checks S3's checksum
		return staging.Object{}, fmt.Errorf("%w: %w", errBroken, err)
	}
	return staging.Object{Data: data.Bytes(), Version: aws.ToString(out.ETag)}, nil
}

// Put implements staging.Store.
func (s *Store) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	if err := staging.CheckKey(key); err != nil {
		return "", err
	}
	in := &s3.PutObjectInput{
		Bucket:        &s.bucket,
		Key:           aws.String(s.prefix + key),
		Body:          bytes.NewReader(data),
		ContentLength: aws.Int64(int64(len(data))),
		ContentType:   aws.String(contentType(key)),
	}
	if version, ok := cond.Version(); ok {
		if version == "" { // S3 would take an empty If-Match for none
			return "", fmt.Errorf("put %s to %s: %w", key, s, staging.ErrConflict)
		}
		in.IfMatch = &version
	} else if cond == staging.IfAbsent {
		in.IfNoneMatch = aws.String("*")
	}
	attempts := 0
	out, err := s.client.PutObject(ctx, in, countAttempts(&attempts), retryConflicts)
	if err == nil {
		return aws.ToString(out.ETag), nil
	}
	if cond != staging.Always && isConflict(err) {
		err = staging.ErrConflict
		if attempts > 1 {
			if object, getErr := s.Get(ctx, key); getErr == nil && bytes.Equal(object.Data, data) {
				return object.Version, nil
			}
		}
	}
	return "", fmt.Errorf("put %s to %s: %w", key, s, err)
}

// retryConflicts lets the SDK send a request again that met another one for the
// same key: S3 wrote neither (S3 API reference, PutObject, 409).
func retryConflicts(o *s3.Options) {
	o.Retryer = retry.AddWithErrorCodes(o.Retryer, "ConditionalRequestConflict")
}

// countAttempts counts how often the SDK sends a request. Its own count is
// not to be had for a request that ends with an error.
func countAttempts(n *int) func(*s3.Options) {
	count := middleware.FinalizeMiddlewareFunc("CountAttempts",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			*n++
			return next.HandleFinalize(ctx, in)
		})
	return func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Finalize.Insert(count, "Retry", middleware.After)
		})
	}
}

// Folders implements staging.Store.
func (s *Store) Folders(ctx context.Context, prefix string) ([]string, error) {
	if err := staging.CheckFolder(prefix); err != nil {
		return nil, err
	}
	var names []string
	err := s.pages(ctx, prefix, aws.String("/"), func(page *s3.ListObjectsV2Output) {
		for _, p := range page.CommonPrefixes {
			name := strings.TrimPrefix(aws.ToString(p.Prefix), s.prefix+prefix)
			names = append(names, strings.TrimSuffix(name, "/"))
		}
	})
	return sorted(names), err
}

func (s *Store) pages(ctx context.Context, prefix string, delimiter *string, each func(*s3.ListObjectsV2Output)) error {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{
		Bucket: &s.bucket, Prefix: aws.String(s.prefix + prefix), Delimiter: delimiter,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list %s in %s: %w", prefix, s, err)
		}
		each(page)
	}
	return nil
}

// sorted leaves out what is no key. People make "folders" in the console; those
// are no objects of ours.
func sorted(keys []string) []string {
	keys = slices.DeleteFunc(keys, func(key string) bool { return staging.CheckKey(key) != nil })
	slices.Sort(keys)
	return slices.Compact(keys) // some stores begin a page with the last folder of the one before
}

func contentType(key string) string {
	types := map[string]string{".json": "application/json", ".gz": "application/gzip", ".html": "text/html; charset=utf-8"}
	return cmp.Or(types[path.Ext(key)], "application/octet-stream")
}

func isNoSuchKey(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "NoSuchKey"
}

// isConflict tells whether S3 says that a condition does not hold. If-Match
// for an object that is not there is 404 in AWS; a bucket that is not there is no conflict.
func isConflict(err error) bool {
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) {
		return false
	}
	return response.HTTPStatusCode() == http.StatusPreconditionFailed || isNoSuchKey(err)
}
