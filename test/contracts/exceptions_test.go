package contracts

// exception is what a document says and this server does not do, for a reason.
type exception struct {
	document string
	places   []place
	reason   string
}

// place is a member of what stands at a line; an empty one is the whole.
type place struct {
	line   int
	member string
}

var exceptions = []exception{
	{"featuresignals", []place{{20, "tokens.refresh_token"}, {55, "tokens.refresh_token"}, {77, "refresh_token"}},
		"A refresh token is opaque (`rt_…`) and no JWT: one row a session suffices to rotate it and to notice its reuse. Clients only hand it back."},
	{"featuresignals", []place{{87, ""}},
		"There is no default for `JWT_SECRET`, and the documented one refuses to start: everybody knows it. Without the setting, the server makes a signing key and keeps it encrypted."},
	{"featuresignals", []place{{95, ""}},
		"`POST /v1/evaluate` is about feature flags, which this server does not have yet: 404."},
	{"phaseflag", []place{{120, ""}},
		"`GET /sdk/ruleset` is about feature flags, which this server does not have yet: 404. Its key opens `/v1/sdk/environment`."},
	{"username-and-keys", []place{{26, "refreshToken"}},
		"The answer has a `refreshToken` besides: the document's refresh asks for one, and no other answer could give it."},
	{"username-and-keys", []place{{45, "error"}},
		"An unknown user and a wrong password have one text, `Invalid credentials`: two would tell who has an account."},
}

// note is what a reader of the page should know beside what was tried.
type note struct{ document, text string }

var notes = []note{
	{"featuresignals", "This is our own dialect. Its answers have further members, which [openapi.json](../adapters/httpapi/openapi.json) describes; clients of the document do not see them."},
	{"featuresignals", "Errors are `application/problem+json` (RFC 9457), and the member `error` is the document's."},
	{"phaseflag", "[Dialects](dialects.md#phaseflag) tells what the document leaves open."},
	{"phy", "The account of the document's login was made with `PASSWORD_MIN_SCORE=0`: by default nobody can choose `password123`."},
	{"phy", "[Dialects](dialects.md#phy) tells what the document leaves open."},
	{"username-and-keys", "The document shows no requests; they are made from its tables of members."},
	{"username-and-keys", "[Dialects](dialects.md#username-and-keys) tells what the document leaves open."},
	{"zylon", "Ids have all 128 bits, which are 32 digits where the document's have 16. `{API_TOKEN}` is `ADMIN_API_TOKEN`; the names in the answers are made of the address, since the request tells none."},
	{"zylon", "The session is in the cookie `__Host-tenantry_session`, since the document's answers have no token."},
	{"zylon", "[Dialects](dialects.md#zylon) tells what the document leaves open."},
}
