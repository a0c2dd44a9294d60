package rest

import (
	"crypto"
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

// Keys are a cluster's secrets: its own certificate authority, with what that has
// issued, and the key that signs tokens. They are random, live as long as whoever serves the cluster, and are
// never written down but in kubeconfigs.
type Keys struct {
	authority *x509.Certificate
	key       crypto.Signer
	pool      *x509.CertPool
	server    tls.Certificate
	tokens    signer
}

// validity is how long certificates are good for.
const validity = 365 * 24 * time.Hour

// NewKeys makes the keys of a cluster that is about to be served.
func NewKeys() (*Keys, error) {
	now := time.Now()
	k := &Keys{pool: x509.NewCertPool()}
	ca := template("minisim-ca", nil, now)
	ca.IsCA, ca.BasicConstraintsValid = true, true
	ca.KeyUsage |= x509.KeyUsageCertSign
	var err error
	if k.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, k.key.Public(), k.key)
	if err != nil {
		return nil, err
	}
	if k.authority, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	k.pool.AddCert(k.authority)

	server := template("kube-apiserver", nil, now)
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	server.DNSNames = serverNames
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	certPEM, keyPEM, err := k.issue(server)
	if err != nil {
		return nil, err
	}
	if k.server, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		return nil, err
	}
	k.tokens, err = newSigner()
	return k, err
}

// serverNames are the names by which the server may be called, all in lower case.
var serverNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}

// client issues the certificate of a user: the common name is the user's, the
// organisations are the groups.
func (k *Keys) client(u User, now time.Time) (certPEM, keyPEM []byte, err error) {
	c := template(u.Name, u.Groups, now)
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return k.issue(c)
}

func (k *Keys) issue(c *x509.Certificate) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, c, k.authority, key.Public(), k.key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pemOf("CERTIFICATE", der), pemOf("EC PRIVATE KEY", keyDER), nil
}

// RootCA is the authority's certificate, PEM, by which clients know the server.
// It is no secret.
func (k *Keys) RootCA() string { return string(pemOf("CERTIFICATE", k.authority.Raw)) }

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func template(name string, organizations []string, now time.Time) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: organizations},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(validity),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}
