"""What the robot's dialogues need of a FastAGI call: recording, the PBX's ledger, the way to an operator."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callengine.errors import Refused
from callengine.menus.line import KEYS_AT_ONCE, HungUp, ledger_facts, ledger_text
from callengine.menus.outcome import Outcome, Proof, Result
from callengine.pbx.fastagi import COMMAND_LIMIT, AgiCall
from tests.pbx.fake_agi import FakeCall
from tests.pbx.test_fastagi import serving

DONE = "200 result=1"


async def commands(handler: Callable[[AgiCall], Awaitable[None]], *answers: str) -> list[str]:
    """What Asterisk was asked, while it answered so; the dialogue must not fail."""
    async with serving(handler) as server:
        async with FakeCall(server.port, *answers) as call:
            asked = await call.run()
        assert server.failed == 0
    return asked


async def test_a_comment_is_recorded_beside_the_other_recordings() -> None:
    heard: list[bool] = []

    async def handler(line: AgiCall) -> None:
        heard.append(await line.record("callengine/7-comment", seconds=60, silence_seconds=4))

    done = "200 result=0"
    asked = await commands(
        handler, "200 result=1 (/srv/spool)", done, done, done, "200 result=0 (timeout) endpos=64000"
    )
    assert [shlex.split(one) for one in asked[1:]] == [
        ["EXEC", "Playtones", "!440/400"],
        ["WAIT", "FOR", "DIGIT", "450"],
        ["EXEC", "StopPlaytones"],
        ["RECORD", "FILE", "/srv/spool/monitor/callengine/7-comment", "wav", "0123456789*#", "60000", "s=4"],
    ], "a sound of Asterisk's own is not asked for: it may not be installed"
    assert heard == [True]


@pytest.mark.parametrize(
    ("answer", "sound"),
    [
        ("200 result=0 (timeout) endpos=480000", True),
        ("200 result=0 (timeout) endpos=38000", True),
        ("200 result=0 (timeout) endpos=31000", False),  # four seconds of silence ended it, and nothing was before them
        ("200 result=1 (timeout) endpos=0", False),  # no packet at all
        ("200 result=35 (dtmf) endpos=8000", True),
        ("200 result=-1 (hangup) endpos=56320", True),
        ("200 result=35 (dtmf) endpos=160", False),
        ("200 result=-1 (writefile)", False),
        ("200 result=-1 (hangup) endpos=0", False),
    ],
)
async def test_what_was_said_counts_even_when_he_hangs_up_in_the_middle(answer: str, sound: bool) -> None:
    async def handler(line: AgiCall) -> None:
        assert await line.record("callengine/7-comment", seconds=60, silence_seconds=4, beep=False) is sound

    assert (await commands(handler, "200 result=0", answer))[1].startswith("RECORD FILE")


@pytest.mark.parametrize("name", ["/etc/passwd", "callengine/../../x", "", "a b", "x\nHANGUP", "-x"])
async def test_a_recording_lies_nowhere_else(name: str) -> None:
    async def handler(line: AgiCall) -> None:
        with pytest.raises(Refused):
            await line.record(name, seconds=1, silence_seconds=1)

    assert await commands(handler) == []


async def test_what_is_kept_stands_under_the_key_of_the_call() -> None:
    outcome = Outcome(Result.MARKED, mark=5, comment="callengine/7-comment", keys="15", proof=Proof.KEY, step="thanks")

    async def handler(line: AgiCall) -> None:
        await line.keep(outcome.to_facts())
        await line.keep(outcome.to_facts())

    asked = await commands(handler, "200 result=1 (1795334400.7)", DONE)
    assert asked[0] == 'GET VARIABLE "CE_KEY"'
    assert len(asked) == 3, "the key is asked for once"
    *put, value = shlex.split(asked[1])
    assert put == ["DATABASE", "PUT", "callengine", "1795334400.7/robot"]
    assert Outcome.from_facts(ledger_facts(value)) == outcome


async def test_without_a_key_it_stands_under_the_linkedid() -> None:
    async def handler(line: AgiCall) -> None:
        await line.keep({"result": "silent"})

    asked = await commands(handler, "200 result=0", "200 result=1 (1795334400.6)", DONE)
    assert '"1795334400.6/robot"' in asked[2]
    asked = await commands(handler, "200 result=0", "200 result=0", DONE)
    assert '"1795334400.7/robot"' in asked[2], "the channel's own id is better than nothing"


async def test_it_is_kept_when_the_caller_has_gone() -> None:
    async def handler(line: AgiCall) -> None:
        with pytest.raises(HungUp):
            await line.ask("question")
        assert not await line.alive()
        await line.keep({"result": "hung_up"})

    answers = ["HANGUP\n200 result=-1", "200 result=1 (1795334400.7)", DONE]
    assert (await commands(handler, *answers))[-1].startswith('DATABASE PUT "callengine" "1795334400.7/robot"')


ANY = st.text(max_size=30) | st.text('ab01=&%+|"\\/ \n\0.~é;#', max_size=30)


@settings(deadline=None)  # Hypothesis' own is 200 ms a case by the clock: a busy machine would fail it
@given(st.dictionaries(ANY, ANY, max_size=8))
def test_the_ledger_text_reads_back_for_any_facts(facts: dict[str, str]) -> None:
    text = ledger_text(facts)
    assert ledger_facts(text) == facts
    assert not set(text[3:]) & set('|"\\\n\r '), "nothing that AGI or the ledger would cut at"


@pytest.mark.parametrize("facts", [{}, {"": ""}, {"a": "b=c"}, {"a=b": "c"}, {"a": "b&c"}, {"a": "", "": "b&=="}])
def test_a_separator_within_the_facts_is_none_of_the_text(facts: dict[str, str]) -> None:
    assert ledger_facts(ledger_text(facts)) == facts


def test_half_a_letter_costs_that_letter_and_not_the_outcome() -> None:
    kept = ledger_text({"result": "marked", "a.\udcff": "5\ud800"})
    assert ledger_facts(kept) == {"result": "marked", "a.?": "5?"}


@pytest.mark.parametrize("text", ["", "v2|a=b", "result=marked", "v1|rubbish", "v1"])
def test_another_version_of_the_ledger_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        ledger_facts(text)


def test_the_longest_outcome_fits_into_one_command() -> None:
    answers = {f"a-question-of-20-let{n:02}": "123456789012" for n in range(30)}
    longest = Outcome(
        Result.DONE_NO_MARK, answers=answers, comment="c" * 100, keys="*" * 64, proof=Proof.SPEECH, step="s" * 24
    )
    assert len(ledger_text(longest.to_facts())) < COMMAND_LIMIT - 200


async def test_an_operator_is_where_the_dialplan_goes_on() -> None:
    asked = await commands(lambda line: line.to_operator(), "200 result=0")
    assert asked == ['SET CONTEXT "callengine-robot-operator"', 'SET EXTENSION "s"', 'SET PRIORITY "1"']


async def test_a_stage_goes_through_the_dialplans_own_routine_and_a_term_is_set_anew() -> None:
    async def handler(line: AgiCall) -> None:
        await line.allow(300)
        await line.stage("served")

    assert await commands(handler, DONE, "200 result=0") == [
        'SET VARIABLE TIMEOUT(absolute) "300"',
        'GOSUB "callengine-stage" "s" "1" "served"',
    ]


async def test_keys_that_follow_at_once_are_read_to_their_end() -> None:
    read: list[str] = []

    async def handler(line: AgiCall) -> None:
        read.append(await line.more_keys(quiet_seconds=0.3))

    asked = await commands(handler, "200 result=53", "200 result=42", "200 result=35", "200 result=0")
    assert (read, asked[0]) == (["5*#"], 'WAIT FOR DIGIT "300"')
    asked = await commands(handler, "200 result=53")
    assert (read[-1], len(asked)) == ("5" * KEYS_AT_ONCE, KEYS_AT_ONCE), "a key that never ends"

    async def entry(line: AgiCall) -> None:
        read.append(await line.more_keys(quiet_seconds=3, most=2, until="#"))

    assert len(await commands(entry, "200 result=53", "200 result=35", "200 result=53")) == 2
    assert len(await commands(entry, "200 result=53")) == 2
    assert read[-2:] == ["5#", "55"]


@pytest.mark.parametrize(
    ("answer", "there"),
    [("200 result=6", True), ("200 result=0", False), ("200 result=-1", False), ("511 dead", False)],
)
async def test_a_missing_prompt_is_told_from_a_hangup(answer: str, there: bool) -> None:
    async def handler(line: AgiCall) -> None:
        with pytest.raises(HungUp):
            await line.play("no-such-prompt")
        assert await line.alive() is there

    assert await commands(handler, "200 result=-1 endpos=0", answer) == [
        'STREAM FILE "no-such-prompt" ""',
        "CHANNEL STATUS",
    ]


@given(
    st.builds(
        Outcome,
        st.sampled_from(Result),
        answers=st.dictionaries(
            st.text("abc-1", min_size=1, max_size=9), st.text("0123456789*#", max_size=9), max_size=5
        ),
        comment=st.text(max_size=30),
        keys=st.text("0123456789*#", max_size=30),
        proof=st.sampled_from(Proof),
        step=st.text("abc-", max_size=20),
        final=st.booleans(),
    )
)
def test_every_outcome_comes_back_from_the_ledger(outcome: Outcome) -> None:
    assert Outcome.from_facts(ledger_facts(ledger_text(outcome.to_facts()))) == outcome


@pytest.mark.parametrize(("mark", "keys"), [(0, "0"), (6, "6"), (5, ""), (5, "14")])
def test_there_is_no_mark_without_its_key(mark: int, keys: str) -> None:
    with pytest.raises(ValueError):
        Outcome(Result.MARKED, mark=mark, keys=keys)


def test_facts_of_no_dialogue_are_refused() -> None:
    for facts in (
        {},
        {"result": "won"},
        {"result": "marked", "mark": "7", "keys": "7"},
        {"result": "silent", "mark": "x"},
    ):
        with pytest.raises(ValueError):
            Outcome.from_facts(facts)
