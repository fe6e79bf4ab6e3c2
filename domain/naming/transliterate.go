package naming

import (
	"strings"
	"unicode"
)

// alphabet pairs letters with their ASCII spellings, position by position.
type alphabet struct{ letters, spellings string }

// singles are lower-case letters with a one-letter spelling.
var singles = []alphabet{
	{"àáâãåāăąǎạảấầẩẫậắằẳẵặ", "aaaaaaaaaaaaaaaaaaaaa"},
	{"çćĉċčďđð", "ccccc" + "ddd"},
	{"èéêëēĕėęěẹẻẽếềểễệ", "eeeeeeeeeeeeeeeee"},
	{"ĝğġģǧĥħ", "ggggg" + "hh"},
	{"ìíîïĩīĭįıǐịỉĵķǩ", "iiiiiiiiiiii" + "jkk"},
	{"ĺļľŀłñńņňŉŋ", "lllll" + "nnnnnn"},
	{"òóôõøōŏǒọỏơốồổỗộớờởỡợ", "ooooooooooooooooooooo"},
	{"ŕŗřśŝşšșţťŧț", "rrr" + "sssss" + "tttt"},
	{"ùúûũūŭůųǔụủưứừửữự", "uuuuuuuuuuuuuuuuu"},
	{"ŵýÿŷỳỹỵỷźżž", "w" + "yyyyyyy" + "zzz"},
	{"абвгґдеэзиійклмнопрстуфы", "abvggdeeziijklmnoprstufy"},
	{"αβγδεζηικλμνξοπρσςτυφωάέήίόύώϊϋ", "abgdeziiklmnxoprsstyfoaeiioyoiy"},
}

// clusters are letters whose spelling takes more than one.
var clusters = map[rune]string{
	'ä': "ae", 'æ': "ae", 'ö': "oe", 'œ': "oe", 'ő': "oe", 'ü': "ue", 'ű': "ue", 'ß': "ss", 'þ': "th", 'ĳ': "ij",
	'ж': "zh", 'х': "kh", 'ц': "ts", 'ч': "ch", 'ш': "sh", 'щ': "shch", 'ю': "yu", 'я': "ya", 'ё': "yo", 'є': "ye",
	'ї': "yi", 'θ': "th", 'χ': "ch", 'ψ': "ps",
}

// composed joins a letter with the mark behind it where both together are
// spelled otherwise than the letter alone: a name then gives the same slug in
// either normalization form of Unicode.
var composed = strings.NewReplacer("a\u0308", "ä", "o\u0308", "ö", "u\u0308", "ü", "o\u030b", "ő", "u\u030b", "ű",
	"и\u0306", "й", "е\u0308", "ё", "і\u0308", "ї")

var spellings = buildSpellings()

func buildSpellings() map[rune]string {
	table := map[rune]string{}
	for _, a := range singles {
		for i, r := range []rune(a.letters) {
			table[r] = a.spellings[i : i+1]
		}
	}
	for r, s := range clusters {
		table[r] = s
	}
	return table
}

// transliterate spells a lower-case letter in a-z and 0-9. It is false for
// what separates words, and true with nothing for what is merely silent: a
// combining mark, or a hard or soft sign.
func transliterate(r rune) (string, bool) {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return string(r), true
	}
	if unicode.Is(unicode.Mn, r) || r == 'ь' || r == 'ъ' {
		return "", true
	}
	s, known := spellings[r]
	return s, known
}
