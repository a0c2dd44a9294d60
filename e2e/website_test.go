package e2e

import (
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
)

// website is a kind of somebody's own: an image that is to run so many times.
type website struct {
	metav1.TypeMeta
	metav1.ObjectMeta `json:"metadata"`

	Spec   websiteSpec   `json:"spec"`
	Status websiteStatus `json:"status,omitzero"`
}

type websiteSpec struct {
	Image    string `json:"image"`
	Replicas int32  `json:"replicas,omitempty"` // 1 by its schema's default
}

type websiteStatus struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Replicas           int32              `json:"replicas"`
	Selector           string             `json:"selector,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

type websiteList struct {
	metav1.TypeMeta
	metav1.ListMeta `json:"metadata"`
	Items           []website `json:"items"`
}

// DeepCopyObject is what runtime.Object asks for.
func (w *website) DeepCopyObject() runtime.Object {
	out := *w
	w.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Status.Conditions = append([]metav1.Condition(nil), w.Status.Conditions...)
	return &out
}

// DeepCopyObject is what runtime.Object asks for.
func (l *websiteList) DeepCopyObject() runtime.Object {
	out := *l
	out.Items = make([]website, len(l.Items))
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopyObject().(*website)
	}
	return &out
}

var websites = schema.GroupVersion{Group: "web.example.com", Version: "v1"}

// websiteScheme knows websites beside the kinds of Kubernetes.
func websiteScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	clientgoscheme.AddToScheme(s) // it fails only for two types of one name
	s.AddKnownTypeWithName(websites.WithKind("Website"), &website{})
	s.AddKnownTypeWithName(websites.WithKind("WebsiteList"), &websiteList{})
	metav1.AddToGroupVersion(s, websites)
	return s
}

// websiteDefinition is the CustomResourceDefinition of websites.
const websiteDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: websites.web.example.com
spec:
  group: web.example.com
  scope: Namespaced
  names: {plural: websites, singular: website, kind: Website, listKind: WebsiteList, shortNames: [ws], categories: [all]}
  versions:
    - name: v1
      served: true
      storage: true
      subresources:
        status: {}
        scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.selector}
      additionalPrinterColumns:
        - {name: Wanted, type: integer, jsonPath: .spec.replicas}
        - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
        - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [image]
              properties:
                image: {type: string, minLength: 1}
                replicas: {type: integer, format: int32, minimum: 0, maximum: 20, default: 1}
            status:
              type: object
              properties:
                observedGeneration: {type: integer, format: int64}
                replicas: {type: integer, format: int32}
                selector: {type: string}
                conditions:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [type]
                  items:
                    type: object
                    required: [type, status, reason, lastTransitionTime]
                    properties:
                      type: {type: string}
                      status: {type: string, enum: ["True", "False", Unknown]}
                      reason: {type: string}
                      message: {type: string}
                      observedGeneration: {type: integer, format: int64}
                      lastTransitionTime: {type: string, format: date-time}
`

// backend is the deployment that serves a website.
func backend(site *website) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: site.Namespace, Name: site.Name}}
}
