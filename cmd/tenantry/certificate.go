package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"time"
)

// certificateLook is how long a renewed certificate may go unnoticed.
const certificateLook = time.Second

// certificate is the server's own, from two files. Whoever renews it replaces
// the files: the next connection gets the new one.
type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	mutex   sync.Mutex
	current *tls.Certificate
	seen    [2]fs.FileInfo // what was read, or tried, last
	looked  time.Time
}

func openCertificate(certFile, keyFile string, logger *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, logger: logger, looked: time.Now()}
	var err error
	if c.seen, err = c.look(); err != nil {
		return nil, err
	}
	c.current, err = c.load()
	return c, err
}

func (c *certificate) load() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, fmt.Errorf("TLS_CERT_FILE and TLS_KEY_FILE: %w", withoutPath(err))
	}
	return &pair, nil
}

func (c *certificate) look() (files [2]fs.FileInfo, err error) {
	for i, file := range []struct{ setting, name string }{{"TLS_CERT_FILE", c.certFile}, {"TLS_KEY_FILE", c.keyFile}} {
		if files[i], err = os.Stat(file.name); err != nil {
			return files, fmt.Errorf("%s cannot be read: %w", file.setting, withoutPath(err))
		}
	}
	return files, nil
}

// withoutPath is why a file cannot be read: the setting is named, its value is not.
func withoutPath(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// get is the certificate for a new connection. Files that do not go together,
// as they do for a moment while they are replaced, leave the old one in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if time.Since(c.looked) < certificateLook {
		return c.current, nil
	}
	c.looked = time.Now()
	files, err := c.look()
	if err != nil || same(files, c.seen) {
		return c.current, nil // a file that is away will come back
	}
	c.seen = files
	renewed, err := c.load()
	if err != nil {
		c.logger.Warn("the renewed certificate cannot be used; the old one stays", "error", err.Error())
		return c.current, nil
	}
	c.current = renewed
	c.logger.Info("the certificate was renewed", "until", renewed.Leaf.NotAfter)
	return c.current, nil
}

func same(a, b [2]fs.FileInfo) bool {
	for i := range a {
		if !os.SameFile(a[i], b[i]) || !a[i].ModTime().Equal(b[i].ModTime()) || a[i].Size() != b[i].Size() {
			return false
		}
	}
	return true
}

// settings for connections: TLS 1.2 with forward secrecy and authenticated
// encryption, or 1.3, which has nothing else (RFC 9325, section 4.2).
func (c *certificate) settings() *tls.Config {
	return &tls.Config{
		GetCertificate: c.get,
		MinVersion:     tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

// certificate is what the server speaks TLS by, nil where it does not.
func (c *config) certificate(logger *slog.Logger) (*tls.Config, error) {
	if !c.secure() {
		return nil, nil
	}
	own, err := openCertificate(c.TLSCertFile, c.TLSKeyFile, logger)
	if err != nil {
		return nil, err
	}
	return own.settings(), nil
}

// secure says whether the server itself speaks TLS.
func (c *config) secure() bool { return c.TLSCertFile != "" && c.TLSKeyFile != "" }

func (c *config) scheme() string {
	if c.secure() {
		return "https"
	}
	return "http"
}

func (c *config) checkTLS() error {
	if !c.secure() {
		if c.TLSCertFile != c.TLSKeyFile {
			return errors.New("TLS_CERT_FILE and TLS_KEY_FILE belong together: set both, or neither")
		}
		return nil
	}
	if public, err := url.Parse(c.PublicURL); err == nil && public.Scheme != "https" {
		return errors.New("PUBLIC_URL must begin with https: where the server has a certificate, nobody reaches it otherwise")
	}
	_, err := c.certificate(slog.New(slog.DiscardHandler))
	return err
}
