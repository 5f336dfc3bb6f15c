#!/usr/bin/env python3
"""The voice robot for a PBX that cannot reach FastAGI: the dialogue runs here over pyst2, its job comes by HTTP.

robot.py DID REQUEST AMDSTATUS: a call that the robot placed. robot.py DID status: the tickets of the number that rings.
robot.py --prepare: speak what is the same in every call. What was told stands in the PBX's ledger; the engine reads it.
"""

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from pyst_line import line

from callengine.errors import EngineError
from callengine.menus import dialogues, jobs
from callengine.speech.voice import Voice

ENGINE, TOKEN = os.environ.get("CALLENGINE_URL", ""), os.environ.get("CALLENGINE_TOKEN", "")
VOICE = Voice(Path(os.environ.get("CALLENGINE_PROMPTS", "/var/lib/callengine/prompts")))


def job_of(asked: dict[str, str]) -> jobs.Job:
    if not TOKEN or not ENGINE.startswith(("http://", "https://")):
        raise ValueError("set CALLENGINE_URL (http://HOST:PORT) and CALLENGINE_TOKEN in Asterisk's environment")
    url = f"{ENGINE.rstrip('/')}/api/v1/robot/job?{urlencode(asked)}"
    with urlopen(Request(url, headers={"Authorization": f"Bearer {TOKEN}"}), timeout=4) as answer:
        return jobs.from_raw(json.load(answer)["job"])


async def talk(arguments: list[str]) -> None:
    call, what, amd = line(), arguments[1], "".join(arguments[2:3])
    placed = what != "status"
    job = job_of({"request_id": what} if placed else {"kind": "status", "number": call.caller.number})
    await dialogues.hold(call, VOICE.say, replace(job, machine=amd.upper() == "MACHINE"))


async def prepare() -> None:
    for language, text in dialogues.static_texts():
        await VOICE.say(language, text)


try:
    asyncio.run(prepare() if sys.argv[1:] == ["--prepare"] else talk(sys.argv[1:]))
except (EngineError, OSError, ValueError, LookupError) as error:
    # Asterisk passes this on to its console; the call goes on in the dialplan.
    print(f"callengine robot: {error}", file=sys.stderr, flush=True)
    sys.exit(1)
