package environment

import "errors"

// DefaultColor is the grey of an environment for which none was chosen.
const DefaultColor = "#6B7280"

// Color is how dashboards tell environments apart: # and six hexadecimal
// digits, kept as they were written.
type Color struct{ text string }

var errColor = errors.New("must be # and six hexadecimal digits, such as #22c55e")

// ParseColor reads a color.
func ParseColor(s string) (Color, error) {
	if len(s) != 7 || s[0] != '#' {
		return Color{}, errColor
	}
	for i := 1; i < len(s); i++ {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return Color{}, errColor
		}
	}
	return Color{s}, nil
}

// StoredColor wraps a color that was parsed when it was stored.
func StoredColor(s string) Color { return Color{s} }

func (c Color) String() string { return c.text }
