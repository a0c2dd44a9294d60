// Package token says what a service account's token claims, and whether what a
// token claims still holds. What lives here: the rules of TokenRequest, and the
// check of claims against the cluster. What does not: keys and signatures. Those
// are with whoever serves the API, so that nothing of them can get into the store
// or the trace.
package token

import (
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Issuer is who issues tokens and for whom, if nobody else is named.
const Issuer = "https://kubernetes.default.svc.cluster.local"

// Claims are what a token says (RFC 7519). Times are seconds since 1970.
type Claims struct {
	Audience   []string `json:"aud"`
	Expiry     int64    `json:"exp"`
	IssuedAt   int64    `json:"iat"`
	Issuer     string   `json:"iss"`
	ID         string   `json:"jti,omitempty"` // is chosen by whoever signs
	Kubernetes Bound    `json:"kubernetes.io"`
	NotBefore  int64    `json:"nbf"`
	Subject    string   `json:"sub"`
}

// Bound is what a token is bound to: it stands for nobody when that is gone.
type Bound struct {
	Namespace string `json:"namespace"`
	Node      *Ref   `json:"node,omitempty"` // with Pod: where that runs, of which nothing depends
	Pod       *Ref   `json:"pod,omitempty"`
	Secret    *Ref   `json:"secret,omitempty"`
	Account   Ref    `json:"serviceaccount"`
	WarnAfter int64  `json:"warnafter,omitempty"` // when its holder should have had a newer one
}

// Ref is an object that a token is bound to.
type Ref struct {
	Name string `json:"name"`
	UID  string `json:"uid,omitempty"`
}

// How long tokens last, in seconds. Those of pods that ask for extendedFrom, as
// the volume that all pods get does, are good for much longer than they say, so
// that programs which do not read them again go on working.
const (
	defaultLifetime = 3600
	minLifetime     = 600
	maxLifetime     = 1 << 32
	extendedFrom    = 3607
	extendedTo      = 365 * 24 * 3600
)

// leeway is how much clocks may differ.
const leeway = time.Minute

// Default fills in what a request leaves out.
func Default(r *authenticationv1.TokenRequest) {
	if r.Spec.ExpirationSeconds == nil {
		r.Spec.ExpirationSeconds = new(int64(defaultLifetime))
	}
	if len(r.Spec.Audiences) == 0 {
		r.Spec.Audiences = []string{Issuer}
	}
}

// Validate finds what is wrong with a request.
func Validate(r *authenticationv1.TokenRequest) field.ErrorList {
	path, seconds := field.NewPath("spec", "expirationSeconds"), *r.Spec.ExpirationSeconds
	switch {
	case seconds < minLifetime:
		return field.ErrorList{field.Invalid(path, seconds, "may not specify a duration less than 10 minutes")}
	case seconds > maxLifetime:
		return field.ErrorList{field.Invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")}
	}
	return nil
}
