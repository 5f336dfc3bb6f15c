"""Who may come in: sign-in, sessions, tokens, passwords, and each person's state at work."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta

from callengine.access.after_call import done_talking
from callengine.access.events import SessionsEnded, StaffStateChanged
from callengine.access.model import PEOPLE, ROLES, Member, Principal
from callengine.access.passwords import Passwords
from callengine.access.throttle import Throttle
from callengine.calls.events import CallFact
from callengine.clock import Clock
from callengine.errors import NotFound, Refused, Unauthenticated
from callengine.store import access as queries
from callengine.store.database import Store, Tx
from callengine.store.timers import set_timer

# A twelve-hour shift with its handover on both sides.
SESSION = timedelta(hours=16)
# The timer at which a person's last session runs out; its subject is his id.
SHIFT = "shift"
# The timer at which after-call work has lasted its term; its subject is the person's id.
AFTER_CALL = "after-call"
STATES = frozenset({"offline", "ready", "pause", "after_call"})


class WrongPassword(Unauthenticated):
    """The login or the password is wrong."""

    code = "wrong-password"


class AccessService:
    """Opaque tokens; only their SHA-256 is stored, so a copied database opens no door."""

    def __init__(
        self, store: Store, clock: Clock, *, passwords: Passwords | None = None, after_call_seconds: int = 0
    ) -> None:
        self._store, self._clock = store, clock
        self._after_call = timedelta(seconds=after_call_seconds)
        self._passwords = passwords or Passwords()
        # Per person and address, so that nobody can lock a colleague out; per address against lists of logins.
        self._per_login = Throttle(clock, limit=5, seconds=300)
        self._per_address = Throttle(clock, limit=30, seconds=300)

    async def sign_in(self, login: str, password: str, *, address: str = "") -> tuple[str, Principal]:
        """A new session's token and its holder. Raises WrongPassword, TooMany."""
        key = f"{address}|{login}"
        self._per_address.check(address)
        self._per_login.check(key)
        async with self._store.read() as conn:
            found = await queries.secret_of(conn, login)
        if not await self._passwords.fits(password, found[1] if found else None) or found is None:
            self._per_login.failed(key)
            self._per_address.failed(address)
            raise WrongPassword()
        self._per_login.succeeded(key)
        return await self._open_session(found[0])

    async def _open_session(self, staff_id: int) -> tuple[str, Principal]:
        token, now = secrets.token_urlsafe(32), self._clock.now()
        async with self._store.begin() as tx:
            await self._forget_expired(tx)
            person = await self._member(tx, staff_id)
            await queries.add_session(
                tx,
                token_hash=digest(token),
                kind="session",
                staff_id=staff_id,
                role=person.role,
                organisation_id=person.organisation_id,
                created_at=now,
                expires_at=now + SESSION,
            )
            await set_timer(tx, SHIFT, str(staff_id), now + SESSION)
            # Who signs in at a phone starts the shift; a second tab changes nothing.
            if person.extension and person.state == "offline":
                await self._change(tx, person, "ready", "")
            who = await queries.principal(tx.conn, digest(token), now)
        if who is None:
            raise WrongPassword()
        return token, who

    async def sign_out(self, who: Principal) -> None:
        """Ends this session; with a person's last session the shift ends too."""
        async with self._store.begin() as tx:
            await queries.end_session(tx, who.token_hash)
            if who.staff_id is not None:
                await self._end_shift_without_session(tx, who.staff_id)

    async def _end_shift_without_session(self, tx: Tx, staff_id: int) -> None:
        """Nobody sits before the screen any more: calls must not be offered to an empty chair."""
        expires_at = await queries.last_expiry(tx.conn, staff_id, self._clock.now())
        if expires_at is not None:
            await set_timer(tx, SHIFT, str(staff_id), expires_at)
            return
        person = await queries.member(tx.conn, staff_id)
        if person is not None and person.state != "offline":
            await self._change(tx, person, "offline", "")

    async def _forget_expired(self, tx: Tx) -> None:
        now = self._clock.now()
        if gone := await queries.forget_expired(tx, now):
            await tx.tell(SessionsEnded(now, tuple(gone)))

    async def on_timer(self, kind: str, subject: str, fence: int) -> None:
        """A session has run out: its holder's shift is over unless he has another one. Or after-call work has."""
        if kind == AFTER_CALL:
            await self._after_call_is_over(int(subject))
            return
        async with self._store.begin() as tx:
            await self._forget_expired(tx)
            await self._end_shift_without_session(tx, int(subject))

    async def recover(self) -> None:
        """At the start: whose session ran out, or who was dismissed, while no engine ran is at work no more."""
        for person in await self.members():
            if person.state == "offline":
                continue
            async with self._store.begin() as tx:
                if not await queries.has_token(tx.conn, person.id):  # a program keeps his state, without a session
                    await self._end_shift_without_session(tx, person.id)

    async def others_now(self, known: Mapping[bytes, Principal]) -> list[Principal]:
        """Those who were let in by these hashes and would not be now, or as somebody who may other things."""
        async with self._store.read() as conn:
            now = await queries.principals(conn, list(known), self._clock.now())
        return [who for key, who in known.items() if key not in now or now[key].rights != who.rights]

    async def find(self, staff_id: int) -> Member | None:
        """One of the staff, or None."""
        async with self._store.read() as conn:
            return await queries.member(conn, staff_id)

    async def identify(self, token: str) -> Principal | None:
        async with self._store.read() as conn:
            return await queries.principal(conn, digest(token), self._clock.now())

    async def create_token(
        self, name: str, role: str, *, organisation_id: int | None = None, staff_id: int | None = None
    ) -> str:
        """A Bearer token without an end. Raises Refused for an unknown role, person or organisation.

        A token of no person gets a row of its own among the staff, without a password: what it does is evidence too.
        """
        if role not in ROLES:
            raise Refused(f"no such role: {role}; there are {', '.join(sorted(ROLES))}")
        token = secrets.token_urlsafe(32)
        async with self._store.begin() as tx:
            if staff_id is not None and await queries.member(tx.conn, staff_id) is None:
                raise Refused(f"no such person: {staff_id}")
            if organisation_id is not None and not await queries.organisation_exists(tx.conn, organisation_id):
                raise Refused(f"no such organisation: {organisation_id}")
            if staff_id is None and role in PEOPLE:
                staff_id = await queries.robot_of(tx, name, role)
            await queries.add_session(
                tx,
                token_hash=digest(token),
                kind="token",
                name=name,
                role=role,
                organisation_id=organisation_id,
                staff_id=staff_id,
                created_at=self._clock.now(),
                expires_at=None,
            )
        return token

    async def change_password(self, who: Principal, old: str, new: str) -> None:
        """The person's other sessions end with the old password; his tokens go on: they never needed one."""
        if who.staff_id is None:
            raise Refused("a token has no password")
        key = f"password|{who.staff_id}"
        self._per_login.check(key)
        async with self._store.read() as conn:
            found = await queries.secret_of(conn, who.login)
        if not await self._passwords.fits(old, found[1] if found else None):
            self._per_login.failed(key)
            raise Refused("the old password is wrong", pointer="/old")
        hashed = await self._passwords.hash(new)
        async with self._store.begin() as tx:
            await queries.set_password(tx, who.staff_id, hashed)
            if ended := await queries.end_other_sessions(tx, who.staff_id, who.token_hash):
                await tx.tell(SessionsEnded(self._clock.now(), tuple(ended)))
                await self._end_shift_without_session(tx, who.staff_id)

    async def end_sessions(self, tx: Tx, staff_id: int, *, tokens: bool) -> None:
        """Signs a person out everywhere; the shift ends too.

        Inside the transaction that changes what he may, before the change: so his old extension is passed over. With
        `tokens` those of his programs end as well; else they only lose their sockets, and come back as who he is then.
        """
        ended = await queries.end_other_sessions(tx, staff_id, b"")
        programs = await (queries.end_tokens(tx, staff_id) if tokens else queries.tokens_of(tx.conn, staff_id))
        if ended or programs:
            await tx.tell(SessionsEnded(self._clock.now(), (*ended, *programs)))
        await self._end_shift_without_session(tx, staff_id)

    async def hash_password(self, password: str) -> str:
        """For those who keep the staff: by hand and by file."""
        return await self._passwords.hash(password)

    async def add_staff(
        self,
        login: str,
        name: str,
        role: str,
        *,
        password: str | None = None,
        extension: str | None = None,
        organisation_id: int | None = None,
    ) -> int:
        if role not in ROLES:
            raise Refused(f"no such role: {role}")
        hashed = await self._passwords.hash(password) if password else None
        async with self._store.begin() as tx:
            return await queries.add_staff(
                tx,
                login=login,
                name=name,
                role=role,
                extension=extension,
                organisation_id=organisation_id,
                password_hash=hashed,
            )

    async def set_state(self, staff_id: int, state: str, reason: str = "") -> Member:
        """History stays: each state is a row with its beginning and end. Tells StaffStateChanged."""
        if state not in STATES:
            raise Refused(f"no such state: {state}")
        async with self._store.begin() as tx:
            person = await self._member(tx, staff_id)
            if (person.state, person.state_reason) == (state, reason):
                return person
            return await self._change(tx, person, state, reason)

    async def on_call(self, tx: Tx, fact: CallFact) -> None:
        """Within: whoever has talked with a caller does after-call work, and the queue passes over him meanwhile.

        Only who was ready all the while: a break stays a break, and what is told late, or again after he was ready
        anew, changes nothing.
        """
        if not self._after_call:
            return
        now = self._clock.now()
        for extension, ended_at in done_talking(fact.call).items():
            if now - ended_at >= self._after_call:
                continue
            person = await queries.at_extension(tx.conn, extension)
            if person is None or person.state != "ready" or person.state_since is None or person.state_since > ended_at:
                continue
            writes = await self._change(tx, person, "after_call", "", by_engine=True)
            # By the moment that the row has: a timer that comes sooner finds the term not over, and comes but once.
            await set_timer(tx, AFTER_CALL, str(person.id), (writes.state_since or now) + self._after_call)

    async def _after_call_is_over(self, staff_id: int) -> None:
        async with self._store.begin() as tx:
            person = await queries.member(tx.conn, staff_id)
            if person is None or person.state != "after_call" or person.state_since is None:
                return
            if person.state_since + self._after_call <= self._clock.now():
                await self._change(tx, person, "ready", "", by_engine=True)

    async def _change(self, tx: Tx, person: Member, state: str, reason: str, *, by_engine: bool = False) -> Member:
        at = self._clock.now()
        await queries.change_state(tx, person.id, state, reason, at)
        changed = await self._member(tx, person.id)
        await tx.tell(StaffStateChanged(at, changed, by_engine))
        return changed

    async def member(self, staff_id: int) -> Member:
        async with self._store.read() as conn:
            found = await queries.member(conn, staff_id)
        if found is None:
            raise NotFound()
        return found

    async def members(self) -> list[Member]:
        async with self._store.read() as conn:
            return await queries.members(conn)

    async def log_reading(self, who: Principal, what: str, subject: str, why: str = "") -> None:
        """Who read personal data: card, recording, export."""
        async with self._store.begin() as tx:
            await queries.log_reading(tx, at=self._clock.now(), who=who, what=what, subject=subject, why=why)

    async def _member(self, tx: Tx, staff_id: int) -> Member:
        found = await queries.member(tx.conn, staff_id)
        if found is None:
            raise NotFound()
        return found

    def close(self) -> None:
        self._passwords.close()


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
