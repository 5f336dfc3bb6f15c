"""The one family of errors; each class carries its public code, its HTTP status and its wording."""

from __future__ import annotations

from typing import Any


class EngineError(Exception):
    """Something went wrong in the engine. See the log for details."""

    code = "engine-error"
    status = 500

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        self.detail = detail or (self.__doc__ or "").strip().splitlines()[0]
        self.extra = extra
        super().__init__(self.detail)


class NotFound(EngineError):
    """There is no such thing, or it is not yours to see."""

    code, status = "not-found", 404


class Refused(EngineError):
    """The input was understood and refused."""

    code, status = "refused", 422


class Conflict(EngineError):
    """Somebody else was first; read the newest state and decide again."""

    code, status = "conflict", 409


class Forbidden(EngineError):
    """Your role does not allow this."""

    code, status = "forbidden", 403


class Unauthenticated(EngineError):
    """Sign in, or send a valid Bearer token."""

    code, status = "unauthenticated", 401


class TooMany(EngineError):
    """Too many tries; wait and try again."""

    code, status = "too-many", 429


class Unavailable(EngineError):
    """A part that this needs does not answer now; try again."""

    code, status = "unavailable", 503


class PbxLost(Unavailable):
    """The link to the PBX is down; the call was not placed."""

    code = "pbx-lost"


class OutcomeUnknown(Unavailable):
    """The link to the PBX broke while it was acting; look at the calls before you try again."""

    code = "outcome-unknown"


class PbxRefused(EngineError):
    """The PBX refused the action."""

    code, status = "pbx-refused", 502


class TooLarge(EngineError):
    """The body is too large."""

    code, status = "too-large", 413


class NoRoom(EngineError):
    """There is no room for the file; keep it and try again later."""

    code, status = "no-room", 507


class NoHold(EngineError):
    """The PBX did not take the hold: put the call on hold at the telephone, and see dialplan/features.conf."""

    code, status = "no-hold", 409


class NoWarmTransfer(EngineError):
    """The PBX did not begin the warm transfer: transfer at the telephone, or blindly, and see dialplan/README.md."""

    code, status = "no-warm-transfer", 409


class TransferLasts(Conflict):
    """Another warm transfer of this call lasts: complete it or take the resident back first."""

    code = "transfer-lasts"


class NotAnsweredYet(Conflict):
    """Nobody has answered yet: wait for the answer, or take the resident back."""

    code = "not-answered-yet"


class NoTransfer(Conflict):
    """No warm transfer of this call lasts: you talk with the resident."""

    code = "no-transfer"


class NotYourCall(Refused):
    """Only who talks in this call can transfer it warmly, and only who began it can end it."""

    code = "not-your-call"
