package operate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// identity is a certificate for 127.0.0.1 that signs itself, as PEM.
type identity struct {
	cert, key []byte
	serial    *big.Int
	roots     *x509.CertPool
}

func newIdentity(t *testing.T) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "tenantry"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	id := identity{serial: serial, roots: x509.NewCertPool()}
	id.cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	id.key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	id.roots.AppendCertsFromPEM(id.cert)
	return id
}

// files writes the identity into a directory of its own and returns the
// settings that name it.
func (id identity) files(t *testing.T) harness.Environment {
	t.Helper()
	directory := t.TempDir()
	env := harness.Environment{"TLS_CERT_FILE": filepath.Join(directory, "cert.pem"), "TLS_KEY_FILE": filepath.Join(directory, "key.pem")}
	replace(t, env["TLS_CERT_FILE"], id.cert)
	replace(t, env["TLS_KEY_FILE"], id.key)
	return env
}

// replace puts a whole file in place of another, as those do who renew
// certificates.
func replace(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path+".next", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".next", path); err != nil {
		t.Fatal(err)
	}
}

// shake opens a connection and tells what came of it.
func shake(s *harness.Server, config *tls.Config) (tls.ConnectionState, error) {
	conn, err := (&tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: config}).DialContext(context.Background(), "tcp", s.Address())
	if err != nil {
		return tls.ConnectionState{}, err
	}
	return conn.(*tls.Conn).ConnectionState(), conn.Close()
}

func TestTheServerSpeaksTLSByItsOwnCertificate(t *testing.T) {
	t.Parallel()
	id := newIdentity(t)
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), id.files(t))
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: id.roots}, ForceAttemptHTTP2: true}}
	t.Cleanup(client.CloseIdleConnections)
	for path, want := range map[string]int{"/readyz": 200, "/v1/auth/me": 401, "/no/such": 404} {
		r, err := client.Get(s.URL + path) //nolint:noctx // loopback
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != want || r.Proto != "HTTP/2.0" || r.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
			t.Errorf("%s: %s %d, Strict-Transport-Security %q", path, r.Proto, r.StatusCode, r.Header.Get("Strict-Transport-Security"))
		}
	}
	r, err := http.Get(strings.Replace(s.URL, "https", "http", 1) + "/readyz") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS: %d", r.StatusCode)
	}
}

func TestOldAndWeakTLSIsRefused(t *testing.T) {
	t.Parallel()
	id := newIdentity(t)
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), id.files(t))
	for what, test := range map[string]struct {
		config *tls.Config
		good   bool
	}{
		"TLS 1.3":             {&tls.Config{MinVersion: tls.VersionTLS13}, true},
		"TLS 1.2":             {&tls.Config{MaxVersion: tls.VersionTLS12}, true},
		"TLS 1.1":             {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		"TLS 1.0":             {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, false},
		"TLS 1.2 with CBC":    {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, false},
		"TLS 1.2 with RC4":    {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA}}, false},
		"an unknown signer's": {&tls.Config{RootCAs: newIdentity(t).roots}, false},
	} {
		if test.config.RootCAs == nil {
			test.config.RootCAs = id.roots
		}
		if state, err := shake(s, test.config); (err == nil) != test.good {
			t.Errorf("%s: %v %v", what, state.Version, err)
		}
	}
}

func TestARenewedCertificateIsServedWithoutARestart(t *testing.T) {
	t.Parallel()
	old, renewed := newIdentity(t), newIdentity(t)
	env := old.files(t)
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), env)
	both := old.roots.Clone()
	both.AppendCertsFromPEM(renewed.cert)
	serves := func(id identity) bool {
		state, err := shake(s, &tls.Config{RootCAs: both})
		if err != nil {
			t.Fatalf("no connection while the certificate is renewed: %v", err)
		}
		return state.PeerCertificates[0].SerialNumber.Cmp(id.serial) == 0
	}
	replace(t, env["TLS_CERT_FILE"], renewed.cert) // and not the key yet
	eventually(t, "the half of a pair is noticed", func() bool {
		if !serves(old) {
			t.Fatal("half of a pair is served")
		}
		return strings.Contains(s.Logs(), "the renewed certificate cannot be used")
	})
	replace(t, env["TLS_KEY_FILE"], renewed.key)
	eventually(t, "the new certificate is served", func() bool { return serves(renewed) })
	for _, line := range strings.Split(string(renewed.key), "\n") {
		if len(line) > 20 && !strings.HasPrefix(line, "---") && strings.Contains(s.Logs(), line) {
			t.Error("the log shows the key")
		}
	}
}

func TestSettingsOfTLSThatDoNotGoTogetherAreRefused(t *testing.T) {
	t.Parallel()
	id, other := newIdentity(t).files(t), newIdentity(t).files(t)
	for what, env := range map[string]harness.Environment{
		"TLS_CERT_FILE and TLS_KEY_FILE belong together": {"TLS_CERT_FILE": id["TLS_CERT_FILE"]},
		"belong together: set both, or neither":          {"TLS_KEY_FILE": id["TLS_KEY_FILE"]},
		"PUBLIC_URL must begin with https":               {"TLS_CERT_FILE": id["TLS_CERT_FILE"], "TLS_KEY_FILE": id["TLS_KEY_FILE"], "PUBLIC_URL": "http://accounts.example.com"},
		"private key does not match":                     {"TLS_CERT_FILE": id["TLS_CERT_FILE"], "TLS_KEY_FILE": other["TLS_KEY_FILE"]},
		"TLS_CERT_FILE cannot be read: no such file":     {"TLS_CERT_FILE": id["TLS_CERT_FILE"] + ".none", "TLS_KEY_FILE": id["TLS_KEY_FILE"]},
		"TLS_KEY_FILE cannot be read: no such file":      {"TLS_CERT_FILE": id["TLS_CERT_FILE"], "TLS_KEY_FILE": id["TLS_KEY_FILE"] + ".none"},
		"TLS_CERT_FILE and TLS_KEY_FILE: is a directory": {"TLS_CERT_FILE": filepath.Dir(id["TLS_CERT_FILE"]), "TLS_KEY_FILE": id["TLS_KEY_FILE"]},
	} {
		env["DATABASE_URL"] = "sqlite:" + filepath.Join(t.TempDir(), "tenantry.db")
		o := harness.Run(t, env, "serve")
		refuses(t, o, 2, what)
		for _, name := range []string{"TLS_CERT_FILE", "TLS_KEY_FILE"} {
			if env[name] != "" && strings.Contains(o.Stderr, env[name]) {
				t.Errorf("the value of %s is told:\n%s", name, o.Stderr)
			}
		}
	}
	env := harness.Environment{"TLS_CERT_FILE": id["TLS_CERT_FILE"], "TLS_KEY_FILE": id["TLS_KEY_FILE"]}
	if o := succeeds(t, harness.Run(t, env, "config")); !strings.Contains(o.Stdout, "https://127.0.0.1:8080") {
		t.Errorf("PUBLIC_URL is not https by itself:\n%s", o.Stdout)
	}
}

func TestTheHealthCheckAsksAServerThatSpeaksTLS(t *testing.T) {
	t.Parallel()
	env := newIdentity(t).files(t)
	address := harness.FreeAddress(t)
	_, env["PORT"], _ = strings.Cut(address, ":")
	d := harness.NewDatabase(t, harness.SQLite)
	env["DATABASE_URL"] = d.URL
	refuses(t, harness.Run(t, env, "healthcheck"), 1, "connection refused")
	harness.Start(t, d, env)
	succeeds(t, harness.Run(t, env, "healthcheck"))
}
