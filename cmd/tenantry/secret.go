package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/tenantry/tenantry/adapters/seal"
)

// secret is a setting that shows itself to nobody.
type secret struct{ text string }

const masked = "[set]"

// Decode implements envconfig.Decoder.
func (s *secret) Decode(text string) error {
	s.text = text
	return nil
}

func (s secret) set() bool { return s.text != "" }

// String masks the secret, and tells only whether there is one.
func (s secret) String() string {
	if s.set() {
		return masked
	}
	return ""
}

func (s secret) GoString() string     { return s.String() }
func (s secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// fromFile returns what stands in the file that NAME_FILE names, as container
// platforms hand secrets out, or nothing where there is none. One line break at
// the end is not part of it.
func fromFile(name string) (string, error) {
	path := os.Getenv(name + "_FILE")
	if path == "" {
		return "", nil
	}
	if os.Getenv(name) != "" {
		return "", fmt.Errorf("%s and %s_FILE are both set: choose one", name, name)
	}
	content, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("%s_FILE cannot be read: %w", name, errors.Unwrap(err))
	}
	text := strings.TrimRight(string(content), "\r\n")
	if text == "" {
		return "", fmt.Errorf("%s_FILE is empty", name)
	}
	return text, nil
}

const minSecret = 32 // bytes

// samples stand in documentation somewhere, so they are no secrets.
var samples = []string{"dev-secret-change-in-production", "change-me", "changeme", "your-secret", "your_secret", "example"}

// check refuses a secret that is short, known or made of one repeated sign.
func (s secret) check(name string) error {
	switch {
	case !s.set():
		return nil
	case len(s.text) < minSecret:
		return fmt.Errorf("%s must have at least %d bytes; make one with: openssl rand -base64 32", name, minSecret)
	case strings.Count(s.text, s.text[:1]) == len(s.text):
		return fmt.Errorf("%s is one repeated character; make a real one with: openssl rand -base64 32", name)
	}
	for _, sample := range samples {
		if strings.Contains(strings.ToLower(s.text), sample) {
			return fmt.Errorf("%s is a documented sample; make a real one with: openssl rand -base64 32", name)
		}
	}
	return nil
}

// checkMasterKey refuses what is no key, before anything is begun.
func checkMasterKey(s secret) error {
	if !s.set() {
		return nil
	}
	key, err := seal.ParseMasterKey(s.text)
	if err != nil {
		return fmt.Errorf("MASTER_KEY: %w", err)
	}
	if bytes.Count(key, key[:1]) == len(key) {
		return errors.New("MASTER_KEY is one repeated byte; make a real one with: openssl rand -base64 32")
	}
	return nil
}
