package smtp

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tenantry/tenantry/domain/mail"
)

// Log is the mailer of an installation without a mail server: it writes the
// links into the log, where whoever develops finds them. Who reads that log
// can use them, so it is not for an installation that others use.
type Log struct {
	logger *slog.Logger
	site   site
}

// NewLog makes a mailer that writes to the logger. It implements ports.Mailer.
func NewLog(logger *slog.Logger, publicURL string) (*Log, error) {
	site, err := parseSite(publicURL)
	if err != nil {
		return nil, err
	}
	return &Log{logger, site}, nil
}

// Send logs the mail.
func (l *Log) Send(ctx context.Context, m mail.Mail) error {
	text, err := l.site.write(m)
	if err != nil {
		return fmt.Errorf("write mail %s: %w", m.Kind, err)
	}
	l.logger.InfoContext(ctx, "mail, not sent because SMTP_URL is not set", slog.String("mail_id", m.ID.String()),
		slog.String("to", m.To.String()), slog.String("subject", text.Subject), slog.String("link", text.Link))
	return nil
}
