package awsfake

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

func startGo(ctx context.Context, why string) (*Server, error) {
	l, err := listen(ctx)
	if err != nil {
		return nil, err
	}
	secrets := &secrets{text: map[string]string{}}
	bucket := gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.Header.Get("X-Amz-Target"), target) {
				secrets.ServeHTTP(w, r)
				return
			}
			bucket.ServeHTTP(w, r)
		}),
	}
	go func() { _ = server.Serve(l) }() // ends with ErrServerClosed, by Close
	return &Server{
		URL:  "http://" + l.Addr().String(),
		Kind: Go,
		Note: "gofakes3 and a Secrets Manager handler (" + why + ")",
		stop: func() { _ = server.Close() },
	}, nil
}

// target is the start of the header that names an operation.
const target = "secretsmanager."

// secrets is as much of Secrets Manager as is needed.
type secrets struct {
	mu   sync.Mutex
	text map[string]string
}

func (s *secrets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ Name, SecretID, SecretString string }
	_ = json.NewDecoder(r.Body).Decode(&in) // a malformed request names no secret
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch strings.TrimPrefix(r.Header.Get("X-Amz-Target"), target) {
	case "CreateSecret":
		s.text[in.Name] = in.SecretString
		_ = json.NewEncoder(w).Encode(map[string]string{"Name": in.Name})
	case "GetSecretValue":
		text, ok := s.text[in.SecretID]
		if !ok {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"ResourceNotFoundException","Message":"Secrets Manager can't find the specified secret."}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"Name": in.SecretID, "SecretString": text})
	default:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"InvalidRequestException"}`)
	}
}
