package mailsink

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// authority signs one certificate and is forgotten with its test.
type authority struct{ certificate *x509.Certificate }

func (a authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// newAuthority makes an authority, and by it a certificate for the name, which
// may be an address.
func newAuthority(name string) (authority, tls.Certificate, error) {
	root := template(1, "Authority of a test")
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, tls.Certificate{}, err
	}
	raw, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return authority{}, tls.Certificate{}, err
	}
	if root, err = x509.ParseCertificate(raw); err != nil {
		return authority{}, tls.Certificate{}, err
	}
	leaf := template(2, name)
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if ip := net.ParseIP(name); ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{name}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, tls.Certificate{}, err
	}
	raw, err = x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), rootKey)
	return authority{root}, tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, err
}

func template(serial int64, name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}
