"""Recordings: what is known of one, its audio, legal hold, and uploads from a remote PBX."""

from __future__ import annotations

from aiohttp import web

from callengine.access.model import ADMINISTRATOR, DESK, LEADERS, PBX
from callengine.api.core import Ask, Routes
from callengine.api.queries import Listening
from callengine.api.schemas import Hold, Recording, Uploaded

routes = Routes("recordings")


@routes.get("/recordings/{id:int}", roles=DESK, summary="One recording, its check sums, peaks and listenings")
async def get_recording(ask: Ask[None, None]) -> Recording:
    raise NotImplementedError


@routes.get(
    "/recordings/{id:int}/audio", roles=DESK, summary="The audio; Range; listening is logged", media="audio/ogg"
)
async def get_audio(ask: Ask[None, Listening]) -> web.StreamResponse:
    raise NotImplementedError


@routes.put("/recordings/{id:int}/hold", roles=LEADERS, summary="Keep beyond retention, or no longer")
async def hold_recording(ask: Ask[Hold, None]) -> Recording:
    raise NotImplementedError


@routes.post(
    "/pbx/{pbx}/recordings/{file_name}",
    roles=frozenset({ADMINISTRATOR, PBX}),
    summary="Upload of a recording by the script beside a remote PBX",
    takes="audio/wav",
)
async def upload_recording(ask: Ask[None, None]) -> Uploaded:
    raise NotImplementedError
