package gateways

import (
	"os"
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
	directory := harness.OpenDirectory(t)
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
	harness.StartNeighbor(t, address, directory, nil, harness.Find(t, g.program), arguments...)
	return "http://" + address
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
