package argon

import (
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os/exec"
	"sync"
	"time"
)

// Whoever computes for longer than patience is given up: a hash takes 30 ms, and
// where it takes that long something else wants all cores, so that whoever
// yields would hardly come to compute again. The next is started after pause, and
// so after a failed start. Who has had nothing to compute for longer than leisure
// ends and gives its memory back: to start takes as long as two hashes.
const (
	patience = time.Second
	pause    = time.Minute
	leisure  = time.Minute
)

// Helper computes hashes in a process of its own, one at a lower priority: a
// hash has its core for tens of milliseconds, and what is answered in
// microseconds would wait for that. The process starts with a hash, and ends when
// there was none for a while. Where it cannot start, fails or comes to nothing,
// hashes are computed here.
type Helper struct {
	command  func() *exec.Cmd
	nice     int
	failed   func(error)
	patience time.Duration
	pause    time.Duration
	leisure  time.Duration

	mu      sync.Mutex
	process *process
	asked   int         // who waits for the process
	rest    *time.Timer // runs while nobody does
	again   time.Time   // not before this is a start tried
}

// NewHelper returns a helper that is started by command, whose program has to
// call Help with its standard input and output. nice, from 0 to 19, is how much
// it yields: while others want the cores, at 10 it gets a tenth of what each of
// them gets, and all of what they leave. failed is told why hashes are computed
// here.
func NewHelper(command func() *exec.Cmd, nice int, failed func(error)) *Helper {
	return &Helper{command: command, nice: nice, failed: failed, patience: patience, pause: pause, leisure: leisure}
}

// Close ends the process. Who waits for a hash gets it computed here. Of nil
// there is none.
func (h *Helper) Close() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end()
}

func (h *Helper) end() {
	if h.process != nil {
		h.process.end()
		h.process = nil
	}
}

// derive is Argon2id.
func (h *Helper) derive(password, salt []byte, p parameters, size int) []byte {
	key, err := h.ask(Order{Password: password, Salt: salt, Memory: p.memory, Passes: p.passes, Threads: p.threads, Size: size})
	if err == nil && len(key) == size {
		return key
	}
	if !errors.Is(err, errPaused) {
		h.failed(err)
	}
	return argon2id(password, salt, p, size)
}

var (
	// errPaused says that there was no use in the process a moment ago.
	errPaused = errors.New("argon: the helper is not tried yet")
	// errLate says that the process has not answered in time.
	errLate = errors.New("argon: the helper gets too little of the cores, or stands still")
)

func (h *Helper) ask(o Order) ([]byte, error) {
	p, err := h.take()
	if err != nil {
		return nil, err
	}
	defer h.release()
	key, err := p.ask(o, h.patience)
	if err != nil {
		h.giveUp(p, err)
	}
	return key, err
}

// take returns the process, which does not end of itself before release.
func (h *Helper) take() (*process, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.process != nil {
		h.asked++
		return h.process, nil
	}
	if time.Now().Before(h.again) {
		return nil, errPaused
	}
	p, err := start(h.command(), h.nice)
	if err != nil {
		h.again = time.Now().Add(h.pause)
		return nil, fmt.Errorf("start the helper that hashes: %w", err)
	}
	h.process, h.asked = p, h.asked+1
	return p, nil
}

func (h *Helper) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rest != nil {
		h.rest.Stop()
	}
	if h.asked--; h.asked == 0 {
		h.rest = time.AfterFunc(h.leisure, h.endIdle)
	}
}

// endIdle ends the process, unless somebody has asked meanwhile.
func (h *Helper) endIdle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asked == 0 {
		h.end()
	}
}

// giveUp lets the next hash start another process, and after a late one the next
// that comes after pause: another would be as late.
func (h *Helper) giveUp(p *process, why error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.process != p {
		return // somebody did already
	}
	if errors.Is(why, errLate) {
		h.again = time.Now().Add(h.pause)
	}
	h.end()
}

// process is a helper that runs.
type process struct {
	command *exec.Cmd
	client  *rpc.Client
}

func start(c *exec.Cmd, nice int) (*process, error) {
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := startLow(c, nice); err != nil {
		return nil, err
	}
	return &process{c, rpc.NewClient(pipes{out, in})}, nil
}

func (p *process) ask(o Order, patience time.Duration) ([]byte, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	var key []byte
	call := p.client.Go(orderMethod, o, &key, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		return key, call.Error
	case <-late.C:
		return nil, errLate
	}
}

// end ends the process at once: it keeps nothing, and one that stands still would
// not end otherwise.
func (p *process) end() {
	_ = p.command.Process.Kill() // unless it has ended
	_ = p.client.Close()
	_ = p.command.Wait()
}

// pipes are the standard output and input of the other side.
type pipes struct {
	io.Reader
	io.WriteCloser
}

// Order is one hash to be computed.
type Order struct {
	Password, Salt []byte
	Memory, Passes uint32
	Threads        uint8
	Size           int
}

// Orders is how a helper is asked.
type Orders struct{}

const (
	ordersName  = "Orders"
	orderMethod = ordersName + ".Derive"
)

// Derive computes one hash.
func (Orders) Derive(o Order, key *[]byte) error {
	*key = argon2id(o.Password, o.Salt, parameters{o.Memory, o.Passes, o.Threads}, o.Size)
	return nil
}

// Help computes what in orders, side by side, and writes it to out, until in
// ends.
func Help(in io.Reader, out io.WriteCloser) error {
	server := rpc.NewServer()
	if err := server.RegisterName(ordersName, Orders{}); err != nil {
		return err
	}
	server.ServeConn(pipes{in, out})
	return nil
}
