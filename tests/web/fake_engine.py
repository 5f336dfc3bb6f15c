"""An engine that is only its public contract: answers from `town`, and a live line that a test speaks into."""

from __future__ import annotations

import io
import json
import re
import wave
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web
from pydantic import BaseModel

from callengine.api import schemas as s
from callengine.api.openapi import document
from tests.web import town

DIST = Path(__file__).parents[2] / "callengine" / "web" / "dist"
API = "/api/v1"
PEOPLE = {
    "operator": ("Петрова Наталья", "operator", "101"),
    "supervisor": ("Орлова Тамара", "supervisor", None),
    "admin": ("Северин Олег", "administrator", None),
}


@cache
def queries() -> list[tuple[str, re.Pattern[str], frozenset[str]]]:
    """What may stand behind the question mark, of each method and path of the contract; plain paths first."""
    return [
        (
            method.upper(),
            re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))),
            frozenset(p["name"] for p in told.get("parameters", ()) if p["in"] == "query"),
        )
        for path, of_path in sorted(document()["paths"].items(), key=lambda one: one[0].count("{"))
        for method, told in of_path.items()
    ]


def page(items: list[Any]) -> dict[str, Any]:
    return {"items": items, "next": None}


def plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


def silence() -> bytes:
    """Six seconds of stereo silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(8000 * 6 * 4))
    return out.getvalue()


class FakeEngine:
    """What a test may change: the lists, `failing` paths; what it may look at: `asked`."""

    def __init__(self) -> None:
        self.who: str | None = None
        self.state = "ready"
        self.sandbox = True
        self.calls = town.journal()
        self.duties = town.duties()
        self.rows = town.rows()
        self.card = town.card()
        self.new_to_town = False
        self.can_hold = True
        self.pbx_trouble: dict[str, Any] = {}  # what is not well with the PBX, for its health
        self.coverage: list[s.Interval] = []
        self.unclaimed: list[s.UnclaimedRecording] = []
        self.failing: set[str] = set()
        self.reminders: list[s.Reminder] = []
        self.reach: list[s.OrganisationReach] = []
        self.taken_by = ""  # a colleague who is always first
        self.slow: set[str] = set()
        self.asked: list[tuple[str, str, Any, dict[str, str], str]] = []  # method, path, body, headers, day
        self.living: dict[int, s.Call] = {}
        self.closed: dict[int, s.Duty] = {}
        self.marks = [town.mark(1, 4.2, "не назвал номер заявки")]
        self.joined: dict[str, list[s.TicketJoined]] = {}
        self.unmarked: dict[int, s.RecordingMark] = {}
        self.sockets: set[web.WebSocketResponse] = set()
        self.afters: list[str | None] = []
        self.strange: list[str] = []  # questions that the real engine refuses
        self.seq = 1000
        self._said: list[dict[str, Any]] = []

    # --- what a test does

    def bodies(self, method: str, path: str) -> list[Any]:
        return [body for m, p, body, _, _ in self.asked if (m, p) == (method, API + path)]

    async def tell(self, type: str, data: Any) -> None:
        if type == "call" and isinstance(data, s.Call) and data.id in self.living:
            self.living[data.id] = data
        self.seq += 1
        message = {"seq": self.seq, "type": type, "at": datetime.now(UTC).isoformat(), "data": plain(data)}
        self._said.append(message)
        for socket in tuple(self.sockets):
            await socket.send_json(message)

    async def offer(self, call: s.Call) -> None:
        self.living[call.id] = call
        await self.tell("call", {**plain(call), "fact": "offered", "card": plain(self.card)})

    async def cut(self) -> None:
        for socket in tuple(self.sockets):
            await socket.close(code=1012)

    # --- what the pages ask

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._note])
        add = app.router.add_route
        for method, path, answer in self._routes():
            add(method, API + path, self._served(answer))
        add("GET", API + "/live", self._live)
        add("GET", API + "/recordings/{id}/audio", self._audio)
        add("GET", "/{name:.*}", self._file)
        return app

    def _routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            ("GET", "/health", lambda r, b: s.Health(status="ok", version="0.1.0", pbx=[self._pbx()], store="ok")),
            ("GET", "/session/hints", lambda r, b: self._hints()),
            ("POST", "/session", self._sign_in),
            ("GET", "/session", lambda r, b: self._me()),
            ("DELETE", "/session", self._sign_out),
            ("PUT", "/session/state", self._change_state),
            ("GET", "/board", lambda r, b: self._board()),
            ("GET", "/shift", lambda r, b: self._shift()),
            ("GET", "/calls", self._calls),
            (
                "GET",
                "/calls/totals",
                lambda r, b: s.CallTotals(calls=1284, missed=66, conversations=1169, recorded=1168),
            ),
            ("GET", "/calls/live", lambda r, b: page(list(self.living.values()))),
            ("GET", "/calls/{id:[0-9]+}", self._call),
            ("POST", "/calls", lambda r, b: s.Dialled(request_id="r1", state="sent")),
            ("POST", "/calls/{id}/hangup", lambda r, b: None),
            ("POST", "/calls/{id}/transfer", lambda r, b: None),
            ("POST", "/calls/{id}/transfer/{key}", lambda r, b: None),
            ("GET", "/organisations", lambda r, b: page([])),
            ("GET", "/organisations/reach", lambda r, b: page(self.reach)),
            ("POST", "/calls/{id}/hold", self._hold),
            ("GET", "/caller", lambda r, b: self.card),
            ("POST", "/session/password", self._password),
            ("GET", "/callbacks", self._callbacks),
            ("GET", "/callbacks/compliance", self._compliance),
            ("GET", "/callbacks/{id:[0-9]+}", self._duty),
            ("POST", "/callbacks/{id}/dial", lambda r, b: s.Dialled(request_id="r2", state="sent")),
            ("POST", "/callbacks/{id}/close", self._close),
            ("GET", "/recordings/{id}", lambda r, b: town.recording(int(r.match_info["id"]))),
            ("GET", "/recordings/{id}/marks", lambda r, b: page(sorted(self.marks, key=lambda m: m.at_seconds))),
            ("POST", "/recordings/{id}/marks", self._mark),
            ("DELETE", "/recordings/{id}/marks/{mark}", self._unmark),
            ("POST", "/recordings/{id}/marks/{mark}/restore", self._restore_mark),
            ("PUT", "/recordings/{id}/hold", lambda r, b: town.recording(int(r.match_info["id"]), hold=b["hold"])),
            ("POST", "/callbacks/close", self._close_several),
            ("POST", "/callbacks/reopen", self._reopen_several),
            ("POST", "/callbacks/assign", self._assign_several),
            ("POST", "/callbacks/{id}/release", self._release),
            ("GET", "/staff", lambda r, b: page(town.staff())),
            ("GET", "/notify/ways", lambda r, b: s.WaysThere(ways=["push", "sms", "call", "email"])),
            ("GET", "/houses", self._houses),
            ("GET", "/houses/{id:[0-9]+}", self._house),
            ("GET", "/houses/{id:[0-9]+}/tickets", lambda r, b: page([])),
            ("GET", "/classifier", self._classifier),
            ("POST", "/routing/preview", self._preview),
            ("GET", "/tickets", lambda r, b: page([] if self.new_to_town else self.rows)),
            ("POST", "/tickets", self._register),
            ("GET", "/tickets/counts", lambda r, b: self._counts()),
            ("GET", "/tickets/choices", lambda r, b: town.CHOICES),
            ("GET", "/filters", lambda r, b: page([])),
            ("GET", "/exports", lambda r, b: page([])),
            ("GET", "/tickets/{number}", self._ticket),
            ("GET", "/tickets/{number}/applicants", lambda r, b: page(self.joined.get(r.match_info["number"], []))),
            ("POST", "/tickets/{number}/applicants", self._join),
            ("DELETE", "/tickets/{number}/applicants/{id}", self._withdraw),
            ("GET", "/search", self._search),
            ("GET", "/reminders", lambda r, b: self._reminders()),
            ("POST", "/reminders/{id:[0-9]+}/take", self._take),
            ("GET", "/recordings/unclaimed", lambda r, b: page(self.unclaimed)),
            ("GET", "/coverage", lambda r, b: page(self.coverage)),
            ("POST", "/demo/call", lambda r, b: {"started": True}),
            ("POST", "/people/{id}/notes", lambda r, b: town.note(77, b["text"], "Петрова Наталья", None)),
        ]

    def _counts(self) -> s.TicketCounts:
        names = ("open", "accidents", "overdue", "awaiting_centre", "unassigned", "paid", "conflict")
        counts = dict.fromkeys(names, s.TicketCount(count=1, more=False))
        return s.TicketCounts(**counts | {"open": s.TicketCount(count=len(self.rows), more=False)}, filters={})

    @web.middleware
    async def _note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path.startswith(API) and request.path != API + "/live":
            text = await request.text()
            body = json.loads(text) if text else None
            self.asked.append((request.method, request.path, body, dict(request.headers), request.query.get("day", "")))
            self._mind(request)
            if any(request.path == API + path for path in self.failing):
                return self._problem(503, "unavailable", "the store does not answer")
        answer: web.StreamResponse = await handler(request)
        return answer

    def _mind(self, request: web.Request) -> None:
        known = next(
            (names for method, path, names in queries() if method == request.method and path.fullmatch(request.path)),
            None,
        )
        if known is None or not known.issuperset(request.query):
            self.strange.append(f"{request.method} {request.path_qs}")

    def _served(self, answer: Callable[..., Any]) -> Any:
        async def serve(request: web.Request) -> web.StreamResponse:
            open_to_all = request.path in (API + "/session/hints", API + "/health") or (
                request.path == API + "/session" and request.method == "POST"
            )
            if self.who is None and not open_to_all:
                return self._problem(401, "unauthenticated", "sign in")
            text = await request.text()
            value = answer(request, json.loads(text) if text else None)
            if isinstance(value, web.StreamResponse):
                return value
            if value is None:
                return web.Response(status=204)
            return web.json_response(plain(value))

        return serve

    @staticmethod
    def _problem(status: int, code: str, detail: str) -> web.Response:
        body = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code, "errors": []}
        return web.json_response(body, status=status, content_type="application/problem+json")

    def _pbx(self) -> s.PbxHealth:
        well = s.PbxHealth(name="main", state="up", since=town.ago(hours=2), seen_at=datetime.now(UTC))
        return well.model_copy(update=self.pbx_trouble)

    def _hints(self) -> s.SignInHints:
        accounts = [
            s.SampleAccount(login=login, password="sandbox", role=role, name=name)  # type: ignore[arg-type]
            for login, (name, role, _) in PEOPLE.items()
        ]
        return s.SignInHints(
            sandbox=self.sandbox,
            language="ru",
            timezone="Europe/Moscow",
            accounts=accounts if self.sandbox else [],
        )

    def _me(self) -> s.Me:
        name, role, extension = PEOPLE[self.who or "operator"]
        return s.Me(
            id=1,
            login=self.who or "",
            name=name,
            role=role,  # type: ignore[arg-type]
            extension=extension,
            language="ru",
            state=self.state,  # type: ignore[arg-type]
            state_reason="",
            state_since=town.ago(minutes=12),
            sandbox=self.sandbox,
            timezone="Europe/Moscow",
        )

    def _sign_in(self, request: web.Request, body: Any) -> Any:
        if body["login"] not in PEOPLE or body["password"] != "sandbox":
            return self._problem(401, "unauthenticated", "the name or the password does not fit")
        self.who = body["login"]
        return self._me()

    def _sign_out(self, request: web.Request, body: Any) -> Any:
        self.who = None

    def _change_state(self, request: web.Request, body: Any) -> Any:
        self.state = body["state"]
        return self._me()

    def _board(self) -> s.Board:
        return s.Board(
            waiting=3,
            longest_wait_since=town.ago(seconds=41),
            ready=4,
            signed_in=6,
            duties=len(self.duties),
            nearest_due_at=self.duties[0].due_at if self.duties else None,
            pbx=[self._pbx()],
            data_at=datetime.now(UTC),
        )

    def _shift(self) -> s.ShiftFigures:
        if self.new_to_town:
            return s.ShiftFigures(since=None, calls=0, talk_seconds=0, callbacks_in_time=0, callbacks=0, tickets=0)
        return s.ShiftFigures(
            since=town.ago(hours=2), calls=41, talk_seconds=6888, callbacks_in_time=6, callbacks=6, tickets=29
        )

    def _calls(self, request: web.Request, body: Any) -> Any:
        outcome, q = request.query.get("outcome"), request.query.get("q", "").lower()
        found = [c for c in self.calls if not outcome or c.outcome == outcome]
        return page([c for c in found if not q or any(q in p.name.lower() for p in c.people)])

    def _call(self, request: web.Request, body: Any) -> Any:
        id = int(request.match_info["id"])
        known = self.living.get(id) or next((c for c in self.calls if c.id == id), None) or town.call(id)
        rings = id in self.living
        offers = [
            s.OfferView(
                operator="101",
                began_at=town.ago(minutes=3),
                ended_at=None if rings else town.ago(minutes=2),
                result=None if rings else "answered",
            )
        ]
        return s.CallDetail(**known.model_dump(), offers=offers, talks=[])

    def _join(self, request: web.Request, body: Any) -> Any:
        form = s.JoinTicket.model_validate(body)
        who = s.TicketApplicant(**form.applicant.model_dump())
        made = s.TicketJoined(
            id=71,
            applicant=who,
            premise=form.premise,
            text=form.text,
            call_id=form.call_id,
            joined_at=datetime.now(UTC),
            joined_by="Петрова Наталья",
        )
        self.joined.setdefault(request.match_info["number"], []).append(made)
        return page([made])

    def _withdraw(self, request: web.Request, body: Any) -> Any:
        self.joined.pop(request.match_info["number"])

    def _mark(self, request: web.Request, body: Any) -> Any:
        s.NewMark.model_validate(body)
        made = town.mark(len(self.marks) + 10, body["at_seconds"], body["text"])
        self.marks.append(made)
        return web.json_response(plain(made), status=201)

    def _unmark(self, request: web.Request, body: Any) -> Any:
        id = int(request.match_info["mark"])
        self.unmarked[id] = next(m for m in self.marks if m.id == id)
        self.marks = [m for m in self.marks if m.id != id]

    def _restore_mark(self, request: web.Request, body: Any) -> Any:
        self.marks.append(self.unmarked.pop(int(request.match_info["mark"])))

    def _hold(self, request: web.Request, body: Any) -> Any:
        s.HoldCall.model_validate(body)
        return None if self.can_hold else self._problem(409, "no-hold", "the PBX did not take the hold")

    def _callbacks(self, request: web.Request, body: Any) -> Any:
        if request.query.get("state") == "impossible":
            return page([] if self.new_to_town else town.withheld())
        if self.new_to_town:
            return page([])
        limit, begin = int(request.query.get("limit", "50")), int(request.query.get("cursor", "0"))
        more = begin + limit < len(self.duties)
        return page(self.duties[begin : begin + limit]) | {"next": str(begin + limit) if more else None}

    def _password(self, request: web.Request, body: Any) -> Any:
        s.PasswordChange.model_validate(body)
        return None if body["old"] == "sandbox" else self._problem(422, "refused", "the old password is wrong")

    def _duty(self, request: web.Request, body: Any) -> Any:
        found = next((d for d in self.duties if d.id == int(request.match_info["id"])), self.duties[0])
        attempt = s.AttemptView(
            at=town.ago(minutes=2),
            ended_at=town.ago(minutes=1),
            operator="101",
            staff_name="Гусев Иван",
            call_id=7,
            result="no_answer",
        )
        return s.DutyDetail(**{**found.model_dump(), "attempts": [attempt]}, history=[])

    def _close_several(self, request: web.Request, body: Any) -> Any:
        """Those whose number somebody dials just now are left alone, as the true engine leaves them."""
        s.CloseDuties.model_validate(body)
        wanted = [d for d in self.duties if d.id in body["ids"]]
        busy = [d for d in wanted if any(a.result == "" for a in d.attempts)]
        closed = [d.model_copy(update={"state": "closed", "close_reason": body["reason"]}) for d in wanted]
        gone = {d.id for d in wanted} - {d.id for d in busy}
        self.closed |= {d.id: d for d in self.duties if d.id in gone}
        self.duties = [d for d in self.duties if d.id not in gone]
        left = [s.DutyLeft(id=d.id, why="dialling", who=d.claimed_by_name, detail="busy") for d in busy]
        return s.DutiesDone(items=[*busy, *(d for d in closed if d.id in gone)], refused=left)

    def _reopen_several(self, request: web.Request, body: Any) -> Any:
        back = [self.closed.pop(id) for id in body["ids"]]
        self.duties = sorted([*self.duties, *back], key=lambda d: d.due_at)
        return s.DutiesDone(items=back, refused=[])

    def _assign_several(self, request: web.Request, body: Any) -> Any:
        to = next(m for m in town.staff() if m.id == body["staff_id"])
        given = {
            "state": "claimed",
            "claimed_by": to.id,
            "claimed_by_name": to.name,
            "assigned_by_name": "Орлова Тамара",
            "claimed_at": datetime.now(UTC),
        }
        self.duties = [d.model_copy(update=given) if d.id in body["ids"] else d for d in self.duties]
        return s.DutiesDone(items=[d for d in self.duties if d.id in body["ids"]], refused=[])

    def _release(self, request: web.Request, body: Any) -> Any:
        id = int(request.match_info["id"])
        free = {"state": "open", "claimed_by": None, "claimed_by_name": "", "assigned_by_name": ""}
        self.duties = [d.model_copy(update=free) if d.id == id else d for d in self.duties]
        return next(d for d in self.duties if d.id == id)

    def _close(self, request: web.Request, body: Any) -> Any:
        id = int(request.match_info["id"])
        found = next(d for d in self.duties if d.id == id)
        self.duties = [d for d in self.duties if d.id != id]
        return found.model_copy(update={"state": "closed", "close_reason": body["reason"]})

    def _compliance(self, request: web.Request, body: Any) -> Any:
        return town.compliance(date.fromisoformat(request.query["day"]))

    def _houses(self, request: web.Request, body: Any) -> Any:
        words = request.query.get("q", "").lower().split()
        return page([h for h in town.HOUSES if all(w in h.address.lower() for w in words)])

    def _house(self, request: web.Request, body: Any) -> Any:
        house = next(h for h in town.HOUSES if h.id == int(request.match_info["id"]))
        return town.house_card(house)

    def _preview(self, request: web.Request, body: Any) -> Any:
        return town.preview(s.RoutingAsk.model_validate(body).classifier)

    def _classifier(self, request: web.Request, body: Any) -> Any:
        words = request.query.get("q", "").lower().split()
        return page(
            [e for e in town.CLASSIFIER if all(w in f"{e.problem_ru} {e.problem_en} {e.code}".lower() for w in words)]
        )

    def _register(self, request: web.Request, body: Any) -> Any:
        s.NewTicket.model_validate(body)
        what = next(e for e in town.CLASSIFIER if e.code == body["classifier"])
        made = town.row("26-118214", what, "awaiting_acceptance", town.ahead(days=3))
        self.rows = [made, *self.rows]
        return web.json_response(plain(town.ticket(made)), status=201)

    def _ticket(self, request: web.Request, body: Any) -> Any:
        number = request.match_info["number"]
        found = next((r for r in self.rows if r.number == number), None)
        return town.ticket(found) if found else self._problem(404, "not-found", "there is no such ticket")

    def _reminders(self) -> s.Reminders:
        danger = [one for one in self.reminders if one.urgency in ("life", "emergency")]
        others = [one for one in self.reminders if one not in danger]
        return s.Reminders(items=danger + others, count=len(self.reminders), danger=len(danger))

    def _take(self, request: web.Request, body: Any) -> Any:
        id = int(request.match_info["id"])
        self.reminders = [one for one in self.reminders if one.id != id]
        return self._problem(409, "conflict", f"{self.taken_by} has taken it already") if self.taken_by else None

    def _search(self, request: web.Request, body: Any) -> Any:
        return page(
            [
                s.Found(kind="ticket", id="26-118204", title="26-118204", subtitle="Прорыв трубы ХВС в подвале"),
                s.Found(kind="person", id="1", title="Кузнецова Изольда Марковна", subtitle="ул. Чкалова, 17, кв. 184"),
                s.Found(kind="house", id="1", title="ул. Чкалова, 17", subtitle="9 эт."),
            ]
        )

    async def _live(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        after = request.query.get("after")
        self.afters.append(after)
        await socket.send_json({"seq": self.seq, "type": "hello", "at": datetime.now(UTC).isoformat(), "data": None})
        for message in self._said if after else []:
            if message["seq"] > int(after or 0):
                await socket.send_json(message)
        self.sockets.add(socket)
        try:
            async for message in socket:
                if message.type is WSMsgType.ERROR:
                    break
        finally:
            self.sockets.discard(socket)
        return socket

    async def _audio(self, request: web.Request) -> web.Response:
        return web.Response(body=silence(), content_type="audio/wav", headers={"Accept-Ranges": "bytes"})

    async def _file(self, request: web.Request) -> web.FileResponse:
        file = DIST / request.match_info["name"]
        return web.FileResponse(file if file.is_file() else DIST / "index.html")
