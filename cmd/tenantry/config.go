package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/kelseyhightower/envconfig"

	"github.com/tenantry/tenantry/adapters/smtp"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/session"
)

// config is every setting, from the environment. The names and defaults are
// documented in README.md.
type config struct {
	Host        string `envconfig:"HOST" default:"127.0.0.1"`
	Port        uint16 `envconfig:"PORT" default:"8080"`
	PublicURL   string `envconfig:"PUBLIC_URL"`
	TLSCertFile string `envconfig:"TLS_CERT_FILE"`
	TLSKeyFile  string `envconfig:"TLS_KEY_FILE"`
	MetricsAddr string `envconfig:"METRICS_ADDR" default:"127.0.0.1:9090"`

	MaxConnections int `envconfig:"MAX_CONNECTIONS" default:"0"`

	DatabaseURL    dsn    `envconfig:"DATABASE_URL" default:"sqlite:tenantry.db"`
	ListenURL      dsn    `envconfig:"DATABASE_LISTEN_URL"`
	DatabasePooler bool   `envconfig:"DATABASE_POOLER" default:"false"`
	DatabaseConns  int    `envconfig:"DATABASE_MAX_CONNECTIONS" default:"32"`
	MasterKey      secret `envconfig:"MASTER_KEY"`

	JWTSecret   secret `envconfig:"JWT_SECRET"`
	JWTIssuer   string `envconfig:"JWT_ISSUER"`
	JWTAudience string `envconfig:"JWT_AUDIENCE"`

	TokenTTLMinutes int `envconfig:"TOKEN_TTL_MINUTES" default:"60"`
	RefreshTTLHours int `envconfig:"REFRESH_TTL_HOURS" default:"168"`
	SessionMaxDays  int `envconfig:"SESSION_MAX_DAYS" default:"30"`
	ReauthMinutes   int `envconfig:"REAUTH_MINUTES" default:"10"`

	PasswordMinLength  int `envconfig:"PASSWORD_MIN_LENGTH" default:"8"`
	PasswordMinScore   int `envconfig:"PASSWORD_MIN_SCORE" default:"1"`
	PasswordHashNice   int `envconfig:"PASSWORD_HASH_NICE" default:"10"`
	LoginFailures      int `envconfig:"LOGIN_FAILURES" default:"10"`
	LoginWindowMinutes int `envconfig:"LOGIN_WINDOW_MINUTES" default:"15"`

	RateAuth         int `envconfig:"RATE_AUTH_PER_MINUTE" default:"10"`
	RateOrganization int `envconfig:"RATE_ORGANIZATION_PER_MINUTE" default:"1000"`
	RateEnvironment  int `envconfig:"RATE_ENVIRONMENT_PER_MINUTE" default:"10000"`
	RateKeyReads     int `envconfig:"RATE_KEY_READS_PER_MINUTE" default:"100"`

	KeepEndedKeysDays   int `envconfig:"KEEP_ENDED_KEYS_DAYS" default:"365"`
	KeepInvitationsDays int `envconfig:"KEEP_INVITATIONS_DAYS" default:"90"`

	EmailVerification string `envconfig:"EMAIL_VERIFICATION" default:"off"`
	SMTPURL           secret `envconfig:"SMTP_URL"`
	MailFrom          string `envconfig:"MAIL_FROM"`

	AdminAPIToken  secret         `envconfig:"ADMIN_API_TOKEN"`
	Compat         []string       `envconfig:"COMPAT"`
	CORSOrigins    []string       `envconfig:"CORS_ORIGINS"`
	TrustedProxies []netip.Prefix `envconfig:"TRUSTED_PROXIES"`

	DrainSeconds int        `envconfig:"DRAIN_SECONDS" default:"5"`
	LogLevel     slog.Level `envconfig:"LOG_LEVEL" default:"INFO"`
	OTLPEndpoint string     `envconfig:"OTEL_EXPORTER_OTLP_ENDPOINT"`
}

// refreshGrace is how long the previous refresh token still answers: two tabs
// of one browser, or a client that lost an answer.
const refreshGrace = 10 * time.Second

// mostDays is a century; for longer there is 0, which is for good.
const mostDays = 36_500

// mostPerMinute is the highest rate limit; more than that is none.
const mostPerMinute = 10_000_000

// loadConfig reads the environment and reports everything that is wrong with
// it at once.
func loadConfig() (config, error) {
	var c config
	problems := c.read()
	for name, setting := range c.secrets() {
		text, err := fromFile(name)
		if text != "" {
			err = setting.Decode(text)
		}
		problems = append(problems, err)
	}
	c.derive()
	problems = append(problems, c.validate()...)
	return c, errors.Join(problems...)
}

// read lets envconfig try until it has found every setting that it cannot
// parse. Each one is set aside to get at the next: the process ends with the
// report, so nobody misses it.
func (c *config) read() []error {
	var problems []error
	for {
		err := envconfig.Process("", c)
		var parse *envconfig.ParseError
		if !errors.As(err, &parse) {
			if err != nil {
				problems = append(problems, err)
			}
			return problems
		}
		problems = append(problems, fmt.Errorf("%s cannot be read: %s is wanted", parse.KeyName, wanted(parse.TypeName)))
		if err := os.Unsetenv(parse.KeyName); err != nil {
			return append(problems, err)
		}
	}
}

func wanted(typeName string) string {
	switch typeName {
	case "int", "uint16":
		return "a whole number"
	case "bool":
		return "true or false"
	case "slog.Level":
		return "DEBUG, INFO, WARN or ERROR"
	case "[]netip.Prefix":
		return "a comma-separated list of networks such as 10.0.0.0/8"
	}
	return "a " + typeName
}

// secrets are the settings that may come from a file.
func (c *config) secrets() map[string]envconfig.Decoder {
	return map[string]envconfig.Decoder{
		"DATABASE_URL": &c.DatabaseURL, "DATABASE_LISTEN_URL": &c.ListenURL, "MASTER_KEY": &c.MasterKey, "JWT_SECRET": &c.JWTSecret,
		"SMTP_URL": &c.SMTPURL, "ADMIN_API_TOKEN": &c.AdminAPIToken,
	}
}

// derive fills in the defaults that depend on other settings.
func (c *config) derive() {
	if c.PublicURL == "" {
		c.PublicURL = c.scheme() + "://" + net.JoinHostPort(c.reachableHost(), strconv.Itoa(int(c.Port)))
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if c.JWTIssuer == "" {
		c.JWTIssuer = c.PublicURL
	}
	if c.JWTAudience == "" {
		c.JWTAudience = c.PublicURL
	}
	if len(c.CORSOrigins) == 0 {
		c.CORSOrigins = []string{origin(c.PublicURL)}
	}
}

// reachableHost is HOST, or where it means every address one that a browser on
// this machine can ask for.
func (c *config) reachableHost() string {
	if ip := net.ParseIP(c.Host); c.Host == "" || ip != nil && ip.IsUnspecified() {
		return "localhost"
	}
	return c.Host
}

func (c *config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))) }

func (c *config) validate() []error {
	problems := []error{
		c.DatabaseURL.check("DATABASE_URL"),
		c.checkListenURL(),
		webAddress("PUBLIC_URL", c.PublicURL),
		c.checkTLS(),
		checkMasterKey(c.MasterKey),
		c.JWTSecret.check("JWT_SECRET"),
		c.AdminAPIToken.check("ADMIN_API_TOKEN"),
		between("TOKEN_TTL_MINUTES", c.TokenTTLMinutes, 1, int(session.LongestAccess/time.Minute)),
		between("REFRESH_TTL_HOURS", c.RefreshTTLHours, 1, 365*24),
		between("SESSION_MAX_DAYS", c.SessionMaxDays, 1, 365),
		between("REAUTH_MINUTES", c.ReauthMinutes, 1, 24*60),
		between("PASSWORD_MIN_LENGTH", c.PasswordMinLength, 8, 64),
		between("PASSWORD_MIN_SCORE", c.PasswordMinScore, 0, 4),
		between("PASSWORD_HASH_NICE", c.PasswordHashNice, 0, 19),
		between("LOGIN_FAILURES", c.LoginFailures, 1, 100),
		between("LOGIN_WINDOW_MINUTES", c.LoginWindowMinutes, 1, 24*60),
		between("RATE_AUTH_PER_MINUTE", c.RateAuth, 0, mostPerMinute),
		between("RATE_ORGANIZATION_PER_MINUTE", c.RateOrganization, 0, mostPerMinute),
		between("RATE_ENVIRONMENT_PER_MINUTE", c.RateEnvironment, 0, mostPerMinute),
		between("RATE_KEY_READS_PER_MINUTE", c.RateKeyReads, 0, mostPerMinute),
		between("DRAIN_SECONDS", c.DrainSeconds, 0, 60),
		between("MAX_CONNECTIONS", c.MaxConnections, 0, 1_000_000),
		between("DATABASE_MAX_CONNECTIONS", c.DatabaseConns, 2, 1000),
		between("KEEP_ENDED_KEYS_DAYS", c.KeepEndedKeysDays, 0, mostDays),
		between("KEEP_INVITATIONS_DAYS", c.KeepInvitationsDays, 0, mostDays),
		c.checkHost(),
		seen("JWT_ISSUER", c.JWTIssuer),
		seen("JWT_AUDIENCE", c.JWTAudience),
		c.checkCollector(),
	}
	if c.DatabaseURL.engine() == postgresEngine && !c.MasterKey.set() {
		problems = append(problems, errors.New("MASTER_KEY is required with PostgreSQL, the same for every replica; make one with: openssl rand -base64 32"))
	}
	problems = append(problems, c.validateMail()...)
	if _, err := chosenDialects(c.Compat); err != nil {
		problems = append(problems, err)
	}
	for i, o := range c.CORSOrigins {
		if origin(o) != o {
			problems = append(problems, fmt.Errorf("CORS_ORIGINS: number %d is no origin; one is scheme://host or scheme://host:port, in lower case and without a path", i+1))
		}
	}
	if c.MetricsAddr != "" {
		_, port, err := net.SplitHostPort(c.MetricsAddr)
		if _, malformed := strconv.ParseUint(port, 10, 16); err != nil || malformed != nil {
			problems = append(problems, errors.New("METRICS_ADDR must be host:port, or empty for none"))
		}
	}
	return problems
}

// verificationRequired is the EMAIL_VERIFICATION that is not off.
const verificationRequired = "required"

func (c *config) validateMail() []error {
	var problems []error
	switch c.EmailVerification {
	case "off", verificationRequired:
	default:
		problems = append(problems, errors.New("EMAIL_VERIFICATION must be off or required"))
	}
	if c.SMTPURL.set() {
		return append(problems, c.smtp().Validate())
	}
	if c.MailFrom != "" { // wrong even before it is used
		problems = append(problems, smtp.CheckFrom(c.MailFrom))
	}
	if c.EmailVerification == verificationRequired {
		problems = append(problems, errors.New("EMAIL_VERIFICATION=required needs SMTP_URL: nobody could prove an address by mail that is only written to the log"))
	}
	return problems
}

func (c *config) checkHost() error {
	if strings.ContainsAny(c.Host, " /\\@?#[]") || strings.ContainsFunc(c.Host, unicode.IsControl) {
		return errors.New("HOST must be an IP address or a host name")
	}
	return nil
}

// checkCollector refuses an address with a password: credentials of the collector
// belong into OTEL_EXPORTER_OTLP_HEADERS, which nobody prints.
func (c *config) checkCollector() error {
	if c.OTLPEndpoint == "" {
		return nil
	}
	return webAddress("OTEL_EXPORTER_OTLP_ENDPOINT", c.OTLPEndpoint)
}

func between(name string, value, least, most int) error {
	if value < least || value > most {
		return fmt.Errorf("%s must be from %d to %d", name, least, most)
	}
	return nil
}

// seen wants what is compared byte for byte to have nothing that nobody sees.
func seen(name, text string) error {
	if strings.TrimSpace(text) != text || strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Errorf("%s must not begin or end with a space, nor have control characters", name)
	}
	return nil
}

func webAddress(name, text string) error {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%s must be an address such as https://accounts.example.com", name)
	}
	return nil
}

// origin is the scheme and authority of a web address, as browsers send it.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

func (c *config) sessionPolicy() session.Policy {
	return session.Policy{
		AccessTTL:  time.Duration(c.TokenTTLMinutes) * time.Minute,
		RefreshTTL: time.Duration(c.RefreshTTLHours) * time.Hour,
		MaxAge:     time.Duration(c.SessionMaxDays) * 24 * time.Hour,
		Grace:      refreshGrace,
		FreshFor:   time.Duration(c.ReauthMinutes) * time.Minute,
	}
}

func (c *config) retention() app.Retention {
	const day = 24 * time.Hour
	return app.Retention{EndedKeys: time.Duration(c.KeepEndedKeysDays) * day, Invitations: time.Duration(c.KeepInvitationsDays) * day}
}

func (c *config) passwordPolicy() account.PasswordPolicy {
	return account.PasswordPolicy{MinLength: c.PasswordMinLength, MinScore: c.PasswordMinScore}
}

// print writes the effective settings, one a line, secrets masked.
func (c *config) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("envconfig")
		if _, err := fmt.Fprintf(table, "%s\t%v\n", name, v.Field(i).Interface()); err != nil {
			return err
		}
	}
	return table.Flush()
}
