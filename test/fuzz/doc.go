// Package fuzz sends the program requests that nobody would send.
//
// They come from a grammar that is made from the specification as the program
// prints it, and from those of the dialects: each is what an operation asks for,
// with some of its parts spoiled. They are sent by several clients at once, who
// hold real sessions and keys of real organizations, so that most of what is
// wrong with a request meets the code behind the credentials. Every answer is
// judged by package harness as every other answer is: documented, whole, telling
// nothing, no failure. None may take longer than ten seconds.
//
// The seed is printed with every failure; TENANTRY_FUZZ_SEED repeats it. A
// control shows that a failure, a silence and an undocumented answer among
// hundreds of others are seen.
package fuzz
