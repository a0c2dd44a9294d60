// Package scheduler is kube-scheduler as a program of the simulated cluster: it
// follows the API by its own caches, keeps the queue of pods that wait, takes
// one pod through one scheduling cycle per piece of work, and writes bindings,
// conditions and events through the API.
//
// The rules and the cycle itself are pure and live in packages framework and
// plugins; reading dumps of real clusters is package snapshot's. Nothing here
// imports the API server, its store, controllers or kubelets.
package scheduler
