package httpapi

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/domain/fault"
)

func TestStrictJSONRefusesWhatTwoReadersCouldReadDifferently(t *testing.T) {
	t.Parallel()
	for body, field := range map[string]string{
		``:                              "body",
		`null`:                          "body",
		`[]`:                            "body",
		`"a"`:                           "body",
		`1`:                             "body",
		`{`:                             "body",
		`{"a":1,}`:                      "body",
		`{'a':1}`:                       "body",
		`{"a":1} x`:                     "body",
		`{"a":1}{"a":1}`:                "body",
		`{"a":1}]`:                      "body",
		`{"a":01}`:                      "body",
		`{"a":NaN}`:                     "body",
		"\ufeff{}":                      "body",
		"{\"a\":\"\xff\"}":              "body",
		"{\"a\":\"\xed\xa0\x80\"}":      "body",
		"{\"a\":\"\x00\"}":              "body",
		`{"a":"\x"}`:                    "body",
		`{"a":1,"a":1}`:                 "a",
		`{"a":1,"\u0061":1}`:            "a",
		`{"a":{"b":1,"b":2}}`:           "a.b",
		`{"a":[{"b":1},{"c":1,"c":2}]}`: "a[1].c",
		`{"a":"\u0000"}`:                "a",
		`{"a":"x\\\u0000"}`:             "a",
		`{"a\u0000":1}`:                 "body",
		`{"a":{"b\u0000":1}}`:           "a",
		`{"a":"\ud800"}`:                "a",
		`{"a":"\udc00"}`:                "a",
		`{"a":"\ud800\ud800"}`:          "a",
		`{"a":"\ud800x"}`:               "a",
		`{"a":"\ud800\n"}`:              "a",
		`{"a":["ok","\udfff"]}`:         "a[1]",
		`{"a":1e400}`:                   "a",
		`{"a":[-1e999]}`:                "a[0]",
		`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`: "a" + strings.Repeat("[0]", maxDepth-1),
		`{"a":[` + strings.Repeat("[],", maxTokens) + `[]]}`:                "body",
	} {
		err := checkJSON([]byte(body))
		var f *fault.Error
		if !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Name != field {
			t.Errorf("%q: %+v, want %s", body, f, field)
		}
	}
}

func TestStrictJSONAcceptsWhatIsPlain(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{}`, ` {"a" : 1 } `, `{"a":"\ud83d\ude00","b":"\\u0000","c":"\\\\ud800","d":["\u00e9"]}`, `{"a":{"b":1},"c":{"b":1}}`,
		`{"a":[{"b":1},{"b":1}]}`, `{"a":null,"A":1e308}`, `{"":1}`, "{\"a\":\"\u2028\U0010ffff\"}",
	} {
		if err := checkJSON([]byte(body)); err != nil {
			t.Errorf("%q: %+v", body, err)
		}
	}
}

func TestAnInventedNameIsRepeatedInPartOnly(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 10_000)
	var f *fault.Error
	if !errors.As(checkJSON([]byte(`{"`+long+`":1,"`+long+`":1}`)), &f) || len(f.Fields[0].Name) > 2*maxFieldName+3 {
		t.Errorf("%d bytes", len(f.Fields[0].Name))
	}
}

func FuzzStrictJSONAcceptsObjectsOnlyAndNeverLosesAMember(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":"\ud83d\ude00"}`, `{"a":{"a":[1,{"a":null}]}}`, `{"a":1,"a":2}`, `{"\u0000":"\udead"}`, `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkJSON(body) != nil {
			return
		}
		var object map[string]any
		if err := json.Unmarshal(body, &object); err != nil || object == nil {
			t.Fatalf("accepted, and yet %v", err)
		}
		again, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkJSON(again); err != nil {
			t.Errorf("%q became %q: %v", body, again, err)
		}
	})
}
