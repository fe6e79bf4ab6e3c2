package app

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/ports"
)

// Doctor examines the installation's database, and mends what has one way to be
// mended. It may do so beside servers that work.
type Doctor struct {
	Dependencies
	Inspector ports.Inspector
	// Schema is what the program needs to be there, as the Inspector describes it.
	Schema []string
	// Unsealed is why there is no Sealer: a master key that is missing.
	Unsealed error
}

// Diagnosis is what came of one question.
type Diagnosis struct {
	Subject  string // what holds, if nothing was found
	Count    int    // of violations
	Examples []string
	Advice   bool // what was found is no damage
	Mendable bool
	Mended   int
}

// Sound says that there is nothing wrong, or nothing any more.
func (d Diagnosis) Sound() bool { return d.Count == d.Mended || d.Advice }

// installationResource is what the audit calls the whole.
const installationResource = "installation"

// theInstallations is the chain of what concerns neither an organization nor an
// account.
var theInstallations audit.ChainID

// clockTolerance is how far the database's clock may be away. Times that
// compare are all ours; those of the server show up in its own logs.
const clockTolerance = time.Second

// Examine asks everything, tells each answer, and mends when it is told to. An
// error ends the examination: the database could not be asked.
func (d *Doctor) Examine(ctx context.Context, mend bool, tell func(Diagnosis)) error {
	schema, err := d.schema(ctx)
	tell(schema)
	if err != nil || !schema.Sound() {
		return err
	}
	asked, err := d.Inspector.Invariants(ctx)
	if err != nil {
		return err
	}
	for _, invariant := range asked {
		found, err := d.look(ctx, invariant, mend)
		if err != nil {
			return fmt.Errorf("whether %s: %w", invariant.Sentence, err)
		}
		tell(found)
	}
	for _, question := range []func(context.Context) (Diagnosis, error){d.secrets, d.outbox, d.chains, d.clocks} {
		found, err := question(ctx)
		if err != nil {
			return err
		}
		tell(found)
	}
	return nil
}

func (d Diagnosis) with(examples ...string) Diagnosis {
	d.Count = len(examples)
	d.Examples = examples[:min(len(examples), maxExamples)]
	return d
}

const maxExamples = 3

// schema comes first: on another one the other questions have no meaning.
func (d *Doctor) schema(ctx context.Context) (Diagnosis, error) {
	found := Diagnosis{Subject: "the schema is this program's"}
	if err := d.Store.Ping(ctx); err != nil {
		return found.with(causeOf(err)), nil
	}
	there, err := d.Inspector.Schema(ctx)
	if err != nil {
		return found.with(causeOf(err)), nil
	}
	var missing []string
	for _, needed := range d.Schema {
		if _, has := slices.BinarySearch(there, needed); !has {
			missing = append(missing, "missing: "+needed)
		}
	}
	return found.with(missing...), nil
}

// causeOf is what a fault hides from strangers.
func causeOf(err error) string {
	if f := fault.Of(err); f.Err != nil {
		return f.Err.Error()
	}
	return err.Error()
}

func (d *Doctor) look(ctx context.Context, i ports.Invariant, mend bool) (Diagnosis, error) {
	found, err := d.Inspector.Violations(ctx, i.Sentence, d.Clock.Now())
	if err != nil {
		return Diagnosis{}, err
	}
	told := Diagnosis{Subject: i.Sentence, Count: found.Count, Examples: found.Examples, Advice: i.Advice, Mendable: i.Mendable}
	if !mend || !i.Mendable || found.Count == 0 {
		return told, nil
	}
	if told.Mended, err = d.mend(ctx, i.Sentence); err != nil {
		return told, err
	}
	left, err := d.Inspector.Violations(ctx, i.Sentence, d.Clock.Now())
	told.Count = told.Mended + left.Count
	return told, err
}

// mend records each unit of mending with itself.
func (d *Doctor) mend(ctx context.Context, sentence string) (int, error) {
	total := 0
	for {
		n, err := ports.Run(ctx, d.Store, func(tx ports.Tx) (int, error) {
			n, err := tx.Repairs().Mend(ctx, sentence)
			if err != nil || n == 0 {
				return 0, err
			}
			return n, d.recordFrom(ctx, tx, audit.Origin{ActorType: audit.System}, theInstallations, audit.Event{
				Action: audit.InstallationMended, ResourceType: installationResource,
				Metadata: audit.State{"invariant": sentence, "rows": strconv.Itoa(n)},
			})
		})
		total += n
		if err != nil || n < ports.SweepBatch {
			return total, err
		}
	}
}

// secrets opens the keyring. An installation that never served has none yet.
func (d *Doctor) secrets(ctx context.Context) (Diagnosis, error) {
	found := Diagnosis{Subject: "the master key opens the keyring"}
	sealed, err := HasKeyring(ctx, d.Store)
	if err != nil || !sealed {
		return found, err
	}
	if d.Unsealed != nil {
		return found.with(d.Unsealed.Error()), nil //nolint:nilerr // it is the finding
	}
	_, err = ports.Look(ctx, d.Store, func(tx ports.Tx) (Keyring, error) { return openKeyring(ctx, tx, d.Sealer) })
	if err != nil {
		return found.with(err.Error()), nil
	}
	return found, nil
}

// outbox opens what waits, so that mail which nobody can ever send shows before
// its time is over.
func (d *Doctor) outbox(ctx context.Context) (Diagnosis, error) {
	found := Diagnosis{Subject: "the master key opens the mail that waits"}
	if d.Unsealed != nil {
		return found, nil //nolint:nilerr // told already
	}
	var closed []string
	page := ports.Page[mail.ID]{Limit: exportPage}
	for {
		waiting, err := d.Inspector.Outbox(ctx, page)
		if err != nil {
			return found, err
		}
		for _, e := range waiting {
			if _, err := d.Sealer.Open(e.Sealed, outboxContext); err != nil {
				closed = append(closed, e.ID.String())
			}
			page.After = e.ID
		}
		if len(waiting) < page.Limit {
			return found.with(closed...), nil
		}
	}
}

func (d *Doctor) chains(ctx context.Context) (Diagnosis, error) {
	found := Diagnosis{Subject: "every chain of the audit is whole"}
	var broken []string
	records := &Audit{Dependencies: d.Dependencies}
	err := records.Chains(ctx, func(of audit.ChainID) error {
		chain, err := records.Verify(ctx, of)
		if err == nil && chain.Broken != nil {
			broken = append(broken, fmt.Sprintf("%s at %d: %s", of, chain.Broken.Sequence, chain.Broken.Why))
		}
		return err
	})
	return found.with(broken...), err
}

// clocks allows for the time that the question took.
func (d *Doctor) clocks(ctx context.Context) (Diagnosis, error) {
	found := Diagnosis{Subject: "the clocks of database and program agree", Advice: true}
	before := d.Clock.Now()
	server, err := d.Inspector.Now(ctx)
	if err != nil || server.IsZero() {
		return found, err
	}
	after := d.Clock.Now()
	switch {
	case server.Before(before.Add(-clockTolerance)):
		return found.with("the database's is behind by " + before.Sub(server).String()), nil
	case server.After(after.Add(clockTolerance)):
		return found.with("the database's is ahead by " + server.Sub(after).String()), nil
	}
	return found, nil
}
