// Package guess estimates how easily a password is guessed.
package guess

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ccojocar/zxcvbn-go"
	"github.com/ccojocar/zxcvbn-go/frequency"
	"github.com/ccojocar/zxcvbn-go/match"
	"github.com/ccojocar/zxcvbn-go/matching"
)

const (
	// judged is how many runes are looked at. The work grows with their cube,
	// and a longer password is no easier to guess than its beginning.
	judged = 72
	// disguised is how many runes a password may have to be read once more with
	// its digits as letters. In a longer one that hides no word that matters.
	disguised = 32
	// shortestWord is the shortest part that counts as a word of its own.
	shortestWord = 3
)

// readings are the letters that digits and signs stand for. Some have two.
var readings = []*strings.Replacer{
	strings.NewReplacer("4", "a", "@", "a", "8", "b", "(", "c", "3", "e", "6", "g", "9", "g",
		"1", "i", "!", "i", "|", "i", "0", "o", "$", "s", "5", "s", "7", "t", "+", "t", "2", "z"),
	strings.NewReplacer("4", "a", "@", "a", "8", "b", "(", "c", "3", "e", "6", "g", "9", "g",
		"1", "l", "!", "l", "|", "l", "0", "o", "$", "s", "5", "s", "7", "l", "+", "t", "2", "z"),
}

// leaked is the library's list of passwords that many people had.
var leaked = foldedSet(frequency.Lists["Passwords"].List)

func foldedSet(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[strings.ToLower(s)] = true
	}
	return set
}

// Score rates the password from 0 (guessed at once) to 4 (hardly ever) for an
// attacker who knows the words.
//
// It is the score of zxcvbn, but for two things. A password that leaked often
// is 0, also where its parts are rare. And a phrase is at least 1: the library
// implements the first zxcvbn, whose attacker knows how many words there are
// and where they end; from version 4 on he has to guess that, too, and a
// phrase takes him more than a thousand attempts.
func Score(password string, words []string) (score int) {
	defer func() {
		if recover() != nil {
			score = 0 // what the library cannot judge is refused
		}
	}()
	return lowest(password, slices.Concat(words, famous))
}

// lowest is the lowest score of the password's readings.
func lowest(password string, known []string) int {
	password = unit(beginning(password, judged))
	score := rate(password, known)
	if score == 0 || utf8.RuneCountInString(password) > disguised {
		return score
	}
	for _, r := range readings {
		if undisguised := r.Replace(password); undisguised != password {
			score = min(score, rate(undisguised, known))
		}
	}
	return score
}

func rate(password string, known []string) int {
	folded := strings.ToLower(password)
	if leaked[folded] {
		return 0
	}
	// The library's own reading of disguises is left out. It tries all their
	// combinations, which takes more than a second for 72 runes.
	strength := zxcvbn.PasswordStrength(password, known, matching.FilterL33tMatcher)
	if strength.Score == 0 && phrase(strength.MatchSequence) && !leaked[strings.TrimFunc(folded, noLetter)] {
		return 1
	}
	return strength.Score
}

// phrase says that there are several words which are neither famous together
// nor the account's own.
func phrase(parts []match.Match) bool {
	different := map[string]bool{}
	for _, p := range parts {
		word := strings.ToLower(p.Token)
		if p.Pattern == "dictionary" && p.DictionaryName != "user_inputs" &&
			utf8.RuneCountInString(word) >= shortestWord && !strings.ContainsFunc(word, noLetter) {
			different[word] = true
		}
	}
	return len(different) > 1
}

func noLetter(r rune) bool { return !unicode.IsLetter(r) }

// unit is what the password repeats, or all of it: "rootroot" is no better than
// "root".
func unit(password string) string {
	for size := 1; size <= len(password)/2; size++ {
		if strings.Repeat(password[:size], len(password)/size) == password {
			return password[:size]
		}
	}
	return password
}

func beginning(s string, runes int) string {
	for i := range s {
		if runes == 0 {
			return s[:i]
		}
		runes--
	}
	return s
}
