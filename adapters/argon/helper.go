package argon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os/exec"
	"sync"
	"time"
)

// Whoever computes for longer than patience is given up: a hash takes 30 ms, and
// a second where others want the cores all the time. After a failed start the
// next is tried after pause.
const (
	patience = 3 * time.Second
	pause    = time.Minute
)

// Helper computes hashes in a process of its own, one at a lower priority: a
// hash has its core for tens of milliseconds, and what is answered in
// microseconds would wait for that. The process starts with the first hash. Where
// it cannot start, or fails, hashes are computed here.
type Helper struct {
	command  func() *exec.Cmd
	nice     int
	failed   func(error)
	patience time.Duration

	mu      sync.Mutex
	process *process
	again   time.Time // not before this is a start tried
}

// NewHelper returns a helper that is started by command, whose program has to
// call Help with its standard input and output. nice, from 0 to 19, is how much
// it yields: while others want the cores, at 10 it gets a tenth of what each of
// them gets, and all of what they leave. failed is told why hashes are computed
// here.
func NewHelper(command func() *exec.Cmd, nice int, failed func(error)) *Helper {
	return &Helper{command: command, nice: nice, failed: failed, patience: patience}
}

// Close ends the process, once it has nothing to compute. Of nil there is none.
func (h *Helper) Close() error {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.process == nil {
		return nil
	}
	defer func() { h.process = nil }()
	return h.process.end()
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

// errPaused says that the process could not be started a moment ago.
var errPaused = errors.New("argon: the helper is not tried yet")

func (h *Helper) ask(o Order) ([]byte, error) {
	p, err := h.started()
	if err != nil {
		return nil, err
	}
	key, err := p.ask(o, h.patience)
	if err != nil {
		h.giveUp(p)
	}
	return key, err
}

func (h *Helper) started() (*process, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.process != nil {
		return h.process, nil
	}
	if time.Now().Before(h.again) {
		return nil, errPaused
	}
	p, err := start(h.command(), h.nice)
	if err != nil {
		h.again = time.Now().Add(pause)
		return nil, fmt.Errorf("start the helper that hashes: %w", err)
	}
	h.process = p
	return p, nil
}

// giveUp lets the next hash start another process.
func (h *Helper) giveUp(p *process) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.process != p {
		return // somebody did already
	}
	h.process = nil
	_ = p.command.Process.Kill()
	_ = p.end()
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
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var key []byte
	call := p.client.Go(orderMethod, o, &key, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		return key, call.Error
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// end closes the process's input, which it takes for its end, and waits.
func (p *process) end() error {
	return errors.Join(p.client.Close(), p.command.Wait())
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
