"""SMPP 3.4 on the wire: the few PDUs that a sender needs, built and read; pure.

Field by field as the specification has them (SMPP v3.4 issue 1.2, chapters 4 and 5).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

HEADER = struct.Struct(">IIII")
LARGEST = 64 * 1024


class Command(IntEnum):
    GENERIC_NACK = 0x80000000
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    BIND_TRANSCEIVER = 0x00000009
    BIND_TRANSCEIVER_RESP = 0x80000009
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015


RESPONSE = 0x80000000
OK = 0x00000000
INVALID_PASSWORD, INVALID_SYSTEM_ID, BIND_FAILED = 0x0E, 0x0F, 0x0D
QUEUE_FULL, THROTTLED = 0x14, 0x58
# Those that may be better a moment later: the SMSC's own trouble, not the message's.
PASSING = frozenset({0x08, QUEUE_FULL, THROTTLED, 0x64, 0x65, 0x66})
WORDS: Mapping[int, str] = {
    0x01: "the message is too long",
    0x03: "the command is not known there",
    0x04: "the bind does not allow it",
    0x05: "already bound",
    0x08: "a system error",
    0x0A: "the sender's address is not allowed",
    0x0B: "the number is not valid",
    BIND_FAILED: "the bind failed",
    INVALID_PASSWORD: "the password is wrong",
    INVALID_SYSTEM_ID: "the system_id is wrong",
    QUEUE_FULL: "its queue is full",
    0x45: "the submission failed",
    THROTTLED: "too many messages at once",
}
MESSAGE_STATE, RECEIPTED_ID = 0x0427, 0x001E
RECEIPT_CLASS = 0x04  # of esm_class: this deliver_sm is a receipt
UDHI = 0x40  # of esm_class: the text begins with a header
DELIVERED_STATES = {"DELIVRD": True, "ACCEPTD": None, "ENROUTE": None, "SCHEDULED": None}
_STATE_NAMES = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}


class Malformed(ValueError):
    """Octets that are no PDU: the link cannot be trusted any more."""


@dataclass(frozen=True, slots=True)
class Pdu:
    command: int
    status: int
    sequence: int
    body: bytes = b""

    def encode(self) -> bytes:
        return HEADER.pack(HEADER.size + len(self.body), self.command, self.status, self.sequence) + self.body


@dataclass(frozen=True, slots=True)
class Deliver:
    """A deliver_sm: a receipt, or somebody's SMS to us."""

    source: str
    esm_class: int
    text: bytes
    options: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """`delivered` is None while it is still on its way."""

    message_id: str
    state: str
    delivered: bool | None


def head(raw: bytes) -> tuple[int, int, int, int]:
    """Length, command, status and sequence of the 16 octets that a PDU begins with. Raises Malformed."""
    length, command, status, sequence = HEADER.unpack(raw)
    if not HEADER.size <= length <= LARGEST:
        raise Malformed(f"a PDU of {length} octets")
    return length, command, status, sequence


def text_of(value: str) -> bytes:
    """A C-octet string."""
    return value.encode("ascii", "replace") + b"\0"


def bind(sequence: int, *, system_id: str, password: str) -> Pdu:
    """bind_transceiver, interface version 3.4."""
    body = text_of(system_id) + text_of(password) + text_of("") + bytes([0x34, 0, 0]) + text_of("")
    return Pdu(Command.BIND_TRANSCEIVER, OK, sequence, body)


def submit(sequence: int, *, sender: str, number: str, text: bytes, coding: int, joined: bool) -> Pdu:
    """submit_sm with a receipt asked for; `text` begins with its header when it is `joined`."""
    body = b"".join(
        [
            text_of(""),  # service_type
            bytes(_sender_kind(sender)),
            text_of(sender),
            bytes([1, 1]),  # international, ISDN
            text_of(number.lstrip("+")),
            bytes([UDHI if joined else 0, 0, 0]),  # esm_class, protocol_id, priority
            text_of(""),  # at once
            text_of(""),  # validity: the SMSC's own
            bytes([1, 0, coding, 0, len(text)]),  # a receipt, no replacing, the coding, no canned text
            text,
        ]
    )
    return Pdu(Command.SUBMIT_SM, OK, sequence, body)


def _sender_kind(sender: str) -> tuple[int, int]:
    """Type of number and numbering plan: a telephone, a short number, else letters."""
    digits = sender.lstrip("+")
    if not digits.isdigit():
        return 5, 0
    return (1, 1) if len(digits) > 6 else (3, 0)


def message_id(body: bytes) -> str:
    """Of a submit_sm_resp."""
    return body.split(b"\0", 1)[0].decode("ascii", "replace")


def deliver(body: bytes) -> Deliver:
    """Raises Malformed."""
    try:
        at = body.index(b"\0") + 1  # service_type
        at += 2
        source, at = _string(body, at)
        at += 2
        _, at = _string(body, at)
        esm_class = body[at]
        at += 3
        _, at = _string(body, at)
        _, at = _string(body, at)
        at += 4  # registered_delivery, replace_if_present, data_coding, sm_default_msg_id
        length = body[at]
        text = body[at + 1 : at + 1 + length]
        if len(text) != length:
            raise Malformed("a deliver_sm that is cut off")
        return Deliver(source, esm_class, text, _options(body[at + 1 + length :]))
    except (ValueError, IndexError) as error:
        raise Malformed(f"a deliver_sm that cannot be read: {error}") from error


def _string(body: bytes, at: int) -> tuple[str, int]:
    end = body.index(b"\0", at)
    return body[at:end].decode("ascii", "replace"), end + 1


def _options(raw: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at + 4 <= len(raw):
        tag, length = struct.unpack_from(">HH", raw, at)
        found[tag] = raw[at + 4 : at + 4 + length]
        at += 4 + length
    return found


_ID = re.compile(r"\bid:\s*(\S+)", re.IGNORECASE)
_STAT = re.compile(r"\bstat:\s*([A-Z]+)", re.IGNORECASE)


def receipt(it: Deliver) -> Receipt | None:
    """What a deliver_sm says of a message of ours: by its options, else by its text (appendix B); None for an SMS."""
    if it.esm_class & 0x3C != RECEIPT_CLASS and RECEIPTED_ID not in it.options:
        return None
    words = it.text.decode("latin-1")
    found, stat = _ID.search(words), _STAT.search(words)
    name = it.options.get(RECEIPTED_ID, b"").rstrip(b"\0").decode("ascii", "replace") or (
        found.group(1) if found else ""
    )
    code = it.options.get(MESSAGE_STATE, b"")
    state = _STATE_NAMES.get(code[0], "UNKNOWN") if code else (stat.group(1).upper() if stat else "UNKNOWN")
    if not name:
        return None
    # What is not known to have arrived has not: only what is under way may still arrive.
    return Receipt(name, state, DELIVERED_STATES.get(state, False))


def names(message_id: str) -> list[str]:
    """All that an SMSC may mean by a name: many answer in hexadecimal and write the receipt in decimal."""
    found = [message_id, message_id.lower(), message_id.upper(), message_id.lstrip("0")]
    if message_id.isascii() and message_id.isdigit():
        found += [f"{int(message_id):x}", f"{int(message_id):X}", f"{int(message_id):08x}", f"{int(message_id):08X}"]
    if re.fullmatch(r"[0-9a-fA-F]{1,16}", message_id):
        found.append(str(int(message_id, 16)))
    return [one for one in dict.fromkeys(found) if one]
