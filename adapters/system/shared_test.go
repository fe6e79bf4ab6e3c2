package system

import (
	"context"
	"errors"
	"testing"
	"time"
)

func server(ahead time.Duration) func(context.Context) (time.Time, error) {
	return func(context.Context) (time.Time, error) { return time.Now().Add(ahead).Round(0), nil }
}

func near(a, b time.Time) bool { return a.Sub(b).Abs() < 5*time.Second }

func TestASharedClockIsTheMachinesUntilItIsTold(t *testing.T) {
	var s Shared
	if now := s.Now(); !near(now, time.Now()) || now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
		t.Errorf("it is %v", now)
	}
	if ahead, err := s.Follow(t.Context(), func(context.Context) (time.Time, error) { return time.Time{}, nil }); ahead != 0 || err != nil || !near(s.Now(), time.Now()) {
		t.Errorf("without a server: %v, %v", ahead, err)
	}
}

func TestASharedClockGoesByTheServersAndOn(t *testing.T) {
	for _, apart := range []time.Duration{time.Hour, -5 * time.Minute} {
		var s Shared
		ahead, err := s.Follow(t.Context(), server(apart))
		if err != nil || (ahead+apart).Abs() > 5*time.Second {
			t.Errorf("the machine counts as %v ahead of a server that is %v ahead of it: %v", ahead, apart, err)
		}
		if first := s.Now(); !near(first, time.Now().Add(apart)) {
			t.Errorf("it is %v", first)
		} else if next := s.Now(); next.Before(first) {
			t.Error("it goes backwards")
		}
	}
}

func TestASharedClockKeepsWhatItWasToldWhenTheServerIsSilent(t *testing.T) {
	var s Shared
	if _, err := s.Follow(t.Context(), server(time.Hour)); err != nil {
		t.Fatal(err)
	}
	gone := errors.New("gone")
	if _, err := s.Follow(t.Context(), func(context.Context) (time.Time, error) { return time.Time{}, gone }); !errors.Is(err, gone) {
		t.Errorf("the error is %v", err)
	}
	if !near(s.Now(), time.Now().Add(time.Hour)) {
		t.Errorf("it is %v", s.Now())
	}
}

func TestASharedClockDoesNotFollowTheNoiseOfTheWay(t *testing.T) {
	var s Shared
	if _, err := s.Follow(t.Context(), server(time.Hour)); err != nil {
		t.Fatal(err)
	}
	before := s.told.Load()
	slow := func(context.Context) (time.Time, error) {
		<-time.After(20 * time.Millisecond)
		return time.Now().Add(time.Hour).Round(0), nil // 10 ms later than the middle
	}
	if _, err := s.Follow(t.Context(), slow); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Follow(t.Context(), server(2*time.Hour)); err != nil || s.told.Load() == before {
		t.Error("it does not follow a server that was set")
	}
}

func TestASharedClockGoesByTheQuickestAnswer(t *testing.T) {
	var s Shared
	asked := 0
	slowAtFirst := func(context.Context) (time.Time, error) {
		there := time.Now().Round(0)
		if asked++; asked == 1 {
			<-time.After(400 * time.Millisecond) // on the way back: it shows the time of 200 ms before the middle
		}
		return there, nil
	}
	if _, err := s.Follow(t.Context(), slowAtFirst); err != nil {
		t.Fatal(err)
	}
	if behind := time.Since(s.Now()); behind.Abs() > 150*time.Millisecond {
		t.Errorf("it is wrong by %v", behind)
	}
}
