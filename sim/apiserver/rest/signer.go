package rest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"minisim/sim/apiserver/token"
)

// signer signs the tokens of service accounts, and knows its own signature.
type signer struct {
	jose   jose.Signer
	public jose.JSONWebKey
}

// signature is the algorithm of all tokens.
const signature = jose.ES256

func newSigner() (signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signer{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return signer{}, err
	}
	digest := sha256.Sum256(der)
	id := base64.RawURLEncoding.EncodeToString(digest[:])
	s := signer{public: jose.JSONWebKey{Key: key.Public(), KeyID: id, Algorithm: string(signature), Use: "sig"}}
	s.jose, err = jose.NewSigner(jose.SigningKey{Algorithm: signature, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	return s, err
}

// sign makes a token of what it is to claim, under an identifier of its own.
func (s signer) sign(c token.Claims) (string, error) {
	c.ID = uuid.NewString()
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	signed, err := s.jose.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// read gives the claims of a token; false for one that somebody else has made.
func (s signer) read(text string) (*token.Claims, bool) {
	signed, err := jose.ParseSigned(text, []jose.SignatureAlgorithm{signature})
	if err != nil {
		return nil, false
	}
	payload, err := signed.Verify(s.public)
	if err != nil {
		return nil, false
	}
	c := &token.Claims{}
	if json.Unmarshal(payload, c) != nil || c.Issuer != token.Issuer {
		return nil, false
	}
	return c, true
}
