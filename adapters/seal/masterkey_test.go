package seal_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/adapters/seal"
)

var encoded = base64.StdEncoding.EncodeToString(master)

func TestAMasterKeyIsReadStrictly(t *testing.T) {
	t.Parallel()
	for _, good := range []string{encoded, encoded + "\n", encoded + "\r\n", " " + encoded + " "} {
		if key, err := seal.ParseMasterKey(good); err != nil || !bytes.Equal(key, master) {
			t.Errorf("%q: %v", good, err)
		}
	}
	for name, bad := range map[string]string{
		"empty": "", "a line break only": "\n", "raw": string(master), "without padding": strings.TrimRight(encoded, "="),
		"url alphabet": base64.URLEncoding.EncodeToString(bytes.Repeat([]byte("\xfb\xff\xbe012345678abc"), 3)[:32]),
		"31 bytes":     base64.StdEncoding.EncodeToString(master[:31]),
		"33 bytes":     base64.StdEncoding.EncodeToString(append(bytes.Clone(master), 1)),
		"a space":      encoded[:20] + " " + encoded[20:], "broken into lines": encoded[:20] + "\n" + encoded[20:],
		"bits behind the last byte": encoded[:42] + "Z=",
		"two keys":                  encoded + "\n" + encoded, "a megabyte": strings.Repeat("A", 1<<20),
	} {
		key, err := seal.ParseMasterKey(bad)
		if err == nil || key != nil {
			t.Errorf("%s is taken", name)
		} else if len(bad) > 4 && strings.Contains(err.Error(), strings.TrimSpace(bad)) {
			t.Errorf("%s: the error shows it: %v", name, err)
		}
	}
}

func TestTheFileIsMadeOnceAndForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tenantry.key")
	made, err := seal.LoadOrCreateMasterKey(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := seal.LoadOrCreateMasterKey(path)
	if err != nil || !bytes.Equal(made, again) {
		t.Errorf("the second start has another key (error %v)", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the mode is %v (error %v)", info.Mode(), err)
	}
	alone(t, path)
	other, err := seal.LoadOrCreateMasterKey(filepath.Join(t.TempDir(), "tenantry.key"))
	if err != nil || bytes.Equal(made, other) {
		t.Errorf("another installation has the same key (error %v)", err)
	}
}

// alone holds that nothing is left beside the file.
func alone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory has %v (error %v)", entries, err)
	}
}

func TestProcessesThatStartAtOnceAgree(t *testing.T) {
	t.Parallel()
	for range 30 {
		path := filepath.Join(t.TempDir(), "tenantry.key")
		keys := make([][]byte, 8)
		start := make(chan struct{})
		var group sync.WaitGroup
		for i := range keys {
			group.Go(func() {
				<-start
				key, err := seal.LoadOrCreateMasterKey(path)
				if err != nil {
					t.Error(err)
				}
				keys[i] = key
			})
		}
		close(start)
		group.Wait()
		for _, key := range keys {
			if len(key) != seal.KeySize || !bytes.Equal(key, keys[0]) {
				t.Fatal("two processes have different keys")
			}
		}
		alone(t, path)
	}
}

func TestAFileThatOthersMayReadIsRefused(t *testing.T) {
	t.Parallel()
	for mode, allowed := range map[os.FileMode]bool{
		0o600: true, 0o400: true, 0o700: true,
		0o640: false, 0o604: false, 0o620: false, 0o602: false, 0o601: false, 0o610: false, 0o644: false, 0o666: false, 0o777: false,
	} {
		path := write(t, encoded+"\n", mode)
		key, err := seal.LoadOrCreateMasterKey(path)
		if (err == nil) != allowed || allowed != bytes.Equal(key, master) {
			t.Errorf("mode %04o: error %v", mode, err)
		}
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("mode %04o: the error does not name the file: %v", mode, err)
		}
	}
}

func TestADamagedFileIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "\n", encoded[:40], encoded + encoded, strings.Repeat("A", 1<<20)} {
		path := write(t, content, 0o600)
		if key, err := seal.LoadOrCreateMasterKey(path); err == nil || key != nil {
			t.Errorf("%.60q is taken", content)
		} else if content != "" && strings.Contains(err.Error(), strings.TrimSpace(content)) && len(content) > 4 {
			t.Errorf("the error shows the content: %v", err)
		}
		if kept, err := os.ReadFile(path); err != nil || string(kept) != content {
			t.Errorf("%.60q was changed (error %v)", content, err)
		}
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	for _, path := range []string{directory, filepath.Join(directory, "missing", "tenantry.key")} {
		if key, err := seal.LoadOrCreateMasterKey(path); err == nil || key != nil {
			t.Errorf("%s is taken", path)
		}
	}
}

func write(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tenantry.key")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}
