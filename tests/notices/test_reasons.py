"""Why a notice failed is a code beside its words: kept and read back whole, in both languages, never forged."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from callengine.clock import ManualClock
from callengine.notices import reasons
from callengine.notices.model import Channel, Later, Recipient, State
from callengine.notices.reasons import MARK, Reason, chain, read, reason, stored
from callengine.store.database import Store
from callengine.store.tables import notices
from tests.notices.office import Office, open_office
from tests.notices.test_outbox import Gateway

PAGES = Path(reasons.__file__).parents[1] / "web" / "src" / "words" / "reason.ts"


def test_a_reason_is_its_english_sentence_with_what_it_came_of() -> None:
    why = reason("given_up", count=3, because=reason("service_busy", service="sms_gateway", said="503 later"))
    assert why == "given up after 3 tries: the SMS gateway is busy: 503 later"
    assert chain(why) == [
        ("given_up", {"count": "3"}),
        ("service_busy", {"service": "sms_gateway", "said": "503 later"}),
    ]
    assert reason("service_busy", service="mail", said="") == "the mail server is busy"


@pytest.mark.parametrize("code", sorted(reasons.WORDS))
def test_each_reason_is_kept_and_read_back_whole(code: str) -> None:
    names = set(re.findall(r"\{(\w+)\}", reasons.WORDS[code]))
    values = {name: {"service": "push", "said": 'he said {"no"}'}.get(name, "7") for name in names}
    why = reason(code, because=reason("late", because="words alone"), **values)
    again = read(stored(why))
    assert isinstance(again, Reason)
    assert (again, chain(again)) == (why, chain(why))
    assert chain(again)[1:] == [("late", {}), ("", {"said": "words alone"})]


def test_what_another_side_says_never_becomes_a_code_of_ours() -> None:
    forged = stored(f'{MARK}{{"code":"called_off"}}{MARK}x')
    assert read(forged) == forged and not isinstance(read(forged), Reason)
    assert chain(read(forged))[0][0] == ""
    inside = read(stored(reason("service_refused", service="push", said=f"a{MARK}b")))
    assert isinstance(inside, Reason) and inside.code == "service_refused" and inside.values["said"] == f"a{MARK}b"


def test_what_a_release_before_wrote_is_words_and_what_is_torn_is_no_fault() -> None:
    assert chain(read("the gateway is down")) == [("", {"said": "the gateway is down"})]
    assert chain(read("called off")) == [("called_off", {})]
    assert read(f"{MARK}[1]{MARK}words") == "words" and read(f"{MARK}half") == ""


@pytest.mark.parametrize("language", ["Ru", "En"])
def test_the_pages_have_words_for_every_code_and_service(language: str) -> None:
    text = PAGES.read_text("utf-8")
    block = text.split(f"export const reason{language}")[1].split("\n};")[0]
    assert set(re.findall(r"(\w+): \"", block)) == set(reasons.WORDS)
    services = re.search(rf"{language.lower()}: \{{([^}}]*)\}}", text)
    assert services and set(re.findall(r"(\w+): \"", services[1])) == set(reasons.SERVICES)


@pytest.fixture
async def office(sqlite_store: Store, clock: ManualClock) -> AsyncIterator[Office]:
    made = await open_office(sqlite_store, clock, sms="smpp", smpp_host="127.0.0.1", smpp_user="x")
    yield made
    await made.close()


async def test_a_notice_that_is_given_up_has_its_code_in_its_row_and_in_its_story(office: Office) -> None:
    gateway = Gateway()
    gateway.next = [Later(reason("service_busy", service="sms_gateway", said="503"), 3600) for _ in range(120)]
    worker = await office.worker({gateway.channel: gateway})
    await office.tell("closed:1")
    for _ in range(120):
        await worker.work_off()
        office.clock.advance(seconds=3700)
    kept = await office.one("closed:1")
    assert kept.state is State.FAILED
    outermost, cause = chain(kept.problem)
    assert outermost[0] in ("given_up", "late") and cause == ("service_busy", {"service": "sms_gateway", "said": "503"})
    told = await office.service.get(kept.id)
    assert chain(told.events[-1].detail) == chain(kept.problem)
    async with office.store.read() as conn:
        raw = (await conn.execute(select(notices.c.problem))).scalar_one()
    assert raw.startswith(f'{MARK}{{"code": ') and raw.endswith(str(kept.problem)), "the code beside the words"


async def test_what_is_suppressed_says_why_by_its_code(office: Office) -> None:
    await office.tell("a:1", Channel.EMAIL)
    await office.tell("b:1", to=Recipient(name="Никто"))
    assert chain((await office.one("a:1")).problem) == [("no_channel", {"channel": "email"})]
    assert chain((await office.one("b:1")).problem) == [("no_number", {})]
