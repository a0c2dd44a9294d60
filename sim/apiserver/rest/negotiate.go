package rest

import (
	"mime"
	"net/http"
	"sort"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"minisim/sim/apiserver/outside"
)

// accepted is the form in which a client wants an answer.
type accepted struct {
	info runtime.SerializerInfo
	// as is what an object is to be shown as: "Table", "PartialObjectMetadata",
	// "PartialObjectMetadataList", "APIGroupDiscoveryList" or "" for itself.
	as      string
	group   string
	version string
	pretty  bool
}

// maxAccept bounds how many alternatives of an Accept header are looked at.
const maxAccept = 32

// negotiate picks the first form that the client takes and the server has. may
// says which transformations there are.
func (c *exchange) negotiate(may func(accepted) bool) (accepted, error) {
	header := strings.Join(c.r.Header.Values("Accept"), ",")
	if header == "" {
		header = outside.JSON
	}
	for _, a := range alternatives(header) {
		info, ok := serializerOf(a.kind)
		if !ok {
			continue
		}
		out := accepted{info: info, as: a.params["as"], group: a.params["g"], version: a.params["v"]}
		if stream := a.params["stream"]; out.converts() && !may(out) || stream != "" && stream != "watch" || a.params["sv"] != "" {
			continue
		}
		if a.kind == outside.Protobuf && c.onlyText(out.as) {
			continue
		}
		out.pretty = c.pretty() || a.params["pretty"] == "1"
		return out, nil
	}
	forms := objectForms
	if c.onlyText("") {
		forms = forms[:2]
	}
	return accepted{}, routeError(http.StatusNotAcceptable, "only the following media types are accepted: "+strings.Join(forms, ", "))
}

// onlyText says whether the answer cannot be written in protobuf: custom resources have no form there.
func (c *exchange) onlyText(as string) bool {
	return c.target.custom != nil && c.target.subresource != "scale" && as != asMetadata && as != asMetadataList
}

// converts says whether the client wants something else than the thing itself.
func (a accepted) converts() bool { return a.as != "" || a.group != "" || a.version != "" }

// pretty says whether somebody is to read the answer with their own eyes.
func (c *exchange) pretty() bool {
	q := c.query()
	if q.Has("pretty") {
		return flag(q, "pretty")
	}
	a := c.r.UserAgent()
	return strings.HasPrefix(a, "curl") || strings.HasPrefix(a, "Wget") || strings.HasPrefix(a, "Mozilla/5.0")
}

type alternative struct {
	kind   string
	params map[string]string
	weight float64
}

// alternatives reads an Accept header, what is wanted most first.
func alternatives(header string) []alternative {
	var out []alternative
	for i, part := range strings.Split(header, ",") {
		if i == maxAccept {
			break
		}
		kind, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		a := alternative{kind, params, 1}
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
			a.weight = q
		}
		out = append(out, a)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].weight > out[j].weight })
	return out
}

func serializerOf(kind string) (runtime.SerializerInfo, bool) {
	if kind == "*/*" || kind == "application/*" {
		kind = outside.JSON
	}
	switch kind {
	case outside.JSON, outside.YAML, outside.Protobuf:
		return runtime.SerializerInfoForMediaType(wire().codecs.SupportedMediaTypes(), kind)
	}
	return runtime.SerializerInfo{}, false
}

// serializer writes objects in the form wanted.
func (a accepted) serializer() runtime.Serializer {
	if a.pretty && a.info.PrettySerializer != nil {
		return a.info.PrettySerializer
	}
	return a.info.Serializer
}

func (a accepted) contentType() string {
	t := a.info.MediaType
	if a.as != "" && a.group == "apidiscovery.k8s.io" {
		t += ";g=" + a.group + ";v=" + a.version + ";as=" + a.as
	}
	return t
}
