"""Who talked with whom and how long, from the bridges: a sweep over all moves of a conversation's channels."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Protocol

from callengine.calls.model import Talk

OPERATOR, OUTSIDE, LOCAL = "operator", "outside", "local"

Move = tuple[datetime, str, str, str]
"""At this moment the channel entered this bridge ('' is none), being this kind of telephone of this person."""

# Merging two bridges and optimising a Local channel away moves everybody through "nowhere" for some milliseconds.
SEAM = timedelta(seconds=0.5)


class Mover(Protocol):
    """The part of a channel's evidence that counts here."""

    uid: str
    role: str
    member: str
    dialled: str
    came_in: bool
    gone_at: datetime | None
    moves: list[Move]


Place = tuple[str, str, str, Mover]
"""The bridge that a channel is in, as what kind of telephone of whom, and the channel."""

_NOBODY: frozenset[str] = frozenset()
_MOMENT = itemgetter(0)


def talks(channels: Iterable[Mover]) -> tuple[Talk, ...]:
    """One Talk per operator and stretch in which he was bridged with the other side (through Local pairs too).

    Where an outside party takes part, only time with an outside party counts: colleagues who consult each other
    do not talk with the resident. An outside phone that the caller was forwarded to counts as who answered.
    """
    moving = [c for c in channels if c.moves]
    if len(moving) < 2:
        return ()
    moves = _in_order(moving)
    outside = False
    for _, _, c, move in moves:
        if move[2] == OUTSIDE or (c.role == OUTSIDE and not c.member):
            outside = True
            break
    places: dict[str, Place] = {}
    open_since: dict[str, datetime] = {}
    done: list[Talk] = []
    for at, uid, channel, (_, bridge, role, who) in moves:
        if bridge:
            places[uid] = (bridge, role, who, channel)
        else:
            places.pop(uid, None)
        now = _talking(places, outside)
        if open_since:
            for operator in [o for o in open_since if o not in now]:
                done.append(Talk(operator, open_since.pop(operator), at))
        for operator in now:
            if operator not in open_since:
                open_since[operator] = at
    done.extend(Talk(operator, since) for operator, since in open_since.items())
    return _joined(done)


def _in_order(moving: list[Mover]) -> list[tuple[datetime, str, Mover, Move]]:
    moves = [(m[0], c.uid, c, m) for c in moving for m in c.moves]
    moves.extend(
        (c.gone_at, c.uid, c, (c.gone_at, "", c.role, "")) for c in moving if c.gone_at is not None and c.moves[-1][1]
    )
    moves.sort(key=_MOMENT)
    return moves


def _talking(places: dict[str, Place], outside: bool) -> AbstractSet[str]:
    if len(places) < 2:
        return _NOBODY
    if len(places) == 2:  # nearly always
        one, two = places.values()
        if one[1] != LOCAL and two[1] != LOCAL:
            return _in_room((one, two), outside) if one[0] == two[0] else _NOBODY
    rooms: dict[str, list[Place]] = {}
    for place in places.values():
        rooms.setdefault(place[0], []).append(place)
    if any(place[1] == LOCAL for place in places.values()):
        rooms = _through_locals(rooms, places)
    return _NOBODY.union(*(_in_room(room, outside) for room in rooms.values() if len(room) > 1))


def _in_room(room: Iterable[Place], outside: bool) -> AbstractSet[str]:
    """Who of one bridge talks as an operator with the other side."""
    operators: list[str] = []
    others: list[Mover] = []
    for _, role, who, c in room:
        if role == OPERATOR:
            operators.append(who)
        elif c.member:
            operators.append(c.member)
        elif role == OUTSIDE:
            others.append(c)
    if outside and not others:
        return _NOBODY
    if not outside and len(operators) < 2:
        return _NOBODY
    if operators:
        return set(operators)
    if any(c.came_in for c in others):
        return {c.dialled.split("@")[0] for c in others if c.dialled}
    return _NOBODY


def _through_locals(rooms: dict[str, list[Place]], places: dict[str, Place]) -> dict[str, list[Place]]:
    """The two halves of a Local channel make one room of their two bridges."""
    leader = {bridge: bridge for bridge in rooms}

    def find(bridge: str) -> str:
        while leader[bridge] != bridge:
            bridge = leader[bridge]
        return bridge

    half: dict[str, str] = {}
    for bridge, role, who, _ in places.values():
        if role == LOCAL:
            if who in half:
                leader[find(bridge)] = find(half[who])
            half[who] = bridge
    joined: dict[str, list[Place]] = {}
    for bridge, room in rooms.items():
        joined.setdefault(find(bridge), []).extend(p for p in room if p[1] != LOCAL)
    return joined


def _joined(done: list[Talk]) -> tuple[Talk, ...]:
    if len(done) < 2:
        return tuple(done)
    last: dict[str, int] = {}
    kept: list[Talk] = []
    for talk in sorted(done, key=lambda t: (t.began_at, t.operator)):
        index = last.get(talk.operator)
        before = kept[index] if index is not None else None
        if index is not None and before is not None and before.ended_at and talk.began_at - before.ended_at <= SEAM:
            kept[index] = Talk(talk.operator, before.began_at, talk.ended_at)
        else:
            last[talk.operator] = len(kept)
            kept.append(talk)
    return tuple(kept)
