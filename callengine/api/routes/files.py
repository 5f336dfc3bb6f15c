"""Photos, acts and documents of tickets, and the residents' links."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from callengine.access.model import ADMINISTRATOR, DESK, EXECUTOR, MANAGER, SUPERVISOR, TICKETS
from callengine.api import render, security
from callengine.api.core import Ask, Routes, idempotency_key
from callengine.api.problems import TooLarge
from callengine.api.queries import UploadAbout
from callengine.api.schemas import LinksEnded, TicketFile, TicketLink
from callengine.tickets import files, model

routes = Routes("files")
SENDERS = DESK | {MANAGER, EXECUTOR}
CHUNK = 1 << 18


@routes.post(
    "/tickets/{number}/files",
    roles=SENDERS,
    summary="Hang a file on a ticket: the body is the file itself, up to [files] most_megabytes",
    status=201,
    takes="application/octet-stream",
    idempotent=True,
)
async def upload_file(ask: Ask[None, UploadAbout]) -> TicketFile:
    about, service = ask.query, ask.services.files
    if (ask.request.content_length or 0) > service.most_bytes:
        raise TooLarge(f"a file may have {service.most_bytes // 1024 // 1024} MB")
    new = files.NewFile(about.name, about.kind, about.public, about.moment, idempotency_key(ask))
    kept = await service.receive(ask.path["number"], ask.who, new, ask.request.content.iter_chunked(CHUNK))
    return render.ticket_file(kept)


@routes.get("/tickets/{number}/files/{id:int}", roles=TICKETS, summary="A file; Range", media="*/*")
async def get_file(ask: Ask[None, None]) -> web.StreamResponse:
    found = await ask.services.files.get(ask.path["number"], ask.id, ask.who)
    if found.kind != "photo" and ask.who.role not in DESK:
        await ask.services.access.log_reading(ask.who, "file", f"ticket:{ask.path['number']}:{found.id}")
    return send(ask.services.files, found)


@routes.get(
    "/tickets/{number}/files/{id:int}/thumbnail", roles=TICKETS, summary="A photo's thumbnail", media="image/jpeg"
)
async def get_thumbnail(ask: Ask[None, None]) -> web.StreamResponse:
    found = await ask.services.files.get(ask.path["number"], ask.id, ask.who)
    return send(ask.services.files, found, thumbnail=True)


@routes.delete("/tickets/{number}/files/{id:int}", roles=SENDERS, summary="Take a file down; it can be put back")
async def remove_file(ask: Ask[None, None]) -> None:
    await ask.services.files.remove(ask.path["number"], ask.id, ask.who)


@routes.post("/tickets/{number}/files/{id:int}/restore", roles=SENDERS, summary="Put a file back")
async def restore_file(ask: Ask[None, None]) -> None:
    await ask.services.files.restore(ask.path["number"], ask.id, ask.who)


@routes.post("/tickets/{number}/links", roles=DESK, summary="A link for the resident, shown once", status=201)
async def create_link(ask: Ask[None, None]) -> TicketLink:
    link = await ask.services.links.create(ask.path["number"], ask.who)
    pages = security.origin_of_pages(ask.request, ask.services.settings.http.public_origins)
    return TicketLink(url=f"{pages}/r/{link.token}", expires_at=link.expires_at)


@routes.delete(
    "/tickets/{number}/links", roles=frozenset({ADMINISTRATOR, SUPERVISOR}), summary="End all links of a ticket"
)
async def revoke_links(ask: Ask[None, None]) -> LinksEnded:
    return LinksEnded(ended=await ask.services.links.revoke(ask.path["number"], ask.who))


def send(service: files.FilesService, found: model.TicketFile, *, thumbnail: bool = False) -> web.StreamResponse:
    """A file as a browser may have it: what it cannot run is shown, all else is only saved."""
    media = "image/jpeg" if thumbnail else found.media_type
    shown = media.startswith(("image/", "video/", "audio/")) or media == "application/pdf"
    disposition = "inline" if shown else "attachment"
    return web.FileResponse(
        service.path_of(found, thumbnail=thumbnail),
        headers={
            "Content-Type": media,
            "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(found.name, safe='')}",
            "Cache-Control": "private, max-age=3600" if thumbnail else "private, no-store",
            # The strictest sandbox: a PDF or a picture never acts in our name.
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        },
        chunk_size=CHUNK,
    )
