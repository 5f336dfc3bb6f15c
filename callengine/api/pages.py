"""The built web workspace: its files with long caching, and index.html for every page of the app."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

FOREVER = "public, max-age=31536000, immutable"
NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>callengine</title>
<body style="font:16px/1.5 sans-serif;max-width:40em;margin:4em auto">
<h1>The pages are not built yet</h1>
<p>The engine runs and its API answers. Stop it, run <code>make run</code> in its folder, and load this page again:
that builds the pages first.</p></body></html>
"""


def mount(app: web.Application, folder: Path) -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        found = _inside(folder, name)
        if found is not None:
            # Vite puts a hash of the content into every name under /assets.
            caching = FOREVER if name.startswith("assets/") else "no-cache"
            return web.FileResponse(found, headers={"Cache-Control": caching})
        if name.startswith("assets/"):
            raise web.HTTPNotFound()
        return _index(folder)

    app.router.add_get("/{name:(?!api/|metrics$).*}", page)


def _inside(folder: Path, name: str) -> Path | None:
    if not name or "\x00" in name:
        return None
    path = (folder / name).resolve()
    return path if path.is_relative_to(folder.resolve()) and path.is_file() else None


def _index(folder: Path) -> web.StreamResponse:
    index = folder / "index.html"
    if not index.is_file():
        return web.Response(text=NOT_BUILT, content_type="text/html", status=503)
    return web.FileResponse(index, headers={"Cache-Control": "no-cache"})
