"""In which language an answer's texts of the classifier are: `lang`, else Accept-Language, else the service's own."""

from __future__ import annotations

from typing import Any

from callengine.api.core import Ask
from callengine.tickets.translations import LANGUAGES


def language_of(ask: Ask[Any, Any]) -> str:
    """Of those that we speak the one that the asker likes best."""
    asked = getattr(ask.query, "lang", None)
    return asked or best(ask.request.headers.get("Accept-Language", "")) or ask.services.settings.locale.language


def best(header: str) -> str:
    """One of LANGUAGES, or "" when none of them is asked for.

    RFC 9110: the highest quality wins, the earlier of equals; what nobody can read is passed over.
    """
    liked = [_one(part) for part in header[:1000].split(",")]
    known = [(quality, language) for language, quality in liked if language in LANGUAGES and quality > 0]
    return max(known, key=lambda one: one[0])[1] if known else ""


def _one(part: str) -> tuple[str, float]:
    tag, _, parameters = part.strip().partition(";")
    name, _, value = parameters.strip().partition("=")
    try:
        quality = float(value) if name.strip() == "q" else 1.0
    except ValueError:
        quality = 0.0
    return tag.strip().partition("-")[0].lower(), quality
