"""Sign-in, the session, one's own state and password."""

from __future__ import annotations

from aiohttp import web

from callengine.access.model import DESK, PEOPLE, Principal
from callengine.access.service import SESSION
from callengine.api.core import Ask, Routes, person_of
from callengine.api.schemas import Me, PasswordChange, SignIn, SignInHints, StateChange
from callengine.api.security import COOKIE

routes = Routes("session")


@routes.get("/session/hints", roles=None, summary="What the sign-in page must know")
async def get_hints(ask: Ask[None, None]) -> SignInHints:
    services = ask.services
    return SignInHints(
        sandbox=services.sandbox,
        language=services.settings.locale.language,
        timezone=services.settings.locale.timezone,
        accounts=services.sample_accounts if services.sandbox else [],
    )


@routes.post("/session", roles=None, summary="Sign in; sets the session cookie")
async def sign_in(ask: Ask[SignIn, None]) -> Me:
    address = ask.request.remote or ""
    token, who = await ask.services.access.sign_in(ask.body.login, ask.body.password, address=address)
    origin = ask.request.headers.get("Origin", "")
    secure = ask.request.secure or origin.startswith("https://")

    def keep(response: web.StreamResponse) -> None:
        response.set_cookie(
            COOKIE, token, max_age=int(SESSION.total_seconds()), httponly=True, samesite="Lax", secure=secure, path="/"
        )

    ask.touches.append(keep)
    await _tell_phone(ask, who)
    return await _me(ask, who)


@routes.get("/session", roles=PEOPLE, summary="Who I am")
async def get_me(ask: Ask[None, None]) -> Me:
    return await _me(ask, ask.who)


@routes.delete("/session", roles=PEOPLE, summary="Sign out")
async def sign_out(ask: Ask[None, None]) -> None:
    await ask.services.access.sign_out(ask.who)
    ask.services.live.sign_out(ask.who.token_hash)
    ask.touches.append(lambda response: response.del_cookie(COOKIE, path="/"))


@routes.post("/session/password", roles=PEOPLE, summary="Change one's own password; other sessions end")
async def change_password(ask: Ask[PasswordChange, None]) -> None:
    await ask.services.access.change_password(ask.who, ask.body.old, ask.body.new)


@routes.put("/session/state", roles=DESK, summary="Ready, pause, after-call work; pauses the queue member too")
async def set_state(ask: Ask[StateChange, None]) -> Me:
    await ask.services.access.set_state(person_of(ask), ask.body.state, ask.body.reason)
    await _tell_phone(ask, ask.who)
    return await _me(ask, ask.who)


async def _tell_phone(ask: Ask[SignIn, None] | Ask[None, None] | Ask[StateChange, None], who: Principal) -> None:
    """Not at the end of a shift: the desk hears of that itself, however it came (desk.staff_changed)."""
    if who.staff_id is None or not who.extension:
        return
    person = await ask.services.access.member(who.staff_id)
    await ask.services.pause_phone(who.extension, paused=person.state != "ready", reason=person.state_reason)


async def _me(ask: Ask[SignIn, None] | Ask[None, None] | Ask[StateChange, None], who: Principal) -> Me:
    person = await ask.services.access.member(who.staff_id) if who.staff_id else None
    return Me(
        id=who.staff_id,
        login=who.login,
        name=who.name,
        role=who.role,
        extension=who.extension,
        language=who.language,
        state=person.state if person else "offline",
        state_reason=person.state_reason if person else "",
        state_since=person.state_since if person else None,
        sandbox=ask.services.sandbox,
        timezone=ask.services.settings.locale.timezone,
    )
