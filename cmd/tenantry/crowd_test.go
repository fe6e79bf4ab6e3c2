package main

import "testing"

func TestTheLimitOfOpenFilesLeavesRoomForTheDatabase(t *testing.T) {
	for name, test := range map[string]struct{ files, set, databases, want int }{
		"a usual limit":    {1024, 0, 32, 896},
		"a low one":        {128, 0, 32, 64},
		"a setting counts": {1024, 5000, 32, 5000},
		"a large pool":     {4096, 0, 1000, 3000},
	} {
		c := config{MaxConnections: test.set, DatabaseConns: test.databases}
		if got := c.mostConnections(test.files); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
