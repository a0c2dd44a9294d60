package rest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"path"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// pageToken is what a client hands back to get the next page: all pages show the
// state of one revision.
type pageToken struct {
	Version  string `json:"v"`
	Revision int64  `json:"rv"`
	After    string `json:"start"` // the key from which the page begins: what comes after "namespace/name"
}

const tokenVersion = "meta.k8s.io/v1"

func (t pageToken) String() string {
	data, err := json.Marshal(t)
	if err != nil {
		panic("rest: a token of two words cannot be written: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// readToken reads a token. Its revision is negative for one that goes on with whatever there is now.
func readToken(s string) (revision int64, after string, err error) {
	t := pageToken{}
	data, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	const bad = "invalid continue token: continue key is not valid: "
	switch {
	case err != nil:
		return 0, "", apierrors.NewBadRequest(bad + err.Error())
	case t.Version != tokenVersion:
		return 0, "", apierrors.NewBadRequest(bad + "server does not recognize this encoded version " + t.Version)
	case t.Revision == 0:
		return 0, "", apierrors.NewBadRequest(bad + "incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
	case t.After == "":
		return 0, "", apierrors.NewBadRequest(bad + "encoded start key empty (version meta.k8s.io/v1)")
	case path.Clean("/"+strings.TrimPrefix(t.After, "/")) != "/"+strings.TrimPrefix(t.After, "/"):
		return 0, "", apierrors.NewBadRequest(bad + t.After)
	}
	return t.Revision, strings.TrimSuffix(t.After, afterKey), nil
}

// afterKey at the end of a key is the least that comes after it.
const afterKey = "\x00"

// continued is the error for a page of a state that the store has forgotten. It
// has a token by which one can go on, with the state as it is now.
func continued(err error, after string) error {
	var known *apierrors.StatusError
	if after == "" || !apierrors.IsResourceExpired(err) || !errors.As(err, &known) {
		return err
	}
	out := apierrors.NewResourceExpired("The provided continue parameter is too old to display a consistent list result. " +
		"You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. " +
		"Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted " +
		"between the time the first chunk was returned and now may show up in the list.")
	out.ErrStatus.ListMeta.Continue = pageToken{tokenVersion, -1, after + afterKey}.String()
	return out
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
	if list.Revision == 0 {
		return list.Items, metav1.ListMeta{} // made for this answer: there is no version of it to go on from
	}
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
	meta.Continue = pageToken{tokenVersion, list.Revision, order(api.KeyOf(items[len(items)-1])) + afterKey}.String()
	if text(q.Labels)+text(q.Fields) == "" {
		meta.RemainingItemCount = &rest
	}
	return items, meta
}
