"""What a PBX says of a warm transfer: the dialplan's `consult` facts, and Asterisk's own event of a transfer."""

from __future__ import annotations

from callengine.calls.handover import HandoverTold
from callengine.pbx.wire import RawEvent

CONTEXT = "callengine-consult"
# One extension; the hash ends Asterisk's wait of three seconds for a further digit.
EXTEN = "1#"
_CHANNEL = f"Local/1@{CONTEXT}-"


def is_consult(channel: str, half: str = "") -> bool:
    """Is it a Local channel of a warm transfer? `half` is "1" (in the bridge) or "2" (in the dialplan)."""
    return channel.startswith(_CHANNEL) and channel.endswith(f";{half}" if half else "")


def target(value: str) -> tuple[str, str]:
    """Number and attempt out of CE_CONSULT."""
    number, _, attempt = value.partition("-")
    return number, attempt


def told_of(pbx: str, raw: RawEvent) -> HandoverTold | None:
    """None for every other event. Never raises: what cannot be read is no news."""
    headers, at = raw.headers, raw.pbx_at or raw.received_at
    if raw.name == "UserEvent" and headers.get("Fact", "").lower() == "consult":
        what, _, rest = headers.get("Value", "").partition("|")
        wanted, _, cause = rest.partition("|")
        number, attempt = target(wanted)
        if headers.get("UserEvent") != "Callengine" or not what or not attempt:
            return None
        code = int(cause) if cause.isascii() and cause.isdecimal() else 0
        return HandoverTold(at, pbx, headers.get("Linkedid", ""), what, attempt, number, code)
    if raw.name == "AttendedTransfer" and headers.get("Result") == "Success":
        what = "threeway" if headers.get("DestType") == "Threeway" else "transferred"
        return HandoverTold(at, pbx, headers.get("OrigTransfererLinkedid", ""), what)
    return None
