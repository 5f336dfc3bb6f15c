"""Why a notice waits, failed or was not sent: a code with its values, and the English sentence that it makes; pure.

A reason is a text, so that whoever has only words goes on having them. It is kept in the text's own column, its code
before its words: pages say it in their reader's language by the code, and no page reads English sentences.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MARK = "\x1f"  # what others say has no such character (channels/scrub.py): no gateway writes a code of ours
MOST_VALUE = 200
MOST_DEEP = 4

# `{said}` are the other side's own words, kept as they are; what is in [] is left out when it is empty.
WORDS: dict[str, str] = {
    # the outbox
    "called_off": "called off",
    "field_empty": "the template has {field}, and this notice has nothing to put there",
    "no_channel": "{channel} is not configured",
    "no_number": "there is no telephone number to tell it to",
    "no_email": "there is no e-mail address to tell it to",
    "asked": "who has the number asked not to be told this way",
    "late": "it could not be told in time",
    "given_up": "given up after {count} tries",
    "unknown": "nobody knows whether it arrived, and it is not sent twice",
    "no_phone": "it did not reach the telephone[: {said}]",
    "part": "part {part}: {said}",
    "acknowledged": "acknowledged",
    "told_by": "told by {channel}",
    "robot_call": "the robot's call: {result}",
    "key_refused": "refused by key 2",
    "ticket_moved": "the ticket moved: {move}",
    "joined_by_mistake": "he was joined by mistake",
    "campaign_stopped": "the campaign was stopped",
    "another_way": "he chose to be told another way",
    # the worker
    "engine_stopped": "the engine stopped while it was sending",
    "not_ready": "the message was not ready within {seconds} s",
    "not_made": "the message could not be made[: {said}]",
    "no_reply": "no answer within {seconds} s",
    "engine_fault": "a fault of the engine[: {said}]",
    # the robot
    "robot_refused": "the voice robot did not take it[: {said}]",
    "robot_number": "the robot does not call this number",
    "no_dialogue": "the robot has no dialogue for {kind}",
    "no_ticket": "there is no ticket {ticket}",
    # pushes
    "no_browser": "no browser takes pushes for this recipient",
    "browsers_gone": "the browsers of this recipient are gone",
    "subscription_bad": "the subscription cannot be used[: {said}]",
    # whoever takes it from us
    "service_down": "{service} cannot be reached[: {said}]",
    "service_unusable": "{service} at {where} cannot be used[: {said}]",
    "service_busy": "{service} is busy[: {said}]",
    "service_failed": "{service} failed[: {said}]",
    "service_silent": "{service} gave no answer[: {said}]",
    "service_broke": "{service} broke off[: {said}]",
    "service_broke_taking": "{service} broke off while it took the message[: {said}]",
    "service_refused": "{service} refused[: {said}]",
    "service_refused_us": "{service} refused our key or name[: {said}]",
    "bad_address": "{address} is no e-mail address[: {said}]",
    "too_long": "the text makes {count} SMS: at most {most}",
}
MAIL, PUSH, GATEWAY, SMSC = "mail", "push", "sms_gateway", "smsc"
SERVICES = {
    MAIL: "the mail server",
    PUSH: "the push service",
    GATEWAY: "the SMS gateway",
    SMSC: "the SMSC",
}
_BARE = {words: code for code, words in WORDS.items() if "{" not in words}


class Reason(str):
    """The sentence in English, with the `code` that it has, the `values` in it, and what it came of."""

    code: str
    values: Mapping[str, str]
    because: str | None  # a reason again, or only words

    def __new__(cls, words: str, code: str, values: Mapping[str, str], because: str | None = None) -> Reason:
        made = super().__new__(cls, words)
        made.code, made.values, made.because = code, dict(values), because
        return made

    def __reduce__(self) -> Any:
        return Reason, (str(self), self.code, self.values, self.because)


def reason(code: str, *, because: str = "", **values: object) -> Reason:
    """The reason of this code. Raises KeyError for a code that there is not, or a value that its words want."""
    told = {name: str(value)[:MOST_VALUE] for name, value in values.items()}
    shown = {**told, "service": SERVICES.get(told.get("service", ""), "")}
    pattern = WORDS[code]
    if "[" in pattern:
        begin, _, rest = pattern.partition("[")
        inside, _, end = rest.partition("]")
        pattern = begin + (inside if told.get("said") else "") + end
    words = pattern.format_map(shown)
    return Reason(f"{words}: {because}" if because else words, code, told, because or None)


def stored(problem: str) -> str:
    """As the column keeps it: the code and its values before the words. What is only words stays as it is."""
    if not isinstance(problem, Reason):
        return problem.replace(MARK, " ")
    return f"{MARK}{json.dumps(_raw(problem), ensure_ascii=False)}{MARK}{str(problem).replace(MARK, ' ')}"


def read(text: str) -> str:
    """What `stored` wrote: a Reason where there is a code, or where the text is one of our sentences without values.

    Those stand bare in the rows of the release before. What else no release of ours wrote is words.
    """
    if not text.startswith(MARK):
        return Reason(text, _BARE[text], {}) if text in _BARE else text
    head, _, words = text[1:].partition(MARK)
    try:
        return _of(json.loads(head), words)
    except (ValueError, TypeError, KeyError, AttributeError):
        return words


def chain(problem: str) -> list[tuple[str, Mapping[str, str]]]:
    """The codes with their values, the outermost first; the last one is "" with `said` when only words are there."""
    found: list[tuple[str, Mapping[str, str]]] = []
    rest: str | None = problem or None
    while rest and len(found) < MOST_DEEP:
        if not isinstance(rest, Reason):
            found.append(("", {"said": str(rest)}))
            break
        found.append((rest.code, rest.values))
        rest = rest.because
    return found


def _raw(it: Reason) -> dict[str, Any]:
    raw: dict[str, Any] = {"code": it.code}
    if it.values:
        raw["values"] = dict(it.values)
    if it.because is not None:
        raw["because"] = (
            {**_raw(it.because), "words": str(it.because)} if isinstance(it.because, Reason) else it.because
        )
    return raw


def _of(raw: Mapping[str, Any], words: str) -> Reason:
    because = raw.get("because")
    if because is not None and not isinstance(because, str):
        because = _of(because, str(because["words"]))
    values = {str(name): str(value) for name, value in raw.get("values", {}).items()}
    return Reason(words, str(raw["code"]), values, because)
