"""The link, the ledger, the lookup, click-to-call and the doctor against the real Asterisk of the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from callengine.calls.dialling import DiallingService
from callengine.calls.events import CallEnded
from callengine.calls.model import CallKey, Conversation, Direction, Outcome
from callengine.calls.origination import OriginationState
from callengine.clock import SystemClock
from callengine.config import OnePbx, Sandbox, Settings
from callengine.errors import OutcomeUnknown
from callengine.menus.line import Caller
from callengine.menus.lookup import Known, lookup
from callengine.pbx import ledger
from callengine.pbx.ami import AmiLink, LinkState
from callengine.pbx.doctor import examine_pbx
from callengine.pbx.fastagi import AgiCall, FastAgiServer
from callengine.pbx.originate import AmiOriginator
from callengine.sandbox.pbx import SandboxPbx
from callengine.sandbox.street import Behaviour, Street
from callengine.store.database import Store
from callengine.tasks import Tasks
from tests.pbx.fake_ami import PATIENT, Heard

pytestmark = [pytest.mark.pbx]
TO = "+79074121806"


def joined(pbx: SandboxPbx) -> OnePbx:
    return OnePbx(
        ami_port=pbx.ami_port,
        ami_user=pbx.ami_user,
        ami_secret=pbx.ami_secret,
        recordings_dir=str(pbx.recordings_dir),
    )


@pytest.fixture(params=["sandbox_pbx", pytest.param("sandbox_pbx16", marks=pytest.mark.pbx16)], ids=["22", "16"])
def asterisk(request: pytest.FixtureRequest) -> SandboxPbx:
    found: SandboxPbx = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def link(asterisk: SandboxPbx, heard: Heard) -> AsyncIterator[AmiLink]:
    link = AmiLink(
        joined(asterisk),
        SystemClock(),
        on_events=heard.on_events,
        on_resync=heard.on_resync,
        on_state=heard.on_state,
        limits=PATIENT,
    )
    tasks = Tasks()
    tasks.start(link.run(), name="link")
    await link.wait_for(LinkState.UP, 20)
    await heard.until(lambda: bool(heard.snapshots))
    old = await ledger.read(link)
    await ledger.forget(link, old.calls)
    yield link
    await link.close()
    await tasks.close()


@pytest.fixture
async def street(asterisk: SandboxPbx) -> AsyncIterator[Street]:
    street = Street(Sandbox(sip_port=asterisk.sip_port, trunk_port=asterisk.trunk_port))
    await street.start()
    yield street
    await street.stop()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.05)


async def test_a_missed_call_is_whole_in_the_ledger_and_clears(link: AmiLink, street: Street) -> None:
    resident = await street.call_in(TO, behaviour=Behaviour(hang_up_after_seconds=1.0))
    await asyncio.wait_for(resident.wait(), 30)

    async def noted() -> bool:
        return any(call.end for call in (await ledger.read(link)).calls.values())

    await until(noted)
    read = await ledger.read(link)
    assert not read.bad
    (call,) = read.calls.values()
    facts = ledger.reconcile(call, None)
    assert isinstance(facts[-1], CallEnded)
    assert (facts[-1].call.outcome, str(facts[-1].call.number)) == (Outcome.MISSED, TO)
    await ledger.forget(link, read.calls)
    assert not (await ledger.read(link)).calls


async def test_the_lookup_reaches_the_channel(asterisk: SandboxPbx, link: AmiLink, street: Street) -> None:
    asked: list[Caller] = []
    values: dict[str, str] = {}

    async def find(caller: Caller) -> Known:
        asked.append(caller)
        return Known(known=True, name='Иванова, "А"\\', accident="")

    async def handler(call: AgiCall) -> None:
        await lookup(call, find)
        values.update({name: await call.get(name) for name in ("CE_KNOWN", "CE_NAME", "CE_QUEUE", "CE_ACCIDENT")})

    agi = FastAgiServer("127.0.0.1", asterisk.fastagi_port, {"lookup": handler})
    await agi.start()
    try:
        resident = await street.call_in(TO, behaviour=Behaviour(hang_up_after_seconds=1.0))
        await asyncio.wait_for(resident.wait(), 30)
    finally:
        await agi.close()
    assert asked[0].number == TO
    assert not asked[0].withheld
    assert {k: v.strip() for k, v in values.items()} == {
        "CE_KNOWN": "1",
        "CE_NAME": "Иванова   А",
        "CE_QUEUE": "",
        "CE_ACCIDENT": "",
    }


async def test_the_desk_calls_out_and_hangs_up(link: AmiLink, street: Street, sqlite_store: Store) -> None:
    phone = await street.plug_in("101")
    originator = AmiOriginator(link, OnePbx())
    service = DiallingService(sqlite_store, SystemClock(), {"main": originator})
    made = await service.dial(None, "101", TO)
    rings = await phone.wait_for_ring()
    assert rings.number == TO, "the operator's phone shows whom it will call"
    await street.answer("101")

    async def dialled() -> bool:
        return any(call.request_id == made.id for call in (await ledger.read(link)).calls.values())

    await until(dialled)
    assert made.id in await originator.traces()
    call = Conversation(CallKey("main", made.id), Direction.OUTBOUND, SystemClock().now(), operator="101")
    await originator.hang_up(call)
    await phone.wait_until_free(10)
    await service.close()


async def test_the_link_cut_right_after_originate_never_makes_a_second_call(
    link: AmiLink, heard: Heard, street: Street, sqlite_store: Store
) -> None:
    phone = await street.plug_in("102")

    class Cut(AmiOriginator):
        """The real one, on a link that breaks in the moment in which the action has gone out."""

        async def originate(self, request_id: str, extension: str, to: str) -> None:
            sent = asyncio.ensure_future(super().originate(request_id, extension, to))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            wire = link._wire
            assert wire is not None
            assert wire.transport is not None
            wire.transport.close()  # what was written still goes out
            await sent

    service = DiallingService(sqlite_store, SystemClock(), {"main": Cut(link, OnePbx())})
    with pytest.raises(OutcomeUnknown):
        await service.dial(None, "102", TO, request_id=(wish := f"cut-{SystemClock().now().timestamp():.0f}"))
    await phone.wait_for_ring()
    await heard.until(lambda: len(heard.snapshots) >= 2)
    with pytest.raises(OutcomeUnknown):
        await service.dial(None, "102", TO)
    await service.settle_unknown("main")
    found = await service.get(wish)
    assert found is not None
    assert found.state is OriginationState.SEEN
    snapshot = heard.snapshots[-1].channels
    assert snapshot is not None
    assert len([c for c in snapshot if c["Channel"].startswith("PJSIP/102-")]) == 1
    await service.close()


async def test_the_doctor_finds_the_sandbox_well(asterisk: SandboxPbx, street: Street) -> None:
    await street.plug_in("103")
    settings = Settings.model_validate({"pbx": {"fastagi_port": asterisk.fastagi_port}})
    agi = FastAgiServer("127.0.0.1", asterisk.fastagi_port, {})
    await agi.start()
    try:
        findings = [finding async for finding in examine_pbx(settings, [joined(asterisk)])]
    finally:
        await agi.close()
    assert [str(f) for f in findings if f.level != "ok"] == []
    assert len(findings) >= 11


async def test_the_doctor_names_what_is_missing(asterisk: SandboxPbx, tmp_path: Path) -> None:
    wrong = joined(asterisk).model_copy(
        update={"queue": "nobody", "outbound_context": "nowhere", "recordings_dir": str(tmp_path / "none")}
    )
    settings = Settings.model_validate({"pbx": {"fastagi_port": 1}})
    failed = [f.what async for f in examine_pbx(settings, [wrong]) if f.is_failure]
    assert len(failed) == 4
    assert any("nobody" in what for what in failed)
    assert any("nowhere" in what for what in failed)
