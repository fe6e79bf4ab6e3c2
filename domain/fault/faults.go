package fault

// Faults that belong to no single noun.
var (
	ErrInternal    = Declare(Internal, "INTERNAL", "Something went wrong on our side. The request id helps us find it.")
	ErrInvalid     = Declare(Invalid, "VALIDATION_FAILED", "The request has members that cannot be accepted.")
	ErrNotFound    = Declare(NotFound, "NOT_FOUND", "There is no such thing, or none that you can see.")
	ErrForbidden   = Declare(Forbidden, "FORBIDDEN", "Your role in this organization does not allow that.")
	ErrUnavailable = Declare(Unavailable, "UNAVAILABLE", "The service cannot answer right now. Try again shortly.")
	ErrBusy        = Declare(Unavailable, "BUSY", "Too much is going on at once. Try again shortly.")
	ErrStale       = Declare(Conflict, "STALE", "Someone else changed this in the meantime. Read it again and repeat.")
)
