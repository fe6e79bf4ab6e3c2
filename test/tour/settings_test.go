package tour

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

var settingRow = regexp.MustCompile("(?m)^\\| `([A-Z_]+)`(?:, `([A-Z_]+_FILE)`)? \\| ([^|]+) \\|")

// settingsOfReadme reads the table: names, their defaults and which have a
// twin that names a file.
func settingsOfReadme(t *testing.T) (defaults map[string]string, twins []string) {
	t.Helper()
	defaults = map[string]string{}
	for _, row := range settingRow.FindAllStringSubmatch(contents(t, "README.md"), -1) {
		defaults[row[1]] = strings.Trim(row[3], "`")
		if row[2] == row[1]+"_FILE" {
			twins = append(twins, row[1])
		}
	}
	if len(defaults) == 0 {
		t.Fatal("the README has no table of settings")
	}
	return defaults, twins
}

// effective is what "tenantry config" prints when nothing is set.
func effective(t *testing.T) map[string]string {
	t.Helper()
	config := harness.Run(t, nil, "config")
	if config.Code != 0 {
		t.Fatalf("tenantry config exits with %d: %s", config.Code, config.Stderr)
	}
	values := map[string]string{}
	for line := range strings.Lines(config.Stdout) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		values[name] = strings.Trim(strings.TrimSpace(value), "[]")
	}
	return values
}

func TestTheTableOfSettingsIsTheProgramsOwn(t *testing.T) {
	t.Parallel()
	documented, _ := settingsOfReadme(t)
	actual := effective(t)
	for name, value := range documented {
		switch _, refersToAnother := actual[value]; {
		case value == "none":
			documented[name] = ""
		case refersToAnother:
			documented[name] = actual[value]
		case value == "http://HOST:PORT":
			documented[name] = "http://" + actual["HOST"] + ":" + actual["PORT"]
		}
	}
	if diff := cmp.Diff(documented, actual); diff != "" {
		t.Errorf("the README's table (-) and the program (+) differ:\n%s", diff)
	}
}

func TestSecretsAndOnlySecretsMayComeFromAFile(t *testing.T) {
	t.Parallel()
	documented, twins := settingsOfReadme(t)
	for _, name := range slices.Sorted(maps.Keys(documented)) {
		config := harness.Run(t, harness.Environment{name + "_FILE": "/nonexistent/secret"}, "config")
		if reads := config.Code != 0 && strings.Contains(config.Stderr, name+"_FILE"); reads != slices.Contains(twins, name) {
			t.Errorf("%s_FILE: the program reads it: %v, the README lists it: %v", name, reads, !reads)
		}
	}
}

func TestTheSampleEnvironmentHasEverySetting(t *testing.T) {
	t.Parallel()
	documented, twins := settingsOfReadme(t)
	for _, name := range twins {
		documented[name+"_FILE"] = ""
	}
	sample := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^#?([A-Z_]+)=(.*)$`).FindAllStringSubmatch(contents(t, ".env.example"), -1) {
		sample[line[1]] = line[2]
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(sample))); diff != "" {
		t.Errorf("the README's table (-) and .env.example (+) differ:\n%s", diff)
	}
	for _, name := range twins {
		if sample[name] != "" && sample[name] != documented[name] {
			t.Errorf("%s has a sample value, which somebody would use", name)
		}
	}
	settings := harness.Environment{}
	for name, value := range sample {
		if value != "" && !strings.HasSuffix(name, "_FILE") {
			settings[name] = value
		}
	}
	if config := harness.Run(t, settings, "config"); config.Code != 0 {
		t.Errorf("the program refuses the sample's values: %s", config.Stderr)
	}
}
