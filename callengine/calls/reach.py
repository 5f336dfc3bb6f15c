"""A contractor who cannot be reached is a signal of quality (R150): calls to the telephones of organisations.

Derived from the calls alone; nothing is kept beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from callengine import phone
from callengine.calls.reach_model import Reach, together
from callengine.directory.model import Organisation
from callengine.errors import Refused
from callengine.store import reach as rows
from callengine.store.database import Store

_BETWEEN = re.compile(r"[,;\n]")
MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Reached:
    organisation: Organisation
    numbers: tuple[str, ...]  # as they are called; () when its card has no telephone
    reach: Reach


class ReachService:
    def __init__(self, store: Store, *, country: str, city_code: str) -> None:
        self._store, self._country, self._city_code = store, country, city_code

    async def of(self, organisations: Iterable[Organisation], since: datetime, until: datetime) -> list[Reached]:
        """Each with its calls from `since` to before `until`, the least reachable first. Raises Refused."""
        if not since < until or (until - since).days > MOST_DAYS:
            raise Refused(f"a period of at most {MOST_DAYS} days that ends after it begins", pointer="/to")
        wanted = [(one, self._numbers(one)) for one in organisations]
        everybody = {number for _, numbers in wanted for number in numbers}
        async with self._store.read() as conn:
            found = await rows.by_number(conn, everybody, since, until) if everybody else {}
        told = [Reached(one, own, together(found[n] for n in own if n in found)) for one, own in wanted]
        return sorted(told, key=lambda one: (-one.reach.unanswered, -one.reach.attempted, one.organisation.name))

    def _numbers(self, organisation: Organisation) -> tuple[str, ...]:
        parsed = (
            phone.parse(part, country=self._country, city_code=self._city_code)
            for part in _BETWEEN.split(organisation.phone)
            if part.strip()
        )
        return tuple(dict.fromkeys(one.value for one in parsed if one.can_be_called))
