// Package guess estimates how easily a password is guessed.
package guess

import "github.com/ccojocar/zxcvbn-go"

// judged is how much of a password is looked at, in code points: the work grows
// with the square of the length, and a password this long is not guessed.
const judged = 72

// Score rates a password from 0 (guessed at once) to 4 (hardly ever), for an
// attacker who knows the words. It implements account.Guess. A password on
// which the library fails is rated 0: refused, rather than let through.
func Score(password string, words []string) (score int) {
	defer func() {
		if recover() != nil {
			score = 0
		}
	}()
	if runes := []rune(password); len(runes) > judged {
		password = string(runes[:judged])
	}
	return zxcvbn.PasswordStrength(password, words).Score
}
