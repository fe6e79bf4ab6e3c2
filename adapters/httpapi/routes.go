package httpapi

// sections is the whole API.
func (s *server) sections() []section {
	return []section{
		{"Accounts", "Making an account, and one's own.", s.accountRoutes()},
		{"Addresses and passwords", "Proving an address, and changing what one logs in by.", s.proofRoutes()},
		{"Sessions", "Logging in, staying in and getting out.", s.sessionRoutes()},
		{"Account keys", "What programs call in by as an account.", s.accountKeyRoutes()},
		{"Organizations", "Tenants, and one's place in them.", s.organizationRoutes()},
		{"Members", "Who is in the active organization, and as what.", s.memberRoutes()},
		{"Invitations", "What the holder of a mailed link can do.", s.invitationRoutes()},
		{"Audit", "What was done, and what may be.", s.auditRoutes()},
		{"Projects", "Projects of the active organization.", s.projectRoutes()},
		{"Environments", "The stages of a project.", s.environmentRoutes()},
		{"Environment keys", "What SDKs and backends call in by.", s.keyRoutes()},
		{"SDK plane", "What a key opens.", s.sdkRoutes()},
		{"Operators", "The whole installation.", s.operatorRoutes()},
		{"System", "About this installation.", s.systemRoutes()},
	}
}

const mailed = "A mail tells the rest"

func (s *server) accountRoutes() []route {
	return []route{
		{post, "/v1/auth/register", byAddress, "register", "Make an account with an organization of its own", also[acceptedBody](202, mailed, creates(s.registerAccount, showRegistered)), []int{409}},
		{post, "/v1/auth/signup", byAddress, "sign-up", "Make an account with a personal organization", also[acceptedBody](202, mailed, creates(s.signUp, showSignedUp)), []int{409}},
		{get, "/v1/auth/me", byToken, "get-me", "Show one's account", answers(200, s.me), []int{404}},
		{patch, "/v1/auth/me", byPerson, "update-me", "Change one's name or username", answers(200, s.updateMe), []int{404, 409}},
		{remove, "/v1/auth/me", byPerson, "delete-me", "Delete one's account", answers(204, s.deleteMe), []int{404, 409}},
	}
}

func (s *server) proofRoutes() []route {
	return []route{
		{post, "/v1/auth/email", byPerson, "change-email", "Ask for another address; it counts once proven there", answers(202, s.changeEmail), []int{404}},
		{post, "/v1/auth/email/undo", byAddress, "undo-email", "Take a change of address back, by the link in the old mailbox", answers(204, s.undoEmail), []int{409}},
		{post, "/v1/auth/verify-email", byAnyone, "verify-email", "Prove an address by a mailed link", answers(204, s.verifyEmail), []int{404, 409}},
		{get, "/v1/auth/verify-email", open, "verify-email-page", "Show the page that a mailed link leads to; it changes nothing", serves(s.verifyPage, documentVerifyPage), nil},
		{get, "/v1/auth/verify-email/{asset}", open, "verify-email-asset", "Load a part of that page", serves(s.verifyAsset, documentAsset("verify.js")), []int{404}},
		{post, "/v1/auth/send-verification-email", byAddress, "send-verification-email", "Ask for the mail that proves an address", answers(202, s.sendVerification), nil},
		{post, "/v1/auth/password/change", byPerson, "change-password", "Change one's password", answers(204, s.changePassword), []int{404}},
		{post, "/v1/auth/password/forgot", byAddress, "forgot-password", "Ask for a link to a new password", answers(202, s.forgotPassword), nil},
		{post, "/v1/auth/password/reset", byAddress, "reset-password", "Set a new password by a mailed link", answers(204, s.resetPassword), nil},
	}
}

func (s *server) sessionRoutes() []route {
	return []route{
		{post, "/v1/auth/login", byAddress, "log-in", "Begin a session", answers(200, s.login), []int{401}},
		{post, "/v1/auth/refresh", open, "refresh", "Trade a refresh token for new tokens", answers(200, s.refresh), []int{401}},
		{post, "/v1/auth/logout", byPerson, "log-out", "End this session", answers(204, s.logout), []int{404}},
		{post, "/v1/auth/switch-organization", byPerson, "switch-organization", "Make another organization the active one", answers(200, s.switchOrganization), []int{404}},
		{post, "/v1/auth/reauthenticate", byPerson, "reauthenticate", "Prove the password again", answers(204, s.reauthenticate), []int{404}},
		{get, "/v1/auth/sessions", byPerson, "list-sessions", "List one's sessions", answers(200, s.listSessions), []int{404}},
		{remove, "/v1/auth/sessions", byPerson, "end-other-sessions", "End all of one's sessions but this one", answers(204, s.endOtherSessions), []int{404}},
		{remove, "/v1/auth/sessions/{id}", byPerson, "end-session", "End one of one's sessions", answers(204, s.endSession), []int{404}},
	}
}

func (s *server) accountKeyRoutes() []route {
	return []route{
		{get, "/v1/auth/keys", byPerson, "list-account-keys", "List one's account keys", answers(200, s.listAccountKeys), []int{404}},
		{post, "/v1/auth/keys", byPerson, "create-account-key", "Make a key that acts as oneself; the answer alone shows it", creates(s.createAccountKey, created(showNewAccountKey)), []int{404}},
		{remove, "/v1/auth/keys/{id}", byPerson, "delete-account-key", "End an account key at once", answers(204, s.deleteAccountKey), []int{404}},
	}
}

func (s *server) organizationRoutes() []route {
	return []route{
		{get, "/v1/auth/organizations", byToken, "list-my-organizations", "List one's organizations, with one's role", answers(200, s.listMyOrganizations), []int{404}},
		{get, "/v1/auth/users/{userId}/organizations", byToken, "list-user-organizations", "List an account's organizations, as far as one may know them", answers(200, s.listUserOrganizations), []int{404}},
		{get, "/v1/organizations", byToken, "list-organizations", "List one's organizations", answers(200, s.listOrganizations), []int{404}},
		{post, "/v1/organizations", byPerson, "create-organization", "Found an organization", creates(s.createOrganization, created(showFounded)), []int{404, 409}},
		{get, "/v1/organizations/{id}", byToken, "get-organization", "Show an organization", answers(200, s.getOrganization), []int{404}},
		{patch, "/v1/organizations/{id}", byToken, "update-organization", "Rename or convert an organization", answers(200, s.updateOrganization), []int{404, 409}},
		{remove, "/v1/organizations/{id}", byPerson, "delete-organization", "Delete an organization with everything in it", answers(204, s.deleteOrganization), []int{404, 409}},
		{post, "/v1/organizations/{id}/transfer", byPerson, "transfer-organization", "Make a member the owner, and oneself an admin", answers(204, s.transferOrganization), []int{404, 409}},
		{post, "/v1/organizations/{id}/leave", byToken, "leave-organization", "End one's own membership", answers(204, s.leaveOrganization), []int{404, 409}},
	}
}

func (s *server) memberRoutes() []route {
	return []route{
		{get, "/v1/members", byToken, "list-members", "List members and invitations", answers(200, s.listMembers), []int{404}},
		{post, "/v1/members/invite", byToken, "invite-member", "Ask somebody in, by a mailed link", creates(s.invite, created(showMember)), []int{404, 409}},
		{post, "/v1/members/{id}/resend", byToken, "resend-invitation", "Mail a new link, which voids the old one", answers(204, s.resendInvitation), []int{404, 409}},
		{put, "/v1/members/{id}", byToken, "set-member-role", "Give another role, or offer another one", answers(204, s.changeMember), []int{404, 409}},
		{patch, "/v1/members/{id}", byToken, "update-member-role", "The same", answers(204, s.changeMember), []int{404, 409}},
		{remove, "/v1/members/{id}", byToken, "remove-member", "Take a member out, or withdraw an invitation", answers(204, s.removeMember), []int{404, 409}},
	}
}

func (s *server) invitationRoutes() []route {
	return []route{
		{post, "/v1/invitations/preview", byAddress, "preview-invitation", "Show an invitation", answers(200, s.previewInvitation), []int{404}},
		{post, "/v1/invitations/accept", byAnyone, "accept-invitation", "Join as who is logged in, or as a new account", also[JoinedBody](200, "Joined as who is logged in", creates(s.acceptInvitation, showAdmitted)), []int{403, 404, 409}},
		{post, "/v1/invitations/decline", byAddress, "decline-invitation", "End an invitation", answers(204, s.declineInvitation), []int{404}},
	}
}

func (s *server) auditRoutes() []route {
	return []route{
		{get, "/v1/audit", byToken, "list-audit", "List what was done, the newest first", answers(200, s.listAudit), []int{404}},
		{get, "/v1/audit/export", byToken, "export-audit", "Download what was done", documentExport(answers(200, s.exportAudit)), []int{404}},
		{post, "/v1/authz/explain", byToken, "explain-access", "Ask whether, and by which rule, something is allowed", answers(200, s.explain), []int{404}},
	}
}

func (s *server) projectRoutes() []route {
	return []route{
		{get, "/v1/projects", byToken, "list-projects", "List projects", answers(200, s.listProjects), []int{404}},
		{post, "/v1/projects", byToken, "create-project", "Make a project with the default environments", creates(s.createProject, created(showNewProject)), []int{404, 409}},
		{get, "/v1/projects/{id}", byToken, "get-project", "Show a project", answers(200, s.getProject), []int{404}},
		{patch, "/v1/projects/{id}", byToken, "update-project", "Rename a project", answers(200, s.updateProject), []int{404, 409}},
		{remove, "/v1/projects/{id}", byToken, "delete-project", "Delete a project with its environments and keys", answers(204, s.deleteProject), []int{404, 409}},
	}
}

func (s *server) environmentRoutes() []route {
	return []route{
		{get, "/v1/projects/{id}/environments", byToken, "list-environments", "List a project's environments", answers(200, s.listEnvironments), []int{404}},
		{post, "/v1/projects/{id}/environments", byToken, "create-environment", "Make an environment", creates(s.createEnvironment, created(showEnvironment)), []int{404, 409}},
		{remove, "/v1/projects/{id}/environments/{envId}", byToken, "delete-project-environment", "Delete an environment of this project", answers(204, s.deleteProjectEnvironment), []int{404, 409}},
		{get, "/v1/environments/{id}", byToken, "get-environment", "Show an environment", answers(200, s.getEnvironment), []int{404}},
		{patch, "/v1/environments/{id}", byToken, "update-environment", "Change an environment", answers(200, s.updateEnvironment), []int{404, 409}},
		{remove, "/v1/environments/{id}", byToken, "delete-environment", "Delete an environment with its keys", answers(204, s.deleteEnvironment), []int{404, 409}},
	}
}

func (s *server) keyRoutes() []route {
	return []route{
		{get, "/v1/environments/{id}/api-keys", byToken, "list-api-keys", "List an environment's keys", answers(200, s.listAPIKeys), []int{404}},
		{post, "/v1/environments/{id}/api-keys", byToken, "create-api-key", "Make a key; the answer alone shows it", creates(s.createAPIKey, created(showNewKey)), []int{404}},
		{get, "/v1/api-keys/{id}", byToken, "get-api-key", "Show a key, without its secret", answers(200, s.getAPIKey), []int{404}},
		{post, "/v1/api-keys/{id}/rotate", byToken, "rotate-api-key", "Make a key's successor; the answer alone shows it", creates(s.rotateAPIKey, created(showNewKey)), []int{404, 409}},
		{remove, "/v1/api-keys/{id}", byToken, "revoke-api-key", "Revoke a key at once", answers(204, s.revokeAPIKey), []int{404}},
	}
}

func (s *server) sdkRoutes() []route {
	return []route{
		{get, "/v1/sdk/environment", byKey, "get-sdk-environment", "Show what this key opens", serves(s.sdkEnvironment, documentSDKEnvironment), []int{400}},
		{get, authorizePath, byKey, "authorize", "Let a gateway ask whether this key opens what it should", serves(s.sdkAuthorize, documentAuthorize), []int{403}},
		{post, "/v1/keys/verify", byBackend, "verify-key", "Let a product's backend ask about a key", answers(200, s.verifyKey), nil},
	}
}

func (s *server) operatorRoutes() []route {
	return []route{
		{get, "/v1/admin/accounts", byOperator, "list-accounts", "Search the accounts", answers(200, s.listAccounts), nil},
		{get, "/v1/admin/accounts/{id}", byOperator, "get-account", "Show an account with its organizations", answers(200, s.getAccount), []int{404}},
		{patch, "/v1/admin/accounts/{id}", byOperator, "update-account", "Disable an account at once, or enable it", answers(200, s.setDisabled), []int{404, 409}},
		{remove, "/v1/admin/accounts/{id}", byOperator, "delete-account", "Delete an account", answers(204, s.deleteAccount), []int{404, 409}},
		{get, "/v1/admin/organizations", byOperator, "list-all-organizations", "Search the organizations", answers(200, s.listAllOrganizations), nil},
	}
}

func (s *server) systemRoutes() []route {
	return []route{
		{get, "/healthz", open, "health", "Say that the process runs", serves(s.health, documentHealth), nil},
		{get, "/readyz", open, "readiness", "Say whether requests can be served", serves(s.readiness, documentHealth), nil},
		{get, "/.well-known/jwks.json", open, "jwks", "Show the public keys of access tokens (RFC 7517)", serves(s.jwks, documentObject("The keys")), nil},
		{get, "/openapi.json", open, "openapi", "Show this document", serves(s.openapi, documentObject("The document")), nil},
		{get, "/docs", open, "docs", "Show this document as a page", serves(s.docs, documentFile("text/html")), nil},
		{get, "/docs/{asset}", open, "docs-asset", "Load a part of that page", serves(s.docsAsset, documentAsset("docs.js")), []int{404}},
	}
}
