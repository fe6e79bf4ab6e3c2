package gateways

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// gateway is one of those on the page.
type gateway struct {
	name    string
	program string   // found on PATH, or where packages put servers
	files   []string // of docs/gateways, the configuration first
	// What makes a whole configuration of the published one, and how the program
	// is called. {dir} stands for the directory in which it lives.
	before, after string
	arguments     []string
}

var gateways = []gateway{
	{
		name: "nginx", program: "nginx", files: []string{"nginx.conf"},
		before: "daemon off; master_process off; pid {dir}/pid; error_log stderr warn; events {}\n" +
			"http { access_log off; client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;\n" +
			"fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;\n",
		after:     "}\n",
		arguments: []string{"-p", "{dir}", "-e", "stderr", "-c", "{dir}/gateway.conf"},
	},
	{
		name: "Caddy", program: "caddy", files: []string{"Caddyfile"},
		before:    "{\n\tadmin off\n}\n",
		arguments: []string{"run", "--adapter", "caddyfile", "--config", "{dir}/gateway.conf"},
	},
	{
		name: "HAProxy", program: "haproxy", files: []string{"haproxy.cfg", "tenantry.lua"},
		arguments: []string{"-db", "-f", "{dir}/gateway.conf"},
	},
}

// The addresses in the published files.
const (
	shownTenantry = "127.0.0.1:8080"
	shownProduct  = "127.0.0.1:3000"
	shownGateway  = "127.0.0.1:8000"
)

// start runs the gateway between a product and whatever authorizes, and returns
// its address.
func (g gateway) start(t *testing.T, tenantry, product string) string {
	t.Helper()
	directory := openDirectory(t)
	address := harness.FreeAddress(t)
	for i, file := range g.files {
		text := published(t, file)
		if i == 0 {
			text = strings.ReplaceAll(g.before, "{dir}", directory) + text + g.after
			file = "gateway.conf"
		}
		text = strings.NewReplacer(shownTenantry, tenantry, shownProduct, product, shownGateway, address, "/etc/haproxy", directory).Replace(text)
		if err := os.WriteFile(filepath.Join(directory, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var arguments []string
	for _, a := range g.arguments {
		arguments = append(arguments, strings.ReplaceAll(a, "{dir}", directory))
	}
	harness.StartNeighbor(t, address, directory, nil, find(t, g.program), arguments...)
	return "http://" + address
}

// openDirectory is one that another user can get into, which t.TempDir is not.
func openDirectory(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "tenantry-neighbor-")
	if err == nil {
		err = os.Chmod(directory, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(directory); err != nil {
			t.Error(err)
		}
	})
	return directory
}

// published is a file that the page shows.
func published(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(t), "docs", "gateways", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// find returns the path of a program. Packages put servers where only
// administrators' shells look.
func find(t *testing.T, program string) string {
	t.Helper()
	for _, candidate := range []string{program, "/usr/sbin/" + program, "/usr/local/sbin/" + program, "/opt/homebrew/bin/" + program} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	t.Fatalf("%s is not installed: run test/ensure.sh, which \"make test\" does, too", program)
	return ""
}

func TestThePageShowsTheTestedFiles(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(harness.Root(t), "docs", "gateways.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range gateways {
		for _, file := range g.files {
			if !strings.Contains(string(page), "\n"+published(t, file)+"```\n") {
				t.Errorf("docs/gateways.md does not show docs/gateways/%s as it is", file)
			}
		}
	}
}
