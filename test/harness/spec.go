package harness

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Specification is what the program says of itself, as `tenantry openapi`
// prints it.
type Specification struct {
	Document   M
	Text       string
	Operations []Operation

	validator validator
	mutex     sync.Mutex
	answered  map[string]bool // by operation and status
}

// Operation is one method of one path.
type Operation struct {
	Method, Path, ID string
	Secured          bool
	ByMachine        bool // by ADMIN_API_TOKEN and nothing else
	Statuses         []string
	node             M
}

// printout is a specification that was printed once.
type printout struct {
	once sync.Once
	spec *Specification
	err  error
}

var (
	printed       printout
	dialects      = map[string]*printout{} // by name
	dialectsMutex sync.Mutex
)

// Spec returns the specification.
func Spec(tb testing.TB) *Specification {
	tb.Helper()
	return specification(tb)
}

func specification(tb testing.TB) *Specification {
	tb.Helper()
	printed.print(tb, "openapi")
	return printed.get(tb)
}

// Dialect returns the specification of a compatibility dialect.
func Dialect(tb testing.TB, name string) *Specification {
	tb.Helper()
	return dialect(tb, name).get(tb)
}

// dialect is what the program prints for a dialect of that name, if there is one.
func dialect(tb testing.TB, name string) *printout {
	tb.Helper()
	dialectsMutex.Lock()
	if dialects[name] == nil {
		dialects[name] = &printout{}
	}
	p := dialects[name]
	dialectsMutex.Unlock()
	p.print(tb, "openapi", "-", name)
	return p
}

func (p *printout) print(tb testing.TB, arguments ...string) {
	tb.Helper()
	p.once.Do(func() {
		outcome := Run(tb, Environment{}, arguments...)
		if outcome.Code != 0 {
			p.err = fmt.Errorf("tenantry %v ended with code %d: %s", arguments, outcome.Code, outcome.Stderr)
			return
		}
		p.spec, p.err = parse(outcome.Stdout)
	})
}

func (p *printout) get(tb testing.TB) *Specification {
	tb.Helper()
	if p.err != nil || p.spec == nil {
		tb.Fatalf("there is no specification: %v", p.err)
	}
	return p.spec
}

// meant is the specification that an answer is held to: that of the dialect in
// whose part of the tree the request was, unless there is none of that name, or
// the answer says, as a problem, that it is not served here.
func meant(r *Response) *Specification {
	r.tb.Helper()
	under, ofDialect := strings.CutPrefix(r.Request.URL.Path, "/compat/")
	name, _, _ := strings.Cut(under, "/")
	if !ofDialect || r.Status == 404 && isProblem(r) {
		return specification(r.tb)
	}
	if of := dialect(r.tb, name); of.spec != nil {
		return of.spec
	}
	return specification(r.tb)
}

func parse(text string) (*Specification, error) {
	s := &Specification{Text: text, answered: map[string]bool{}}
	if err := json.Unmarshal([]byte(text), &s.Document); err != nil {
		return nil, err
	}
	components, _ := s.Document["components"].(M)
	s.validator.schemas, _ = components["schemas"].(M)
	paths, _ := s.Document["paths"].(M)
	for path, item := range paths {
		methods, _ := item.(M)
		for method, node := range methods {
			operation, isOperation := node.(M)
			if !isOperation || !slices.Contains([]string{"get", "put", "post", "patch", "delete"}, method) {
				return nil, fmt.Errorf("%s %s is no operation", method, path)
			}
			s.Operations = append(s.Operations, newOperation(method, path, operation))
		}
	}
	slices.SortFunc(s.Operations, func(a, b Operation) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
	if len(s.Operations) == 0 {
		return nil, fmt.Errorf("the specification has no operation")
	}
	return s, nil
}

func newOperation(method, path string, node M) Operation {
	o := Operation{Method: strings.ToUpper(method), Path: path, node: node}
	o.ID, _ = node["operationId"].(string)
	security, _ := node["security"].([]any)
	o.Secured = len(security) > 0 && !slices.ContainsFunc(security, func(one any) bool {
		requirement, _ := one.(M)
		return len(requirement) == 0 // with or without
	})
	only, _ := append(security, nil)[0].(M)
	o.ByMachine = len(security) == 1 && only["operator"] != nil
	responses, _ := node["responses"].(M)
	for status := range responses {
		o.Statuses = append(o.Statuses, status)
	}
	slices.Sort(o.Statuses)
	return o
}

// Name is the method and the path.
func (o Operation) Name() string { return o.Method + " " + o.Path }

// TakesBody says whether a request has one.
func (o Operation) TakesBody() bool { return o.node["requestBody"] != nil }

// MayTakeNoBody says whether a request may leave its body out.
func (o Operation) MayTakeNoBody() bool {
	body, _ := o.node["requestBody"].(M)
	return body["required"] != true
}

// Slots are the names in the path that stand for ids.
func (o Operation) Slots() []string {
	var slots []string
	for part := range strings.SplitSeq(o.Path, "/") {
		if name, isSlot := strings.CutPrefix(part, "{"); isSlot {
			slots = append(slots, strings.TrimSuffix(name, "}"))
		}
	}
	return slots
}

// Fill puts the same value into every slot of the path.
func (o Operation) Fill(value string) string {
	path := o.Path
	for _, slot := range o.Slots() {
		path = strings.Replace(path, "{"+slot+"}", value, 1)
	}
	return path
}

// find returns the operation that a request meant. A path without slots wins
// over one with.
func (s *Specification) find(method, path string) *Operation {
	var found *Operation
	for i := range s.Operations {
		o := &s.Operations[i]
		if o.Method == method && matches(o.Path, path) && (found == nil || len(o.Slots()) < len(found.Slots())) {
			found = o
		}
	}
	return found
}

func matches(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && (!strings.HasPrefix(want[i], "{") || got[i] == "") {
			return false
		}
	}
	return true
}

// asked is which operation a request is for. A gateway asks with the method of the
// request that it holds back, and with its address behind ours.
func asked(r *Response) (method, path string) {
	const gateway = "/v1/sdk/authorize"
	path = r.Request.URL.EscapedPath()
	if strings.HasPrefix(path, gateway+"/") {
		return http.MethodGet, gateway
	}
	return r.Method, path
}

// judge returns how the answer differs from the specification.
func (s *Specification) judge(r *Response) string {
	operation := s.find(asked(r))
	if operation == nil {
		if r.Status == 404 || r.Status == 405 || r.Status == 400 {
			return ""
		}
		return "it has no such operation"
	}
	documented := s.response(operation, strconv.Itoa(r.Status))
	if documented == nil {
		return fmt.Sprintf("%s does not document this status, only %v", operation.Name(), operation.Statuses)
	}
	s.mutex.Lock()
	s.answered[operation.Name()+" "+strconv.Itoa(r.Status)] = true
	s.mutex.Unlock()
	return s.judgeContent(documented, r)
}

// response follows a reference to a shared answer.
func (s *Specification) response(o *Operation, status string) M {
	responses, _ := o.node["responses"].(M)
	response, _ := responses[status].(M)
	if name, shared := response["$ref"].(string); shared {
		components, _ := s.Document["components"].(M)
		all, _ := components["responses"].(M)
		response, _ = all[strings.TrimPrefix(name, "#/components/responses/")].(M)
	}
	return response
}

func (s *Specification) judgeContent(documented M, r *Response) string {
	content, _ := documented["content"].(M)
	if len(content) == 0 {
		if len(r.Body) > 0 {
			return "there should be no body"
		}
		return ""
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return fmt.Sprintf("Content-Type is %q", r.Header.Get("Content-Type"))
	}
	kind, _, _ := strings.Cut(media, "/")
	shape, known := content[media].(M)
	if _, whole := content[kind+"/*"]; !known && !whole {
		return "Content-Type is " + media
	}
	if media != "application/json" && !strings.HasSuffix(media, "+json") {
		return ""
	}
	var value any
	if err := json.Unmarshal(r.Body, &value); err != nil {
		return err.Error()
	}
	return s.validator.check(shape["schema"], value, "body")
}

// Unanswered lists what is documented and was never answered while the tests
// ran, but for what excused says: an operation and status, or a status alone,
// each with its reason.
func (s *Specification) Unanswered(excused map[string]string) []string {
	var missing []string
	used := map[string]bool{}
	for _, o := range s.Operations {
		for _, status := range o.Statuses {
			name := o.Name() + " " + status
			_, thisOne := excused[name]
			_, always := excused[status]
			used[name] = true
			if s.answered[name] {
				if thisOne {
					missing = append(missing, name+" is excused, but was answered")
				}
				continue
			}
			if !thisOne && !always {
				missing = append(missing, name)
			}
		}
	}
	for name := range excused {
		if strings.Contains(name, " ") && !used[name] {
			missing = append(missing, name+" is excused, but not documented")
		}
	}
	slices.Sort(missing)
	return missing
}

// Covered returns the specification of a run that answered something, or nil.
func Covered() *Specification { return printed.spec }

// CoveredDialects returns the specifications of the dialects that a run spoke.
func CoveredDialects() []*Specification {
	dialectsMutex.Lock()
	defer dialectsMutex.Unlock()
	var all []*Specification
	for _, p := range dialects {
		if p.spec != nil {
			all = append(all, p.spec)
		}
	}
	return all
}
