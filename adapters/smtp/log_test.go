package smtp_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/adapters/smtp"
)

func TestWithoutAServerMailGoesToTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	m, err := smtp.NewLog(slog.New(slog.NewJSONHandler(&log, nil)), publicURL+"/")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), invitation()); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	if err := json.Unmarshal(log.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "time")
	want := map[string]string{
		"level": "INFO", "msg": "mail, not sent because SMTP_URL is not set", "mail_id": "01890a5d-ac96-774b-bcce-b302099a8057",
		"to": recipient, "subject": "Ada Lovelace invited you to Engines & Söhne",
		"link": publicURL + "/invitations/accept?token=" + token,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheLogRefusesWhatItCannotLinkTo(t *testing.T) {
	t.Parallel()
	if _, err := smtp.NewLog(slog.New(slog.DiscardHandler), "accounts.example.com"); err == nil {
		t.Error("links without a scheme were taken")
	}
}
