package bench

import (
	"bufio"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/crypto/argon2"

	"github.com/tenantry/tenantry/test/harness"
)

// bareHash is what a registration and a login cannot do without.
func bareHash() func(int) error {
	salt := make([]byte, 16)
	return func(int) error {
		argon2.IDKey([]byte("correct horse battery staple"), salt, 2, 19*1024, 1, 32)
		return nil
	}
}

// The statements that the requests cannot do without.
const (
	listProjects = `SELECT id, organization_id, name, slug, version, created_at, updated_at
		FROM projects WHERE organization_id = $1 ORDER BY id LIMIT 51`
	openKey = `SELECT k.id, k.name, k.type, k.scopes, k.expires_at, k.revoked_at, e.id, e.name, e.slug, p.id, p.name, o.id, o.name
		FROM key_digests d
		JOIN environment_keys k ON k.organization_id = d.organization_id AND k.id = d.key_id
		JOIN environments e ON e.organization_id = k.organization_id AND e.id = k.environment_id
		JOIN projects p ON p.organization_id = e.organization_id AND p.id = e.project_id
		JOIN organizations o ON o.id = k.organization_id
		WHERE d.digest = $1`
	rotate = `UPDATE sessions SET counter = counter + 1, rotated_at = $2, last_used_at = $2 WHERE id = $1`
)

// bareConnections is how many connections the bare statements share: more do
// less on two cores.
const bareConnections = 16

func bareSelect(b *testing.B, s *harness.Server, query string, argument any) func(int) error {
	b.Helper()
	statement := prepare(b, s, query)
	return func(int) error {
		return drained(statement.Query(argument))
	}
}

// sessions are existing ones, one for each worker.
func sessions(b *testing.B, s *harness.Server) []string {
	b.Helper()
	ids := make([]string, fewWorkers)
	for i := range ids {
		p := s.Register(b)
		if err := s.DB().QueryRow("SELECT id FROM sessions WHERE account_id = $1", p.ID).Scan(&ids[i]); err != nil {
			b.Fatal(err)
		}
	}
	return ids
}

// ginRefresh has the bare server move the counters of the sessions.
func ginRefresh(url string, ids []string) func(int) error {
	c := client(fewWorkers)
	return func(worker int) error {
		_, err := send(c, http.MethodPost, url+"/refresh?of="+ids[worker], "", http.StatusOK)
		return err
	}
}

// bareRefresh moves the counters of the sessions.
func bareRefresh(b *testing.B, s *harness.Server, ids []string) func(int) error {
	b.Helper()
	statement := prepare(b, s, rotate)
	return func(worker int) error {
		_, err := statement.Exec(ids[worker], time.Now().UTC())
		return err
	}
}

func prepare(b *testing.B, s *harness.Server, query string) *sql.Stmt {
	b.Helper()
	db := s.DB()
	db.SetMaxOpenConns(bareConnections)
	db.SetMaxIdleConns(bareConnections)
	statement, err := db.Prepare(query)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = statement.Close() })
	return statement
}

const bareVariable = "TENANTRY_BENCH_BARE"

// startBare runs a gin server with nothing in it but the same statements on the
// same database, in a process of its own as the program has one, and returns its
// address and its process.
func startBare(b *testing.B, s *harness.Server) (url string, pid int) {
	b.Helper()
	driver, address := s.Database.Driver()
	command := exec.Command(os.Args[0]) //nolint:gosec // this very program
	command.Env = append(os.Environ(), bareVariable+"="+driver+" "+address)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	listening, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + strings.TrimSpace(listening), command.Process.Pid
}

// serveBare answers with bodies of the sizes that the program answers with.
func serveBare() {
	driver, address, _ := strings.Cut(os.Getenv(bareVariable), " ")
	db, err := sql.Open(driver, address)
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(bareConnections)
	db.SetMaxIdleConns(bareConnections)
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET("/empty", func(c *gin.Context) { c.Status(http.StatusNoContent) })
	engine.Use(func(c *gin.Context) { maps.Copy(c.Writer.Header(), everyHeader) })
	project, environment := []byte(strings.Repeat("x", 240)), []byte(strings.Repeat("x", 910))
	engine.GET("/projects", asking(db, listProjects, func(of string) (any, error) { return of, nil },
		func(c *gin.Context) { c.Data(http.StatusOK, "application/json", project) }))
	engine.GET("/key", asking(db, openKey, func(of string) (any, error) { return hex.DecodeString(of) }, opens))
	engine.POST("/refresh", moving(db))
	engine.GET("/environment", func(c *gin.Context) {
		c.Writer.Header()["Etag"] = etag
		c.Data(http.StatusOK, "application/json", environment)
	})
	engine.GET("/authorize", opens)
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with the process
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Println(listener.Addr())
	_ = http.Serve(listener, engine) //nolint:gosec // loopback, for seconds
}

// What the program answers in headers, in the same sizes: of a 204 they are all
// that there is.
var (
	someID      = []string{"01890a5d-ac96-774b-bcce-b302099a8057"}
	etag        = []string{`"0123456789abcdefghijkl"`}
	everyHeader = http.Header{
		"X-Request-Id": someID, "X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"no-referrer"},
		"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"}, "Cache-Control": {"no-store"}, "Vary": {"Origin"},
	}
	openedHeaders = http.Header{
		"X-Tenantry-Organization": someID, "X-Tenantry-Project": someID, "X-Tenantry-Environment": someID,
		"X-Tenantry-Key": someID, "X-Tenantry-Key-Type": {"server"}, "X-Tenantry-Scopes": {""},
	}
)

func opens(c *gin.Context) {
	maps.Copy(c.Writer.Header(), openedHeaders)
	c.Status(http.StatusNoContent)
}

// moving moves a session's counter, and answers with a body as long as tokens
// are.
func moving(db *sql.DB) gin.HandlerFunc {
	statement, err := db.Prepare(rotate) //nolint:sqlclosecheck // ends with the process
	if err != nil {
		panic(err)
	}
	tokens := []byte(strings.Repeat("x", 640))
	return func(c *gin.Context) {
		if _, err := statement.ExecContext(c.Request.Context(), c.Query("of"), time.Now().UTC()); err != nil {
			_ = c.AbortWithError(http.StatusInternalServerError, err)
			return
		}
		c.Data(http.StatusOK, "application/json", tokens)
	}
}

// asking runs the statement, reads what it returns, and answers.
func asking(db *sql.DB, query string, argument func(string) (any, error), answer gin.HandlerFunc) gin.HandlerFunc {
	statement, err := db.Prepare(query) //nolint:sqlclosecheck // ends with the process
	if err != nil {
		panic(err)
	}
	return func(c *gin.Context) {
		of, err := argument(c.Query("of"))
		if err == nil {
			err = drained(statement.QueryContext(c.Request.Context(), of))
		}
		if err != nil {
			_ = c.AbortWithError(http.StatusInternalServerError, err)
			return
		}
		answer(c)
	}
}

// drained reads all rows, of which there must be one, and every column.
func drained(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, n := make([]any, len(columns)), 0
	for i := range values {
		values[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		return errNoRow
	}
	return rows.Err()
}

var errNoRow = errors.New("a statement found nothing")
