// Package framework holds the scheduler's words and its pure machinery: what a
// node and a pod look like to a plugin, the extension points, one pod's cycle
// over all nodes, and the record of what was decided.
//
// It mirrors kube-scheduler v1.36's framework. Everything here is a function
// of its arguments: no clock, no randomness, no API calls, no goroutines. The
// queue, the caches that follow the API and the writing of bindings live in
// package scheduler; the rules themselves live in package plugins.
package framework
