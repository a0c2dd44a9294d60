// Package tui is the full-screen view of a run in a terminal.
//
// Two goroutines take part. The engine's plays the session and takes Orders
// (step, go on, back, a verb); after each it puts a Snapshot, plain data, into a
// mailbox with room for one. The screen's is a Bubble Tea program that takes the
// latest Snapshot when it has time. Neither waits for the other, and nothing
// that is shown can change what happens.
//
// What a frame looks like is a pure function of (Snapshot, what the person has
// opened and selected, size, theme): see Render.
package tui
