"""Who rings, said ahead: the one message that goes out before anything is durable.

That a phone rings is a passing state of the PBX and no promise of ours: a locked database or a full disk must not keep
its operator from seeing who it is. So the addressed operator's screens hear it from the tracker's fact at once; the
`call` message after the commit confirms it, with all fields. It is no evidence and leaves no trace: it is not replayed
from the ring, but said anew to a screen that connects while it still holds, and it is taken back when the phone stops
ringing or the store refuses the fact for good. Whatever else happened to a call is told when it is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from callengine.access.model import DESK
from callengine.api import schemas
from callengine.api.offers import Offers
from callengine.api.services import Services
from callengine.calls.events import CallFact, CallOffered
from callengine.calls.model import CallKey, Conversation
from callengine.clock import rfc3339
from callengine.phone import Kind

Ring = tuple[CallKey, str]  # the call, and the operator whose phone rings


class Ringing:
    """The bridges' `Ahead`. `holds` tells whether this engine has the lease of a PBX now: else it says nothing.

    `confirmed` when the offer's own message went out after the commit.
    """

    def __init__(self, services: Services, offers: Offers, holds: Callable[[str], bool] = lambda _: True) -> None:
        self._its, self._offers = services, offers
        self.holds = holds
        self._said: dict[Ring, Conversation] = {}
        # Offers that are on their way into the store: only the last settling of a ring decides.
        self._unsettled: dict[Ring, int] = {}

    def told(self, facts: Sequence[CallFact]) -> None:
        """What the tracker has just told, in order; its newest state counts: what came and went is not said."""
        newest = {fact.call.key: fact.call for fact in facts}
        for ring in [ring for ring in self._said if ring[0] in newest]:
            if not _goes_on(newest[ring[0]], ring[1]):
                self._take_back(ring)
        for fact in facts:
            if isinstance(fact, CallOffered):
                call, ring = newest[fact.call.key], (fact.call.key, fact.operator)
                self._unsettled[ring] = self._unsettled.get(ring, 0) + 1
                if _rings(call, fact.operator) and self.holds(call.key.pbx):
                    self._said[ring] = call
                    self._say(call, fact.operator)

    def confirmed(self, key: CallKey, operator: str) -> None:
        """The durable message of this ring is out, or about to be: from here on it speaks for itself."""
        if self._unsettled.get((key, operator), 0) <= 1 and (key, operator) in self._said:
            del self._said[(key, operator)]
            self._its.live.withdraw((key, operator))

    def settled(self, facts: Sequence[CallFact]) -> None:
        """Saved and told, or refused for good: what was not confirmed by now never will be."""
        for fact in facts:
            if isinstance(fact, CallOffered):
                ring = fact.call.key, fact.operator
                left = self._unsettled.pop(ring, 0) - 1
                if left > 0:
                    self._unsettled[ring] = left
                elif ring in self._said:
                    self._take_back(ring)

    def _say(self, call: Conversation, operator: str) -> None:
        told = _message(call, self._offers.people_of(call), rings=True)
        self._its.live.publish("ringing", told, to_extension=operator, roles=DESK, standing=(call.key, operator))

    def _take_back(self, ring: Ring) -> None:
        call = self._said.pop(ring)
        self._its.live.withdraw(ring)
        told = _message(call, [], rings=False)
        self._its.live.publish("ringing", told, to_extension=ring[1], roles=DESK)


def _message(call: Conversation, people: list[schemas.PersonRef], *, rings: bool) -> dict[str, Any]:
    """A schemas.Ringing without its validation: thirty phones may ring at once, and one waits for another."""
    hidden = call.number.kind is Kind.WITHHELD
    return {
        "pbx": call.key.pbx,
        "linkedid": call.key.linkedid,
        "rings": rings,
        "number": "" if hidden else call.number.value,
        "number_kind": call.number.kind.value,
        "name": "" if hidden else call.name,
        "did": call.did,
        "arrived_at": rfc3339(call.arrived_at),
        "people": [] if hidden else [person.model_dump() for person in people],
    }


def _rings(call: Conversation, operator: str) -> bool:
    return call.ended_at is None and any(o.operator == operator and o.ended_at is None for o in call.offers)


def _goes_on(call: Conversation, operator: str) -> bool:
    """It rings there still, or that operator has picked up: his answer is told when it is durable."""
    return _rings(call, operator) or (call.ended_at is None and call.operator == operator)
