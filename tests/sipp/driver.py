"""Residents and operators played by SIPp: another implementation of SIP than the street's, made for crowds.

SIPp 3.6.1 wants care; each habit below that looks odd avoids a fault of it that was measured: timeouts that a
provisional response swallows, calls that a BYE aborts in a pause, sound and keys that only mix in one pcap.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.sax.saxutils import escape

from callengine.sandbox import speech

_FAILURES = (400, 401, 403, 404, 407, 408, 410, 480, 484, 486, 487, 488, 500, 503, 603)
_FRAME = 160
_FIRST_TIMESTAMP = 16_000  # SIPp sends nothing of a pcap that starts at timestamp 0
_media_ports = itertools.count(0)


class SippFailed(AssertionError):
    """SIPp itself could not play: the text is what it wrote."""


@dataclass(frozen=True, slots=True)
class SippCall:
    """What one call came to: `who` is the resident's number or the operator's extension."""

    who: str
    result: str  # hung_up, far_end, no_answer, cancelled, refused NNN, answered, died, transferred NNN, not_placed


def free_port() -> int:
    """An even UDP port of the loopback that is free, and the next one too."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            if port % 2:
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
                try:
                    second.bind(("127.0.0.1", port + 1))
                except OSError:
                    continue
                return port


def media_port() -> int:
    """A base for -mp: SIPp takes it and the next but one, and every call another pair."""
    # Below the ephemeral ports and above the PBX's own RTP range; a block of its own for each process of a run.
    return 24_000 + (os.getpid() % 20) * 400 + (next(_media_ports) % 50) * 8


def write_pcap(
    path: Path,
    audio: bytes,
    *,
    keys: str = "",
    keys_at_seconds: float = 0.0,
    presses: Sequence[tuple[float, str]] = (),
) -> Path:
    """One stream of A-law with RFC 4733 events in it: no sound inside an event.

    `presses` are further keys, each with its second, in order.
    """
    packets: list[tuple[float, bytes, int, bool, int]] = []  # at, payload, type, marker, timestamp
    events: dict[int, tuple[int, int]] = {}
    at_frame = 0
    for at_seconds, pressed in [(keys_at_seconds, keys), *presses]:
        at_frame = max(at_frame, int(at_seconds * 50))
        for key in pressed:
            for step in range(8):
                events[at_frame + step] = ("0123456789*#".index(key), step)
            at_frame += 25
    frames = max(len(audio) // _FRAME, at_frame)
    began = 0
    for index in range(frames):
        timestamp = _FIRST_TIMESTAMP + index * _FRAME
        if index in events:
            code, step = events[index]
            began = timestamp if step == 0 else began
            last = step >= 5
            payload = struct.pack("!BBH", code, (0x80 if last else 0) | 10, min(step + 1, 6) * _FRAME)
            packets.append((index * 0.02, payload, 101, step == 0, began))
        else:
            frame = audio[index * _FRAME : (index + 1) * _FRAME].ljust(_FRAME, speech.SILENCE)
            packets.append((index * 0.02, frame, 8, index == 0, timestamp))
    out = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    for sequence, (at, payload, kind, marker, timestamp) in enumerate(packets, start=1):
        rtp = (
            struct.pack("!BBHII", 0x80, kind | (0x80 if marker else 0), sequence & 0xFFFF, timestamp, 0x1234) + payload
        )
        udp = struct.pack("!HHHH", 4000, 4002, 8 + len(rtp), 0) + rtp
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), sequence & 0xFFFF, 0, 64, 17, 0,
                         bytes([127, 0, 0, 1]), bytes([127, 0, 0, 1])) + udp  # fmt: skip
        frame = bytes(12) + b"\x08\x00" + ip
        micros = round(at * 1_000_000)
        out += struct.pack("<IIII", 1_700_000_000 + micros // 1_000_000, micros % 1_000_000, len(frame), len(frame))
        out += frame
    path.write_bytes(out)
    return path


@dataclass
class Crowd:
    """A running SIPp process and what its calls came to."""

    process: asyncio.subprocess.Process
    log_file: Path
    errors: Path
    expected: tuple[str, ...] = ()

    def results(self) -> list[SippCall]:
        """What is known so far, in the order in which the calls ended."""
        if not self.log_file.exists():
            return []
        lines = self.log_file.read_text("utf-8", "replace").splitlines()
        return [SippCall(*line.split(" ", 1)) for line in lines if " " in line]

    async def wait(self, seconds: float = 120) -> list[SippCall]:
        """Until every call is over: one result for each caller. Raises SippFailed."""
        try:
            await asyncio.wait_for(self.process.wait(), seconds)
        except TimeoutError:
            await self.stop()
            raise SippFailed(f"SIPp did not end in {seconds} s: {self.complaints()}") from None
        if self.process.returncode not in (0, 1):
            raise SippFailed(f"SIPp ended with {self.process.returncode}: {self.complaints()}")
        found = self.results()
        missing = list(self.expected)
        for call in found:
            if call.who in missing:
                missing.remove(call.who)
        return found + [SippCall(who, "not_placed") for who in missing]

    async def wait_for(self, count: int, seconds: float = 60) -> list[SippCall]:
        """Until `count` calls have a result. Raises SippFailed."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while len(found := self.results()) < count:
            if loop.time() > deadline:
                raise SippFailed(f"{len(found)} of {count} results: {self.complaints()}")
            await asyncio.sleep(0.05)
        return found

    def complaints(self) -> str:
        return self.errors.read_text("utf-8", "replace")[-1500:] if self.errors.exists() else "it wrote no error"

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
            await self.process.wait()


@dataclass(frozen=True)
class Operator:
    """What the phones of a group of operators do with every call."""

    ring_seconds: float = 1.0
    refuse: int = 0  # a SIP status instead of an answer: 486 busy, 603 declined
    never_answer: bool = False
    silent: bool = False  # no answer to the INVITE at all: a dead phone
    die_at_answer: bool = False  # says 200 and is never heard again
    talk_seconds: float = 0.0  # hangs up by itself after so long; 0: the other side hangs up
    early_media: bool = False  # 183 with sound before the answer
    hold_after_seconds: float = 0.0
    hold_seconds: float = 0.0
    transfer_to: str = ""  # blind, after transfer_after_seconds
    transfer_after_seconds: float = 2.0


@dataclass
class Sipp:
    """Starts SIPp processes against one PBX and ends them all at `close`."""

    sip_port: int
    workdir: Path
    secret: str = "sandbox"
    crowds: list[Crowd] = field(default_factory=list)
    _registered: dict[str, int] = field(default_factory=dict)
    _numbered: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def close(self) -> None:
        """End every process and take its phones away, so that the next test finds the desks empty."""
        for crowd in self.crowds:
            await crowd.stop()
        # In turn: the PBX keeps the newest contact of an extension only.
        for extension, port in tuple(self._registered.items()):
            await self.register(extension, port, expires=0)

    async def residents(
        self,
        numbers: Sequence[str],
        *,
        did: str = "115",
        per_second: float = 10.0,
        hang_up_after_seconds: float = 5.0,
        cancel_after_seconds: float | None = None,
        keys: str = "",
        keys_at_seconds: float = 5.0,
        withheld: bool = False,
        name: str = "",
        sound: bool = True,
    ) -> Crowd:
        """One caller for each number. Each hangs up so long after the PBX picked up, unless that did it first.

        With `cancel_after_seconds` he gives up that long after the first ring, unanswered.
        """
        work = self._folder("residents")
        pcap = work / "sound.pcap"
        if sound or keys:
            audio = await speech.conversation(speech.RESIDENT["ru"][:3]) if sound else b""
            length = int((hang_up_after_seconds + 1) * speech.RATE)
            audio = (audio * (length // max(1, len(audio)) + 1))[:length] if sound else speech.SILENCE * length
            write_pcap(pcap, audio, keys=keys, keys_at_seconds=keys_at_seconds)
        scenario = _resident(
            pcap if sound or keys else None,
            milliseconds=round(hang_up_after_seconds * 1000),
            cancel=None if cancel_after_seconds is None else round(cancel_after_seconds * 1000),
            withheld=withheld,
            name=name,
        )
        (work / "callers.csv").write_text("SEQUENTIAL\n" + "".join(f"{number};{did};\n" for number in numbers))
        crowd = await self._run(
            work, scenario, "-inf", str(work / "callers.csv"), "-m", str(len(numbers)),
            "-r", str(max(1, round(per_second * 10))), "-rp", "10000", "-l", str(max(len(numbers), 10)),
        )  # fmt: skip
        crowd.expected = tuple(numbers)
        return crowd

    async def operators(self, extensions: Sequence[str], behaviour: Operator | None = None) -> Crowd:
        """Phones of these extensions, registered, all in one process: each call gets what `behaviour` says."""
        behaviour = behaviour or Operator()
        work = self._folder("operators")
        pcap = write_pcap(work / "sound.pcap", (await speech.conversation(speech.OPERATOR["ru"])) * 6)
        port = free_port()
        # First the registrations, from the very port: `rewrite_contact` believes the packet, not its Contact.
        for extension in extensions:
            await self.register(extension, port)
        return await self._run(work, _operator(pcap, behaviour, self.sip_port), port=port)

    async def outside(
        self,
        trunk_port: int,
        behaviour: Operator | None = None,
        *,
        presses: Sequence[tuple[float, str]] = (),
        speaks_at: float = 0.0,
        says: Sequence[tuple[float, bytes]] = (),
    ) -> Crowd:
        """All outside numbers, at the port that the trunk calls: whoever is called does what `behaviour` says.

        Says a word as he picks up, then is silent, and presses keys so many seconds after it. With `speaks_at` he says
        the word again for 3 s from then on; `says` are other words (A-law, 8 kHz), each with its second, in order.
        """
        work = self._folder("outside")
        word = (await speech.conversation(["Алло, слушаю."]))[: 2 * speech.RATE]
        sound = word + speech.SILENCE * speech.RATE * 2
        if speaks_at:
            sound = sound.ljust(int(speaks_at * speech.RATE), speech.SILENCE) + (word * 3)[: 3 * speech.RATE]
        for at, words in says:
            sound = sound.ljust(int(at * speech.RATE), speech.SILENCE) + words
        pcap = write_pcap(work / "sound.pcap", sound, presses=presses)
        return await self._run(work, _operator(pcap, behaviour or Operator(), self.sip_port), port=trunk_port)

    async def register(self, extension: str, port: int, *, expires: int = 600) -> None:
        """Raises SippFailed when the PBX refuses."""
        work = self._folder(f"register-{extension}")
        (work / "who.csv").write_text(f"SEQUENTIAL\n{extension};[authentication username={extension} "
                                      f"password={self.secret}];{port};{expires};\n")  # fmt: skip
        crowd = await self._run(work, _REGISTER, "-inf", str(work / "who.csv"), "-m", "1", port=port)
        results = await crowd.wait(15)
        if not any(call.result == "registered" for call in results):
            raise SippFailed(f"{extension} is not registered: {results} {crowd.complaints()}")
        if expires:
            self._registered[extension] = port
        else:
            self._registered.pop(extension, None)

    async def dead_peer(self, extension: str) -> None:
        """Register a phone at a port where nobody listens."""
        await self.register(extension, free_port())

    def _folder(self, name: str) -> Path:
        work = self.workdir / f"{next(self._numbered):03d}-{name}"
        work.mkdir(parents=True)
        return work

    async def _run(self, work: Path, scenario: str, *extra: str, port: int = 0) -> Crowd:
        (work / "scenario.xml").write_text(scenario, "utf-8")
        log_file, errors = work / "results.log", work / "errors.log"
        process = await asyncio.create_subprocess_exec(
            "sipp", f"127.0.0.1:{self.sip_port}", "-sf", str(work / "scenario.xml"),
            "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(port or free_port()), "-mp", str(media_port()),
            "-cp", str(free_port()), "-nostdin",
            "-trace_logs", "-log_file", str(log_file), "-trace_err", "-error_file", str(errors),
            "-aa", "-skip_rlimit", *extra,
            cwd=work, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        crowd = Crowd(process, log_file, errors)
        self.crowds.append(crowd)
        return crowd


# The scenarios


def _scenario(name: str, *steps: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="{name}">\n' + "\n".join(steps) + "\n</scenario>\n"


def _send(text: str, *, retransmit: bool = False, next_label: str = "", actions: str = "") -> str:
    head, has_body, body = text.strip().partition("\n\nv=0")
    body = f"v=0{body}" if has_body else ""
    lines = "\n".join(line.strip() for line in head.splitlines() if line.strip())
    content = "Content-Length: [len]" if body else "Content-Length: 0"
    again = ' retrans="500"' if retransmit else ""
    jump = f' next="{next_label}"' if next_label else ""
    tail = f"\n\n{body.strip()}\n" if body else "\n\n"
    return f"<send{again}{jump}><![CDATA[\n{lines}\n{content}{tail}]]>{actions}</send>"


def _log(message: str) -> str:
    return f'<action><log message="{escape(message)}"/></action>'


def _note(message: str) -> str:
    return f"<nop>{_log(message)}</nop>"


def _label(name: str) -> str:
    return f'<label id="{name}"/>'


def _play(pcap: Path | None) -> str:
    return f'<nop><action><exec play_pcap_audio="{pcap}"/></action></nop>' if pcap else "<nop/>"


_SDP = """v=0
o=- 1 {version} IN IP4 [media_ip]
s=sipp
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a={direction}"""


def _sdp(direction: str = "sendrecv", version: int = 1) -> str:
    return _SDP.format(direction=direction, version=version)


_VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]\nMax-Forwards: 70"
_LAST = "[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]"


def _answer_last(status: str, *, sdp: bool = False, next_label: str = "") -> str:
    body = f"Contact: <sip:sipp@[local_ip]:[local_port]>\nContent-Type: application/sdp\n\n{_sdp()}" if sdp else ""
    return _send(f"SIP/2.0 {status}\n{_LAST}\n{body}", next_label=next_label)


def _talk_until_bye(label: str, milliseconds: int, *, on_timeout: str) -> list[str]:
    """Wait for a BYE; on the way answer re-INVITEs. A jump starts the timeout anew: nothing swallows it."""
    return [
        _label(label),
        # Of a group of recv only the first one's timeout counts.
        f'<recv request="INVITE" optional="true" next="{label}_again" timeout="{milliseconds}" '
        f'ontimeout="{on_timeout}"/>',
        f'<recv request="UPDATE" optional="true" next="{label}_update"/>',
        '<recv request="BYE"/>',
        _answer_last("200 OK", next_label="far_end"),
        _label(f"{label}_again"),
        _answer_last("200 OK", sdp=True),
        f'<recv request="ACK" next="{label}"/>',
        _label(f"{label}_update"),
        _answer_last("200 OK", next_label=label),
    ]


def _resident(pcap: Path | None, *, milliseconds: int, cancel: int | None, withheld: bool, name: str) -> str:
    shown = '"Anonymous" <sip:anonymous@anonymous.invalid>' if withheld else "<sip:[field0]@[local_ip]>"
    if name and not withheld:
        shown = f'"{name}" {shown}'
    hidden = "P-Asserted-Identity: <sip:[field0]@[local_ip]>\nPrivacy: id" if withheld else ""
    dialogue = f"From: {shown};tag=[call_number]t[pid]\nTo: <sip:[field1]@[remote_ip]:[remote_port]>"
    invite = f"""INVITE sip:[field1]@[remote_ip]:[remote_port] SIP/2.0
{_VIA}
{dialogue}
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:[field0]@[local_ip]:[local_port]>
{hidden}
Content-Type: application/sdp

{_sdp()}"""
    failures = [f'<recv response="{code}" optional="true" next="refused">{_log(f"[field0] refused {code}")}</recv>'
                for code in _FAILURES]  # fmt: skip
    steps = [_send(invite, retransmit=True)]
    if cancel is not None:
        steps += [
            '<recv response="100" optional="true"/>',
            *failures,
            '<recv response="200" rrs="true" optional="true" next="answered"/>',
            '<recv response="183" optional="true" next="rings"/>',
            '<recv response="180"/>',
            _label("rings"),
            f'<recv response="180" optional="true" next="rings" timeout="{max(cancel, 1)}" ontimeout="cancel"/>',
            '<recv response="183" optional="true" next="rings"/>',
            *failures,
            '<recv response="200" rrs="true" next="answered"/>',
            _label("cancel"),
            _send(f"CANCEL sip:[field1]@[remote_ip]:[remote_port] SIP/2.0\n[last_Via:]\nMax-Forwards: 70\n{dialogue}\n"
                  "Call-ID: [call_id]\nCSeq: 1 CANCEL", retransmit=True),
            '<recv response="200"/>',
            f'<recv response="487" next="refused">{_log("[field0] cancelled")}</recv>',
        ]  # fmt: skip
    else:
        steps += [
            _label("wait"),
            '<recv response="100" optional="true" next="wait" timeout="120000" ontimeout="silence"/>',
            '<recv response="180" optional="true" next="wait"/>',
            '<recv response="183" optional="true" next="wait"/>',
            *failures,
            '<recv response="200" rrs="true"/>',
        ]
    steps += [
        _label("answered"),
        _send(f"ACK [next_url] SIP/2.0\n{_VIA}\n{dialogue}[peer_tag_param]\nCall-ID: [call_id]\nCSeq: 1 ACK"),
        _play(pcap),
        *_talk_until_bye("talk", max(milliseconds, 1), on_timeout="bye"),
        _label("bye"),
        _send(f"BYE [next_url] SIP/2.0\n{_VIA}\n{dialogue}[peer_tag_param]\nCall-ID: [call_id]\nCSeq: 2 BYE",
              retransmit=True),
        '<recv request="BYE" optional="true" next="crossed" timeout="8000" ontimeout="over"/>',
        f'<recv response="200" next="over">{_log("[field0] hung_up")}</recv>',
        _label("crossed"),
        _answer_last("200 OK"),
        f'<recv response="200" next="over" timeout="3000" ontimeout="over">{_log("[field0] hung_up")}</recv>',
        _label("far_end"),
        f'<nop next="over">{_log("[field0] far_end")}</nop>',
        _label("refused"),
        _send("ACK sip:[field1]@[remote_ip]:[remote_port] SIP/2.0\n[last_Via:]\nMax-Forwards: 70\n[last_From:]\n"
              "[last_To:]\nCall-ID: [call_id]\nCSeq: 1 ACK", next_label="over"),
        _label("silence"),
        _note("[field0] no_answer"),
        _label("over"),
    ]  # fmt: skip
    return _scenario("resident", *steps)


_REGISTER = _scenario(
    "register",
    _send(f"""REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
{_VIA}
From: <sip:[field0]@[remote_ip]>;tag=[call_number]
To: <sip:[field0]@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:[field0]@[local_ip]:[field2]>
Expires: [field3]""", retransmit=True),
    '<recv response="401" auth="true"/>',
    _send(f"""REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
{_VIA}
From: <sip:[field0]@[remote_ip]>;tag=[call_number]
To: <sip:[field0]@[remote_ip]>
Call-ID: [call_id]
CSeq: 2 REGISTER
Contact: <sip:[field0]@[local_ip]:[field2]>
Expires: [field3]
[field1]""", retransmit=True),
    # Unbranched, SIPp would answer a second 401 for ever.
    f'<recv response="401" optional="true" next="end">{_log("[field0] refused 401")}</recv>',
    f'<recv response="403" optional="true" next="end">{_log("[field0] refused 403")}</recv>',
    f'<recv response="200">{_log("[field0] registered")}</recv>',
    _label("end"),
)  # fmt: skip


def _saved(status: str, *, sdp: bool = False) -> str:
    """Answer the INVITE however much came since."""
    contact = "Contact: <sip:[$ext]@[local_ip]:[local_port]>\n" if status[0] in "12" else ""
    body = f"{contact}Content-Type: application/sdp\n\n{_sdp()}" if sdp else contact
    return (f"SIP/2.0 {status}\nVia:[$via]\nFrom:[$from]\nTo:[$to];tag=[call_number]o[pid]\n"
            f"Call-ID: [call_id]\nCSeq:[$cseq]\n{body}")  # fmt: skip


def _own(method: str, sequence: int, more: str = "") -> str:
    """A request of the phone's own inside the conversation."""
    return (f"{method} [$target] SIP/2.0\n{_VIA}\nFrom:[$to];tag=[call_number]o[pid]\nTo:[$from]\n"
            f"Call-ID: [call_id]\nCSeq: {sequence} {method}\n"
            f"Contact: <sip:[$ext]@[local_ip]:[local_port]>\n{more}")  # fmt: skip


def _operator(pcap: Path, behaviour: Operator, sip_port: int) -> str:
    saved = "".join(
        f'<ereg regexp=".*" search_in="hdr" header="{header}:" assign_to="{name}"/>'
        for header, name in (("Via", "via"), ("From", "from"), ("To", "to"), ("CSeq", "cseq"))
    )
    saved += '<ereg regexp="sip:[^>;]*" search_in="hdr" header="Contact:" assign_to="target"/>'
    saved += '<ereg regexp="sip:([^@]*)@" search_in="msg" assign_to="uri,ext"/>'
    steps = [
        f'<recv request="INVITE"><action>{saved}</action></recv>',
        '<Reference variables="via,from,to,cseq,uri,target"/>',
    ]
    if behaviour.silent:
        return _scenario("operator", *steps, _note("[$ext] silent"))
    if behaviour.refuse:
        steps += [
            _send(_saved(f"{behaviour.refuse} Refused"), retransmit=True),
            f'<recv request="ACK">{_log(f"[$ext] refused {behaviour.refuse}")}</recv>',
        ]
        return _scenario("operator", *steps)
    steps.append(_send(_saved("183 Session Progress", sdp=True) if behaviour.early_media else _saved("180 Ringing")))
    if behaviour.early_media:
        steps.append(_play(pcap))
    ring = 600_000 if behaviour.never_answer else max(1, round(behaviour.ring_seconds * 1000))
    steps += [
        f'<recv request="CANCEL" timeout="{ring}" ontimeout="answer"/>',
        _answer_last("200 OK"),
        _send(_saved("487 Request Terminated"), retransmit=True),
        f'<recv request="ACK" next="over">{_log("[$ext] cancelled")}</recv>',
        _label("answer"),
        _send(_saved("200 OK", sdp=True), retransmit=not behaviour.die_at_answer),
    ]
    if behaviour.die_at_answer:
        # The ACK, and all that follows, goes unheard: what comes after the end of a call SIPp ignores.
        steps += ['<recv request="ACK"/>', _note("[$ext] died"), '<pause milliseconds="600000"/>', _label("over")]
        return _scenario("operator", *steps)
    steps += ['<recv request="ACK"/>', _play(pcap), *_hold(behaviour), *_transfer(behaviour, sip_port)]
    talk = round(behaviour.talk_seconds * 1000) or 600_000
    steps += [
        *_talk_until_bye("talk", talk, on_timeout="bye"),
        _label("bye"),
        _send(_own("BYE", 20), retransmit=True),
        '<recv request="BYE" optional="true" next="crossed" timeout="8000" ontimeout="over"/>',
        f'<recv response="200" next="over">{_log("[$ext] hung_up")}</recv>',
        _label("crossed"),
        _answer_last("200 OK"),
        f'<recv response="200" next="over" timeout="3000" ontimeout="over">{_log("[$ext] hung_up")}</recv>',
        _label("far_end"),
        _note("[$ext] far_end"),
        _label("over"),
    ]
    return _scenario("operator", *steps)


def _hold(behaviour: Operator) -> list[str]:
    if not behaviour.hold_after_seconds:
        return []

    def reinvite(direction: str, sequence: int) -> list[str]:
        body = f"Content-Type: application/sdp\n\n{_sdp(direction, sequence)}"
        return [
            _send(_own("INVITE", sequence, body), retransmit=True),
            '<recv response="100" optional="true"/>',
            '<recv response="200"/>',
            _send(_own("ACK", sequence)),
        ]

    def wait(seconds: float, label: str) -> list[str]:
        # recv and not pause: a BYE in a pause aborts the call
        return [
            f'<recv request="BYE" timeout="{round(seconds * 1000)}" ontimeout="{label}"/>',
            _answer_last("200 OK", next_label="far_end"),
            _label(label),
        ]

    return [
        *wait(behaviour.hold_after_seconds, "holds"),
        *reinvite("sendonly", 2),
        *wait(behaviour.hold_seconds, "resumes"),
        *reinvite("sendrecv", 3),
    ]


def _transfer(behaviour: Operator, sip_port: int) -> list[str]:
    if not behaviour.transfer_to:
        return []
    refer = f"Refer-To: <sip:{behaviour.transfer_to}@127.0.0.1:{sip_port}>\nReferred-By: <sip:[$ext]@127.0.0.1>"
    return [
        f'<recv request="BYE" timeout="{round(behaviour.transfer_after_seconds * 1000)}" ontimeout="refer"/>',
        _answer_last("200 OK", next_label="far_end"),
        _label("refer"),
        _send(_own("REFER", 10, refer), retransmit=True),
        '<recv request="NOTIFY" optional="true" next="notified"/>',
        '<recv response="202"/>',
        '<recv request="NOTIFY" timeout="5000" ontimeout="bye"/>',
        _label("notified"),
        # Asterisk leaves the end of this leg to the phone: the first NOTIFY is word enough.
        _answer_last("200 OK", next_label="bye"),
    ]


def refusing(status: int = 486) -> Operator:
    return replace(Operator(), refuse=status)
