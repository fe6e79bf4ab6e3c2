// Package tour holds the written pages to the program. It builds the real
// program, runs the commands that the pages show and compares what comes back
// with what the pages say; it checks that the settings, addresses and links
// that they name exist.
//
// A block that begins with ```sh tour is run, on a fresh installation of each
// engine. In it, a line "# → text" says what the commands since the last such
// line print; … stands for anything. Behind a quoted '…' in a command stands "#
// mailed to ADDRESS": a reader puts the link there that was mailed, and so does
// the test.
package tour
