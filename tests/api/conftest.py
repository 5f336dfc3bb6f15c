"""The web application with real services on the sample town; the PBX alone is a stand-in that remembers."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from callengine import __version__
from callengine.access.events import SessionsEnded
from callengine.access.passwords import Passwords
from callengine.access.service import AccessService
from callengine.api.app import Services, build_app
from callengine.api.live import LiveHub
from callengine.api.push import SHOWN, Screens
from callengine.api.schemas import Health, PbxHealth, SampleAccount
from callengine.callbacks.service import CallbacksService
from callengine.calls import events as told
from callengine.calls.coverage import CoverageService
from callengine.calls.handover import Lasting
from callengine.calls.handovers import HandoversService
from callengine.calls.model import CallKey, Conversation, Direction, Missed, Offer, Outcome, State, Talk
from callengine.calls.service import CallsService
from callengine.clock import ManualClock
from callengine.config import Settings
from callengine.directory.service import DirectoryService
from callengine.directory.town import load_town
from callengine.phone import parse
from callengine.recordings.service import RecordingsService
from callengine.store import access as access_rows
from callengine.store.database import Store
from callengine.store.migrate import migrate
from callengine.tasks import Tasks
from callengine.tickets.files import FilesService
from callengine.tickets.links import LinksService, mark_by
from callengine.tickets.moves import MovesService
from callengine.tickets.rulebook import Rulebook
from callengine.tickets.service import TicketsService
from tests.postgres import apart

ROLES = ("administrator", "supervisor", "operator", "inspector", "pbx")
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ISOLDA = "+79074121806"
ORIGIN_LINE = "+73072245000"


@dataclass
class FakePhone:
    """The PBX as the desk sees it: does nothing, remembers all."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def answer(self, call_id: int, extension: str) -> None:
        self.asked.append(("answer", call_id, extension))

    async def hang_up(self, call_id: int) -> None:
        self.asked.append(("hang_up", call_id))

    async def transfer(self, call_id: int, to: str) -> None:
        self.asked.append(("transfer", call_id, to))

    async def hold(self, call_id: int, *, on: bool) -> None:
        self.asked.append(("hold", call_id, on))

    async def pause(self, extension: str, *, paused: bool, reason: str) -> None:
        self.asked.append(("pause", extension, paused))

    async def demo(self, kind: str) -> None:
        self.asked.append(("demo", kind))


@dataclass
class Placed:
    id: str
    state: str = "accepted"


@dataclass
class FakeDialling:
    """One call for one request id, as the true one promises."""

    placed: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    error: Exception | None = None

    async def dial(
        self,
        staff_id: int | None,
        extension: str,
        to: str,
        *,
        duty_id: int | None = None,
        request_id: str | None = None,
    ) -> Placed:
        if self.error:
            raise self.error
        assert request_id
        self.placed.setdefault(request_id, (staff_id, extension, to, duty_id))
        return Placed(request_id)


class FakeConsulting:
    """A PBX that takes every warm transfer; `told` is what it says when it is asked to ring."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.told: Callable[[Conversation, str, str], Awaitable[None]] | None = None

    async def consult(self, call: Conversation, to: str, attempt: str) -> None:
        self.asked.append(("consult", to))
        if self.told is not None:
            await self.told(call, to, attempt)

    async def complete(self, call: Conversation) -> None:
        self.asked.append(("complete",))

    async def cancel(self, call: Conversation) -> None:
        self.asked.append(("cancel",))

    async def join(self, call: Conversation) -> None:
        self.asked.append(("join",))

    async def lasting(self) -> list[Lasting]:
        return []


class Desk:
    """The whole web side of one engine, with a client."""

    def __init__(self, store: Store, clock: ManualClock, folder: Path) -> None:
        self.store, self.clock, self.folder = store, clock, folder
        self.tasks = Tasks()
        settings = Settings.model_validate({"recordings": {"dir": folder / "kept"}, "files": {"dir": folder / "files"}})
        self.phone, self.dialling, self.consulting = FakePhone(), FakeDialling(), FakeConsulting()
        self.wavs = folder / "pbx"
        self.wavs.mkdir()
        access = AccessService(store, clock, passwords=Passwords(CHEAP))
        zone = ZoneInfo("Europe/Moscow")
        book = Rulebook(zone)
        moves = MovesService(store=store, clock=clock, settings=settings.tickets, zone=zone)
        calls = CallsService(store=store, clock=clock)
        self.services = Services(
            store=store,
            clock=clock,
            settings=settings,
            access=access,
            calls=calls,
            handovers=HandoversService(store, clock, {"main": self.consulting}, calls.by_key),
            callbacks=CallbacksService(store, clock, settings.callbacks),
            dialling=self.dialling,  # type: ignore[arg-type]
            directory=DirectoryService(store, clock),
            tickets=TicketsService(store, clock, zone, book=book),
            book=book,
            moves=moves,
            files=FilesService(store, clock, settings.files, on_act=moves.act_added, touched=moves.touched),
            links=LinksService(store, clock, settings.files, mark_by(moves)),
            recordings=RecordingsService(store, clock, settings.recordings, {"main": self.wavs, "far": None}),
            coverage=CoverageService(store=store, clock=clock),
            live=LiveHub(clock),
            health=self._health,
            phone=self.phone,
            sandbox=True,
            sample_accounts=[SampleAccount(login="petrova", password="desk", role="operator", name="Петрова")],
            web_dir=folder / "dist",
        )
        self.screens = Screens(self.services)
        its = self.services
        store.within |= {
            told.CallMissed: [its.callbacks.on_missed],
            told.CallAnswered: [its.callbacks.on_answered],
            told.MessageLeft: [its.recordings.on_message, its.callbacks.on_message],
            told.CallEnded: [its.recordings.on_ended, its.callbacks.on_ended],
        }
        for kind in SHOWN:
            store.after.setdefault(kind, []).append(self.screens.tell)
        store.after.setdefault(SessionsEnded, []).append(self._sessions_ended)
        self.tokens: dict[str, str] = {}

    def _sessions_ended(self, fact: SessionsEnded) -> None:
        for token_hash in fact.token_hashes:
            self.services.live.sign_out(token_hash)

    async def _health(self) -> Health:
        link = PbxHealth(name="main", state="up", since=self.clock.now(), lag_seconds=0.01)
        return Health(status="ok", version=__version__, pbx=[link], store="ok")

    async def open(self, tokens: Mapping[str, str] | None = None) -> None:
        """Serve; with `tokens` of the roles that the database knows already."""
        self.client = TestClient(TestServer(build_app(self.services)))
        await self.client.start_server()
        self.tasks.start(self.screens.run(), name="screens")
        self.tokens = dict(tokens) if tokens else await make_tokens(self.services.access)

    async def staff_id(self, login: str) -> int | None:
        return next((m.id for m in await self.services.access.members() if m.login == login), None)

    async def close(self) -> None:
        await self.tasks.close()
        await self.client.close()
        self.services.access.close()
        await self.services.recordings.close()

    def headers(self, role: str = "operator") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    async def set_password(self, staff_id: int, password: str) -> None:
        """Past the form, whatever his card says; whoever had signed in as him is signed out."""
        access = self.services.access
        hashed = await access.hash_password(password)
        async with self.store.begin() as tx:
            if await access_rows.last_expiry(tx.conn, staff_id, self.clock.now()):
                await access.end_sessions(tx, staff_id, tokens=False)
            await access_rows.set_password(tx, staff_id, hashed)

    async def ask(self, method: str, path: str, *, role: str = "operator", status: int = 200, **more: Any) -> Any:
        """The JSON answer of one request that must have `status`."""
        headers = {**self.headers(role), **more.pop("headers", {})}
        async with self.client.request(method, f"/api/v1{path}", headers=headers, **more) as response:
            text = await response.text()
            assert response.status == status, text
            return await response.json(content_type=None) if text else None

    async def missed(self, number: str = ISOLDA, linkedid: str = "1.1") -> int:
        """A call that nobody answered. Returns its id."""
        now = self.clock.now()
        call = Conversation(
            key=CallKey("main", linkedid),
            direction=Direction.INBOUND,
            arrived_at=now,
            number=parse(number),
            did=ORIGIN_LINE,
            state=State.ENDED,
            outcome=Outcome.MISSED,
            missed=Missed.QUEUE,
            ended_at=now,
        )
        await self.services.calls.save([told.CallMissed(now, call), told.CallEnded(now, call)])
        return await self.call_id(linkedid)

    async def answered(
        self, number: str = ISOLDA, linkedid: str = "2.1", *, seconds: float = 10, recording: str = "", name: str = ""
    ) -> int:
        """A call that operator 101 answered, and that lasted. Returns its id."""
        now = self.clock.now()
        arrived = Conversation(
            key=CallKey("main", linkedid),
            direction=Direction.INBOUND,
            arrived_at=now,
            number=parse(number),
            name=name,
            did=ORIGIN_LINE,
        )
        offered = arrived.evolve(state=State.OFFERED, offered_at=now, offers=(Offer("101", now),))
        talking = offered.evolve(
            state=State.TALKING, answered_at=now, operator="101", talks=(Talk("101", now),), recording_file=recording
        )
        facts = [
            told.CallArrived(now, arrived),
            told.CallOffered(now, offered, "101"),
            told.CallAnswered(now, talking, "101"),
        ]
        await self.services.calls.save(facts)
        self.clock.advance(seconds=seconds)
        end = self.clock.now()
        ended = talking.evolve(
            state=State.ENDED, outcome=Outcome.ANSWERED, ended_at=end, talks=(Talk("101", now, end),)
        )
        await self.services.calls.save([told.CallEnded(end, ended)])
        return await self.call_id(linkedid)

    async def call_id(self, linkedid: str) -> int:
        stored = await self.services.calls.by_key(CallKey("main", linkedid))
        assert stored is not None
        return stored.id


async def make_tokens(access: AccessService) -> dict[str, str]:
    """A token of each role, those of the desk for people of the town."""
    people = {member.login: member.id for member in await access.members()}
    logins = {"operator": "petrova", "supervisor": "orlova"}
    return {
        role: await access.create_token(f"test {role}", role, staff_id=people.get(logins.get(role, "")))
        for role in ROLES
    }


def tokens_of(template: Path) -> dict[str, str]:
    """What opens the copies of a template, by role."""
    found: dict[str, str] = json.loads(template.with_suffix(".tokens").read_text("utf-8"))
    return found


@pytest.fixture(scope="session")
def town_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the sample town and a token of each role (`tokens_of`), which each test copies."""
    path = tmp_path_factory.mktemp("town") / "town.db"
    url = f"sqlite+aiosqlite:///{path}"

    async def fill() -> None:
        store = Store(url)
        await load_town(store, ManualClock(), lambda password: CHEAP.hash(password))
        access = AccessService(store, ManualClock(), passwords=Passwords(CHEAP))
        path.with_suffix(".tokens").write_text(json.dumps(await make_tokens(access)), "utf-8")
        access.close()
        await store.close()

    def work() -> None:
        import asyncio

        migrate(url)
        asyncio.run(fill())

    apart(work)
    return path


@pytest.fixture
async def desk(town_template: Path, tmp_path: Path, database_dir: Path, clock: ManualClock) -> AsyncIterator[Desk]:
    shutil.copyfile(town_template, database_dir / "town.db")
    store = Store(f"sqlite+aiosqlite:///{database_dir / 'town.db'}")
    opened = Desk(store, clock, tmp_path)
    await opened.open(tokens_of(town_template))
    yield opened
    await opened.close()
    await store.close()
