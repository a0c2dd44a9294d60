package api

// RootCAConfigMap is the ConfigMap of each namespace by whose ca.crt a pod knows
// the API server.
const RootCAConfigMap = "kube-root-ca.crt"
