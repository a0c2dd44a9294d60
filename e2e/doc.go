// Package e2e drives minisim with the clients of the real world: kubectl, Helm,
// controller-runtime and client-go, each by its own library, so that none of them
// need be installed. What lives here: those drives, as tests. What does not: tests
// of one room (they stand beside its code). It is a module of its own, so that
// these libraries stay out of the product.
package e2e
