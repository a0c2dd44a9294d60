package rest

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// token is what a client hands back to get the next page: all pages show the
// state of one revision.
type token struct {
	Version  string `json:"v"`
	Revision int64  `json:"rv"`
	After    string `json:"start"` // "namespace/name" of the last object of the page before
}

const tokenVersion = "meta.k8s.io/v1"

func (t token) String() string {
	data, err := json.Marshal(t)
	if err != nil {
		panic("rest: a token of two words cannot be written: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func readToken(s string) (revision int64, after string, err error) {
	var t token
	data, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	if err != nil || t.Version != tokenVersion || t.Revision <= 0 || t.After == "" {
		return 0, "", apierrors.NewBadRequest("continue key is not valid")
	}
	return t.Revision, t.After, nil
}

// order is an object's place in a list: namespaces come as in the store, where each ends with "/".
func order(k api.Key) string {
	if k.Namespace == "" {
		return k.Name
	}
	return k.Namespace + "/" + k.Name
}

// page cuts the page that was asked for out of a whole list.
func (q listing) page(list api.List) ([]api.Object, metav1.ListMeta) {
	meta := metav1.ListMeta{ResourceVersion: strconv.FormatInt(list.Revision, 10)}
	items := list.Items
	if q.after != "" {
		for len(items) > 0 && strings.Compare(order(api.KeyOf(items[0])), q.after) <= 0 {
			items = items[1:]
		}
	}
	if q.limit == 0 || len(items) <= q.limit {
		return items, meta
	}
	rest := int64(len(items) - q.limit)
	items = items[:q.limit]
	meta.Continue = token{tokenVersion, list.Revision, order(api.KeyOf(items[len(items)-1]))}.String()
	if q.Labels == nil && q.Fields == nil {
		meta.RemainingItemCount = &rest
	}
	return items, meta
}
