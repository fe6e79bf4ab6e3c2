package harness

import (
	"encoding/json"
	"mime"
	"net/http"
	"regexp"
	"strings"
)

// leaks are what no body may hold.
var leaks = []*regexp.Regexp{
	regexp.MustCompile(`\$argon2|\$2[aby]\$`),
	regexp.MustCompile(`SQLSTATE|(?i)\bpq: |sqlite_|constraint failed|syntax error at or near`),
	regexp.MustCompile(`(?i)\b(select|delete)\b.{1,200}\bfrom\b.{1,100}\bwhere\b|\binsert into\b|\bupdate\b.{1,100}\bset\b.{1,100}=`),
	regexp.MustCompile(`goroutine \d+ \[|runtime error|\.go:\d+|\bpanic:`),
	regexp.MustCompile(`/(root|home|tmp|usr|var|work)/[a-z]`),
	regexp.MustCompile(`github\.com/|gin-gonic|\bhuma\b|golang\.org`),
}

// judge fails the test where an answer breaks a rule that holds for all of
// them. Answers of net/http itself, which come before any handler, do not pass
// here: they are had by raw connections only.
func judge(r *Response) {
	r.tb.Helper()
	complain := func(format string, arguments ...any) {
		r.tb.Helper()
		r.tb.Errorf("%s %s: %d "+format+"\n%s", append(append([]any{r.Method, r.Path, r.Status}, arguments...), head(string(r.Body)))...)
	}
	if r.Status >= 500 && r.Status != http.StatusServiceUnavailable {
		complain("is a failure of the server")
	}
	if r.Header.Get("X-Request-Id") == "" {
		complain("has no X-Request-ID")
	}
	if r.Header.Get("X-Content-Type-Options") != "nosniff" {
		complain("lets browsers guess the type")
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	spec := meant(r)
	asked := spec.find(method, r.Request.URL.EscapedPath())
	open := asked != nil && !asked.Secured
	if !open && r.Request.Header.Get("Authorization") != "" && r.Header.Get("Cache-Control") != "no-store" {
		complain("to a request with a token has Cache-Control %q", r.Header.Get("Cache-Control"))
	}
	if !strings.HasSuffix(r.Request.URL.Path, "/openapi.json") && !strings.HasPrefix(r.Request.URL.Path, "/docs") {
		for _, leak := range leaks {
			if found := leak.Find(r.Body); found != nil {
				complain("tells %q", found)
			}
		}
	}
	if r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return
	}
	if r.Status/100 != 2 && r.Status != http.StatusNotModified {
		if spec == specification(r.tb) {
			judgeProblem(r, complain)
		}
		judgeHeaders(r, complain)
	}
	judgeLimit(r, complain)
	if problem := spec.judge(r); problem != "" {
		complain("is not what the specification says: %s", problem)
	}
}

var code = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)

func judgeProblem(r *Response, complain func(string, ...any)) {
	r.tb.Helper()
	if !isProblem(r) {
		complain("has Content-Type %q", r.Header.Get("Content-Type"))
		return
	}
	var p struct {
		Type, Title, Detail, Code, Error string
		Status                           int
		RequestID                        string `json:"request_id"`
		Errors                           []struct{ Field, Message string }
	}
	if err := json.Unmarshal(r.Body, &p); err != nil {
		complain("is no problem document: %v", err)
		return
	}
	switch {
	case p.Type == "" || p.Title == "" || p.Detail == "" || !code.MatchString(p.Code):
		complain("is no whole problem document")
	case p.Error != p.Detail:
		complain("tells two sentences, %q and %q", p.Error, p.Detail)
	case p.Status != r.Status:
		complain("says that its status is %d", p.Status)
	case p.RequestID != r.Header.Get("X-Request-Id"):
		complain("says request id %q and %q", p.RequestID, r.Header.Get("X-Request-Id"))
	}
	for _, e := range p.Errors {
		if e.Field == "" || e.Message == "" {
			complain("refuses a member without its name or a reason")
		}
	}
}

func isProblem(r *Response) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == "application/problem+json"
}

// judgeLimit checks that the headers of a rate limit come together and tell one
// story.
func judgeLimit(r *Response, complain func(string, ...any)) {
	r.tb.Helper()
	shown := r.Header.Get("X-RateLimit-Limit") + r.Header.Get("X-RateLimit-Remaining") + r.Header.Get("X-RateLimit-Reset")
	refused := r.Status == http.StatusTooManyRequests && r.Code() == "RATE_LIMITED"
	if shown == "" && !refused {
		return
	}
	limit, remaining, reset := r.Number("X-RateLimit-Limit"), r.Number("X-RateLimit-Remaining"), r.Number("X-RateLimit-Reset")
	if limit < 1 || remaining < 0 || remaining >= limit || reset < 1 || reset > 60 {
		complain("has a limit of %d, %d of it left, and a reset in %d seconds", limit, remaining, reset)
	}
	if wait := r.Number("Retry-After"); refused && (remaining != 0 || wait > reset) {
		complain("is refused while %d remain, for %d seconds, with a reset in %d", remaining, wait, reset)
	}
}

func judgeHeaders(r *Response, complain func(string, ...any)) {
	r.tb.Helper()
	if challenged := r.Header.Get("WWW-Authenticate") != ""; r.Status == http.StatusUnauthorized && !challenged {
		complain("does not say how to authenticate")
	}
	// Dialects show the sentence alone.
	working := r.Status == http.StatusConflict && strings.Contains(string(r.Body), "this Idempotency-Key is not answered yet")
	later := r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable || working
	if waits := r.Header.Get("Retry-After") != ""; waits != later {
		complain("has Retry-After %q", r.Header.Get("Retry-After"))
	}
	if lists := strings.Contains(r.Header.Get("Allow"), "GET") || r.Header.Get("Allow") != ""; lists != (r.Status == http.StatusMethodNotAllowed) {
		complain("has Allow %q", r.Header.Get("Allow"))
	}
}
