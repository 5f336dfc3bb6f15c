"""Recordings: what is known of one, its audio, legal hold, and uploads from a remote PBX."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web

from callengine.access.model import ADMINISTRATOR, DESK, INSPECTED, LEADERS, PBX
from callengine.api import render
from callengine.api.core import Ask, Routes
from callengine.api.problems import BadRequest, NoRoom, TooLarge, WrongMedia
from callengine.api.queries import Listening
from callengine.api.schemas import (
    ClaimRecording,
    Hold,
    NewMark,
    Page,
    Recording,
    RecordingMark,
    UnclaimedRecording,
    Uploaded,
)
from callengine.errors import NotFound, Refused
from callengine.recordings.marks import Mark

routes = Routes("recordings")
MEDIA = {"opus": "audio/ogg", "wav": "audio/wav"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,150}\.wav")
MOST_UPLOAD_BYTES = 500 * 1024 * 1024
CHUNK = 1 << 18


@routes.get("/recordings/unclaimed", roles=LEADERS, summary="Uploads whose call never came; kept aside")
async def list_unclaimed(ask: Ask[None, None]) -> Page[UnclaimedRecording]:
    days = ask.services.settings.recordings.unclaimed_days
    reason = f"no call of this PBX named the file within {days} days"
    found = await ask.services.recordings.unclaimed()
    return Page(
        items=[
            UnclaimedRecording(
                pbx=one.pbx,
                file_name=one.file_name,
                bytes=one.bytes,
                arrived_at=one.arrived_at,
                set_aside_at=one.set_aside_at,
                reason=reason,
            )
            for one in found
        ]
    )


@routes.get(
    "/recordings/unclaimed/{pbx}/{file_name}",
    roles=LEADERS,
    summary="The audio of an upload that lies aside; hearing it is logged",
    media="audio/wav",
)
async def get_unclaimed(ask: Ask[None, None]) -> web.StreamResponse:
    pbx, name = ask.request.match_info["pbx"], ask.request.match_info["file_name"]
    path = await ask.services.recordings.unclaimed_sound(pbx, name, ask.who)
    headers = {"Content-Type": MEDIA["wav"], "Cache-Control": "private, no-store"}
    return web.FileResponse(path, headers=headers, chunk_size=CHUNK)


@routes.post(
    "/recordings/unclaimed/{pbx}/{file_name}", roles=LEADERS, summary="Hang it on a call; logged with the reason"
)
async def claim_recording(ask: Ask[ClaimRecording, None]) -> None:
    pbx, name = ask.request.match_info["pbx"], ask.request.match_info["file_name"]
    await ask.services.recordings.claim(pbx, name, ask.body.call_id, ask.who, ask.body.reason)


@routes.get("/recordings/{id:int}", roles=INSPECTED, summary="One recording, its check sums, peaks and listenings")
async def get_recording(ask: Ask[None, None]) -> Recording:
    return await _recording(ask, ask.id)


@routes.get(
    "/recordings/{id:int}/audio", roles=INSPECTED, summary="The audio; Range; listening is logged", media="audio/ogg"
)
async def get_audio(ask: Ask[None, Listening]) -> web.StreamResponse:
    await _tickets_of(ask, ask.id)
    sound = await ask.services.recordings.sound(ask.id)
    if ask.request.method == "GET":
        await ask.services.recordings.log_listening(ask.id, ask.who, ask.query.why)
    headers = {
        "Content-Type": MEDIA[sound.format],
        "Content-Disposition": f'inline; filename="{sound.path.name}"',
        # The player may keep what it has while the page is open; nothing stays on a shared machine's disk.
        "Cache-Control": "private, no-store",
    }
    return web.FileResponse(sound.path, headers=headers, chunk_size=CHUNK)


@routes.put("/recordings/{id:int}/hold", roles=LEADERS, summary="Keep beyond retention, or no longer")
async def hold_recording(ask: Ask[Hold, None]) -> Recording:
    await ask.services.recordings.hold(ask.id, ask.body.hold, ask.body.reason, ask.who)
    return await _recording(ask, ask.id)


@routes.get("/recordings/{id:int}/marks", roles=DESK, summary="What supervisors wrote at moments of it")
async def list_marks(ask: Ask[None, None]) -> Page[RecordingMark]:
    return Page(items=[_mark(one) for one in await ask.services.marks.of(ask.id)])


@routes.post("/recordings/{id:int}/marks", roles=LEADERS, summary="Mark a moment with a text", status=201)
async def add_mark(ask: Ask[NewMark, None]) -> RecordingMark:
    return _mark(await ask.services.marks.add(ask.id, ask.body.at_seconds, ask.body.text, ask.who))


@routes.delete("/recordings/{id:int}/marks/{mark:int}", roles=LEADERS, summary="Take a mark away")
async def remove_mark(ask: Ask[None, None]) -> None:
    await ask.services.marks.remove(ask.id, int(ask.path["mark"]))


@routes.post("/recordings/{id:int}/marks/{mark:int}/restore", roles=LEADERS, summary="Put a removed mark back")
async def restore_mark(ask: Ask[None, None]) -> None:
    await ask.services.marks.restore(ask.id, int(ask.path["mark"]))


def _mark(it: Mark) -> RecordingMark:
    return RecordingMark(id=it.id, at_seconds=it.at_seconds, text=it.text, author=it.author, created_at=it.created_at)


async def _recording(ask: Ask[None, None] | Ask[Hold, None], id: int) -> Recording:
    service = ask.services.recordings
    numbers = await _tickets_of(ask, id)
    heard = await service.heard(id)
    return render.recording(await service.get(id), await service.listenings(id), numbers, heard)


async def _tickets_of(ask: Ask[Any, Any], id: int) -> list[str]:
    """The tickets of a recording that one sees. Raises NotFound: outside the desk a recording is heard for a ticket."""
    service = ask.services.recordings
    numbers = await service.ticket_numbers(await service.get(id))
    if ask.who.role in DESK:
        return numbers
    seen = [number for number in numbers if await ask.services.moves.sees(number, ask.who)]
    if not seen:
        raise NotFound(f"there is no recording {id}")
    return seen


@routes.post(
    "/pbx/{pbx}/recordings/{file_name}",
    roles=frozenset({ADMINISTRATOR, PBX}),
    summary="Upload of a recording by the script beside a remote PBX",
    takes="audio/wav",
)
async def upload_recording(ask: Ask[None, None]) -> Uploaded:
    pbx, name = ask.path["pbx"], ask.path["file_name"]
    service = ask.services.recordings
    if pbx not in service.sources.folders:
        raise NotFound(f"no PBX is called {pbx}: see [pbx] name")
    if not NAME.fullmatch(name):
        raise Refused("name the file as LINKEDID.wav")
    promised = ask.request.headers.get("X-Content-SHA256", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", promised):
        raise BadRequest("send the SHA-256 of the file in X-Content-SHA256")
    if ask.request.content_type not in ("audio/wav", "audio/x-wav", "application/octet-stream"):
        raise WrongMedia()
    if await service.already_kept(pbx, name, promised):
        await _drain(ask.request)
        return Uploaded(file_name=name, bytes=ask.request.content_length or 0, sha256=promised, state="ready")
    size = await _receive(ask.request, service.sources.incoming(pbx) / name, promised)
    return Uploaded(file_name=name, bytes=size, sha256=promised, state=await service.arrived(pbx, name))


async def _drain(request: web.Request) -> None:
    async for _ in _counted(request):
        pass


async def _counted(request: web.Request) -> AsyncIterator[bytes]:
    size = 0
    if (request.content_length or 0) > MOST_UPLOAD_BYTES:
        raise TooLarge("a recording may have 500 MB")
    async for chunk in request.content.iter_chunked(CHUNK):
        size += len(chunk)
        if size > MOST_UPLOAD_BYTES:
            raise TooLarge("a recording may have 500 MB")
        yield chunk


async def _receive(request: web.Request, target: Path, promised: str) -> int:
    """Stream to a file of its own, check, and only then give it its name: two senders never mix."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    digest, size = hashlib.sha256(), 0
    try:
        with part.open("xb") as file:
            async for chunk in _counted(request):
                digest.update(chunk)
                size += len(chunk)
                await asyncio.to_thread(file.write, chunk)
        if digest.hexdigest() != promised:
            raise Refused("what arrived has another SHA-256 than X-Content-SHA256 says; send it again")
        part.replace(target)
        return size
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom() from error
        raise
    finally:
        part.unlink(missing_ok=True)
