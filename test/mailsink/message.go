package mailsink

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"regexp"
)

// Message is a mail that arrived.
type Message struct {
	From      string // of the envelope, as is To
	To        []string
	HELO      string // how the client named itself
	Encrypted bool
	Header    mail.Header
	Subject   string // decoded
	Text      string // the text/plain part, decoded, its lines ending in \n
	HTML      string
	Raw       []byte

	taken bool
}

// String tells one message from another in a failed test.
func (m Message) String() string { return fmt.Sprintf("%v: %q", m.To, m.Subject) }

// ID is the Message-ID, without brackets.
func (m Message) ID() string {
	id := m.Header.Get("Message-ID")
	if len(id) < 2 {
		return ""
	}
	return id[1 : len(id)-1]
}

var (
	linkLine  = regexp.MustCompile(`(?m)^https?://\S+$`)
	tokenPart = regexp.MustCompile(`[?&]token=([A-Za-z0-9_-]+)`)
)

// Link is the address that the text tells to open, empty when there is none.
func (m Message) Link() string { return linkLine.FindString(m.Text) }

// Token is the one in the link, empty when there is none.
func (m Message) Token() string {
	found := tokenPart.FindStringSubmatch(m.Link())
	if found == nil {
		return ""
	}
	return found[1]
}

var errForm = errors.New("mailsink: the message is not multipart/alternative with a text and an HTML part")

func parse(raw []byte) (*Message, error) {
	read, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	m := &Message{Header: read.Header, Raw: raw}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil {
		return nil, err
	}
	kind, parameters, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return nil, errForm
	}
	parts := multipart.NewReader(read.Body, parameters["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := m.add(part); err != nil {
			return nil, err
		}
	}
	if m.Text == "" || m.HTML == "" {
		return nil, errForm
	}
	return m, nil
}

func (m *Message) add(part *multipart.Part) error {
	content, err := io.ReadAll(part) // quoted-printable is decoded already
	if err != nil {
		return err
	}
	text := string(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")))
	kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return err
	case kind == "text/plain" && m.Text == "" && m.HTML == "":
		m.Text = text
	case kind == "text/html" && m.HTML == "":
		m.HTML = text
	default:
		return errForm
	}
	return nil
}
