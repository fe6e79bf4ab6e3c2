// Package contracts holds the program to five published API documents: whoever
// wrote a client for one of them changes the base URL and nothing else.
//
// The documents lie in documents/, unchanged. The tests read requests, answers,
// statuses, fields and settings from them (reader_test.go), send each example
// as it is written and compare what comes back with the documented answer
// (compare_test.go). A part of a document that no test takes up fails the test
// with its line; what cannot hold stands in exceptions_test.go with the reason,
// and has to be seen not to hold.
//
// docs/compatibility.md is printed from such a run on both engines; make
// compatibility writes it.
package contracts
