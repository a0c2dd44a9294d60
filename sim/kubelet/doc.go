// Package kubelet is a worker node: the program that registers its Node, keeps
// its Lease fresh and runs the pods that are bound to it. What lives here: the
// pod life cycle (admission, volumes, sandbox, images, containers, probes,
// graceful end), what Kubernetes shows of it (conditions, reasons, Events, word
// for word those of v1.36) and the machine's disk that outlives the program.
// What does not: scheduling, controllers and the storage system. A kubelet sees
// the cluster through the API only, and the world through world.World.
//
// # One pod
//
// A pod goes through stages: new → volumes → sandbox → running → stopping →
// ended. One piece of work, "pod", takes it as far as it can go at this instant,
// reports its status and sleeps until the next thing can happen; so nothing is
// polled that has not changed. At most one operation (sandbox, image pull, start
// of a container) is under way per pod, as in the real SyncPod.
//
// # What containers do
//
// No process runs. A container does what its image's world.Program says, unless
// its command (or, without one, its args) is of these, which are simulated:
//
//	sleep N | sleep infinity           N as in coreutils: 10, 0.5, 5m; sums of several
//	exit N, true, false, :, echo …
//	sh -c "…"                          also bash, ash, dash; joined by ; && || and new lines
//	until nslookup NAME; do …; sleep N; done
//	kubectl wait --for=condition=complete job/NAME [-n NS] [--timeout=D]
//
// $(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace) is the pod's
// namespace. A shell and sleep do not listen to SIGTERM: as process 1 of a
// container they have no handler, so they live until SIGKILL, as in reality.
//
// # What containers write
//
// Each run of a container has a log on the machine: what the simulation knows of
// it, and what its program would write itself (log.go). It is no part of the
// run's trace, and whoever reads it changes nothing.
//
// # What differs from the real kubelet
//
//   - The pod lifecycle event generator notices the end of a container at once, not
//     within its relist period of 1 s; back-off ends on the second, without jitter.
//   - A probe whose answer cannot change is not repeated until it can.
//   - A pod whose namesake is still ending on the same node waits for its end.
//   - Static pods, ephemeral containers, in-place resize and image garbage collection are missing.
package kubelet
