package apikey

import "time"

// MaxCallers is how many callers of a key are told apart.
const MaxCallers = 50

// Caller is who presents a key, as far as it shows: an address, and what the
// program says of itself. The zero Caller is all those that are not told apart.
type Caller struct{ Address, UserAgent string }

// Usage is how often something was used, and when last.
type Usage struct {
	Uses       int64
	LastUsedAt time.Time
}

// Plus adds the uses, and keeps the later time.
func (u Usage) Plus(more Usage) Usage {
	u.Uses += more.Uses
	if u.LastUsedAt.Before(more.LastUsedAt) {
		u.LastUsedAt = more.LastUsedAt
	}
	return u
}

// Callers are the uses of a key by each caller: of MaxCallers at most, and of
// all others together. No use is lost.
type Callers map[Caller]Usage

// Add counts uses of a caller, and returns under whom they were counted.
func (c Callers) Add(who Caller, uses Usage) Caller {
	if _, known := c[who]; !known && (who.Address == "" || c.told() >= MaxCallers) {
		who = Caller{}
	}
	c[who] = c[who].Plus(uses)
	return who
}

// told is how many callers are told apart.
func (c Callers) told() int {
	if _, others := c[Caller{}]; others {
		return len(c) - 1
	}
	return len(c)
}

// Total is the use by all callers. It is zero where there was none.
func (c Callers) Total() Usage {
	var total Usage
	for _, uses := range c {
		total = total.Plus(uses)
	}
	return total
}
