package id_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/id"
)

var forms = map[string]id.Form[thing]{
	"thg_": id.FormOf[thing]("thg_", id.Crockford),
	"acc_": id.FormOf[thing]("acc_", id.Hexadecimal),
}

func TestAnIDKeepsAllItsBitsInEveryForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := id.Of[thing](rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "number"))
		for prefix, form := range forms {
			text := form.Text(number)
			if read, err := form.Parse(text); err != nil || read != number || !strings.HasPrefix(text, prefix) {
				t.Fatalf("%s: %s came back as %v, %v", number, text, read, err)
			}
		}
	})
}

func TestAnIDHasOneTextInAForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := id.Of[thing](rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "number"))
		for _, form := range forms {
			text := []byte(form.Text(number))
			at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
			before := text[at]
			text[at] = rapid.Byte().Draw(t, "byte")
			read, err := form.Parse(string(text))
			if err == nil && (read == number) != (text[at] == before) {
				t.Fatalf("%s and %q are one id", number, text)
			}
			if err == nil && form.Text(read) != string(text) {
				t.Fatalf("%q is a second spelling of %s", text, read)
			}
		}
	})
}

func TestWhatIsNoIDOfTheKindIsRefused(t *testing.T) {
	number := id.Of[thing](uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057"))
	text := forms["thg_"].Text(number)
	for _, other := range []string{
		"", "thg_", text[4:], "usr_" + text[4:], strings.ToLower(text), text + "0", text[:29], "thg_" + text,
		"thg_8ZZZZZZZZZZZZZZZZZZZZZZZZZ", // 131 bits
		"thg_0000000000000000000000000O", "thg_0000000000000000000000000I", "thg_000000000000-0000000000000",
		" " + text, text + "\n", forms["acc_"].Text(number), number.String(),
	} {
		if read, err := forms["thg_"].Parse(other); err == nil {
			t.Errorf("%q was read as %s", other, read)
		}
	}
	digits := strings.TrimPrefix(forms["acc_"].Text(number), "acc_")
	for _, other := range []string{"acc_" + strings.ToUpper(digits), digits, "acc_" + digits[2:], "acc_" + digits + "00", "acc_" + number.String(), text} {
		if read, err := forms["acc_"].Parse(other); err == nil {
			t.Errorf("%q was read as %s", other, read)
		}
	}
}

// The texts are those of the ULID specification's alphabet and bit order.
func TestCrockfordsFormIsThatOfAULID(t *testing.T) {
	for text, number := range map[string]string{
		"thg_00000000000000000000000000": "00000000-0000-0000-0000-000000000000",
		"thg_00000000000000000000000001": "00000000-0000-0000-0000-000000000001",
		"thg_7ZZZZZZZZZZZZZZZZZZZZZZZZZ": "ffffffff-ffff-ffff-ffff-ffffffffffff",
		"thg_01H455VB4PEX5VSKNK084SN02Q": "01890a5d-ac96-774b-bcce-b302099a8057",
	} {
		if got := forms["thg_"].Text(id.Of[thing](uuid.MustParse(number))); got != text {
			t.Errorf("%s is %s, want %s", number, got, text)
		}
	}
}
