package audit

// Action says what was done. The list is closed: docs/audit-actions.md is
// printed from it.
type Action string

// Every action there is.
const (
	AccountRegistered      Action = "account.registered"
	AccountUpdated         Action = "account.updated"
	AccountDeleted         Action = "account.deleted"
	AccountDisabled        Action = "account.disabled"
	AccountEnabled         Action = "account.enabled"
	EmailVerified          Action = "account.email_verified"
	EmailChangeRequested   Action = "account.email_change_requested"
	EmailChanged           Action = "account.email_changed"
	EmailChangeUndone      Action = "account.email_change_undone"
	PasswordChanged        Action = "account.password_changed"
	PasswordResetRequested Action = "account.password_reset_requested"
	PasswordReset          Action = "account.password_reset"
	AccountKeyCreated      Action = "account_key.created"
	AccountKeyDeleted      Action = "account_key.deleted"
	SessionBegun           Action = "session.begun"
	SessionEnded           Action = "session.ended"
	SessionReused          Action = "session.refresh_reuse"
	SessionReauthenticated Action = "session.reauthenticated"
	SessionSwitched        Action = "session.organization_switched"
	OrganizationCreated    Action = "organization.created"
	OrganizationUpdated    Action = "organization.updated"
	OrganizationDeleted    Action = "organization.deleted"
	OwnershipTransferred   Action = "organization.ownership_transferred"
	MemberInvited          Action = "member.invited"
	InvitationResent       Action = "member.invitation_resent"
	InvitationRevoked      Action = "member.invitation_revoked"
	InvitationDeclined     Action = "member.invitation_declined"
	MemberJoined           Action = "member.joined"
	MemberRoleChanged      Action = "member.role_changed"
	MemberRemoved          Action = "member.removed"
	MemberLeft             Action = "member.left"
	ProjectCreated         Action = "project.created"
	ProjectUpdated         Action = "project.updated"
	ProjectDeleted         Action = "project.deleted"
	EnvironmentCreated     Action = "environment.created"
	EnvironmentUpdated     Action = "environment.updated"
	EnvironmentDeleted     Action = "environment.deleted"
	KeyCreated             Action = "key.created"
	KeyRotated             Action = "key.rotated"
	KeyRevoked             Action = "key.revoked"
	InstallationMended     Action = "installation.mended"
	InstallationRestored   Action = "installation.restored"
	SigningKeyRotated      Action = "signing_key.rotated"
	SigningKeyRevoked      Action = "signing_key.revoked"
	MasterKeyChanged       Action = "master_key.changed"
)

// Actions lists every action.
func Actions() []Action {
	return []Action{
		AccountRegistered, AccountUpdated, AccountDeleted, AccountDisabled, AccountEnabled, EmailVerified,
		EmailChangeRequested, EmailChanged, EmailChangeUndone, PasswordChanged, PasswordResetRequested,
		PasswordReset, AccountKeyCreated, AccountKeyDeleted, SessionBegun, SessionEnded, SessionReused,
		SessionReauthenticated, SessionSwitched, OrganizationCreated, OrganizationUpdated, OrganizationDeleted,
		OwnershipTransferred, MemberInvited, InvitationResent, InvitationRevoked, InvitationDeclined, MemberJoined,
		MemberRoleChanged, MemberRemoved, MemberLeft, ProjectCreated, ProjectUpdated, ProjectDeleted,
		EnvironmentCreated, EnvironmentUpdated, EnvironmentDeleted, KeyCreated, KeyRotated, KeyRevoked,
		InstallationMended, InstallationRestored, SigningKeyRotated, SigningKeyRevoked, MasterKeyChanged,
	}
}
