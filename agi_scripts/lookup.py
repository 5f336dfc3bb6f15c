#!/usr/bin/env python3
"""Who is calling? For a PBX that cannot reach the FastAGI port: the same dialogue over pyst2, asking by HTTP."""

import asyncio
import json
import os
import sys
from urllib.parse import quote
from urllib.request import Request, urlopen

from pyst_line import line

from callengine.menus.line import Caller
from callengine.menus.lookup import Known, lookup

ENGINE, TOKEN = os.environ.get("CALLENGINE_URL", ""), os.environ.get("CALLENGINE_TOKEN", "")


def ask(caller: Caller) -> Known:
    if caller.withheld or not caller.number:
        return Known()
    if not TOKEN or not ENGINE.startswith(("http://", "https://")):
        return complain("set CALLENGINE_URL (http://HOST:PORT) and CALLENGINE_TOKEN in Asterisk's environment")
    url = f"{ENGINE.rstrip('/')}/api/v1/caller?number={quote(caller.number, safe='')}"
    try:
        with urlopen(Request(url, headers={"Authorization": f"Bearer {TOKEN}"}), timeout=1.2) as answer:
            card = json.load(answer)
    except (OSError, ValueError) as error:
        return complain(f"{ENGINE} did not answer: {error}")
    one = card["candidates"][0]["name"] if len(card["candidates"]) == 1 else ""
    # Planned works are no accident: nobody should hear of one.
    accident = next((found["title"] for found in card["incidents"] if found["kind"] == "accident"), "")
    return Known(known=bool(card["candidates"]), name=one, accident=accident)


def complain(problem: str) -> Known:
    """Asterisk passes its scripts' error channel on to its console; the caller is unknown, and the call goes on."""
    print(f"callengine lookup: {problem}", file=sys.stderr, flush=True)
    return Known()


asyncio.run(lookup(line(), lambda caller: asyncio.to_thread(ask, caller)))
