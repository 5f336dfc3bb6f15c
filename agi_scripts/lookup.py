#!/usr/bin/env python3
"""Who is calling? For a PBX that cannot reach the FastAGI port: the same dialogue over pyst2, asking by HTTP."""

import asyncio
import json
import os
from urllib.parse import quote
from urllib.request import Request, urlopen

from pyst_line import line

from callengine.menus.line import Caller
from callengine.menus.lookup import Known, lookup

ENGINE, TOKEN = os.environ.get("CALLENGINE_URL", ""), os.environ.get("CALLENGINE_TOKEN", "")


def ask(caller: Caller) -> Known:
    if caller.withheld or not caller.number or not ENGINE.startswith(("http://", "https://")):
        return Known()
    url = f"{ENGINE}/api/v1/caller?number={quote(caller.number, safe='')}"
    with urlopen(Request(url, headers={"Authorization": f"Bearer {TOKEN}"}), timeout=1.2) as answer:
        card = json.load(answer)
    one = card["candidates"][0]["name"] if len(card["candidates"]) == 1 else ""
    return Known(known=bool(card["candidates"]), name=one, accident="1" if card["incidents"] else "")


asyncio.run(lookup(line(), lambda caller: asyncio.to_thread(ask, caller)))
