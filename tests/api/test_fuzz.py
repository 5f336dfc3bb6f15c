"""Schemathesis against every operation of the document: whatever is sent, the answer is one that the document tells."""

from __future__ import annotations

import asyncio
import threading
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from callengine.api.openapi import document
from callengine.robot import RobotCaller
from callengine.speech.voice import Voice
from tests.api.conftest import Desk

EXAMPLES = 4
# A socket, two that end the asker's own session, and raw sound, which has tests of its own.
LEFT_OUT = ("live", "sign_out", "change_password", "upload_recording")


class Hum(Voice):
    """A voice that says the same short tone whatever it is asked for."""

    def render(self, language: str, text: str) -> Path:
        path = self.path(language, "hum", "espeak-ng")
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(b"\0\1" * 800)
        return path


@pytest.fixture
async def served(desk: Desk, tmp_path: Path) -> AsyncIterator[Desk]:
    RobotCaller(desk.services, [], Hum(tmp_path / "prompts"))  # else its routes would say that there is no robot
    yield desk


async def test_no_input_breaks_the_contract(served: Desk) -> None:
    failures: list[str] = []
    done = threading.Event()
    base = f"http://{served.client.host}:{served.client.port}"

    def run() -> None:
        try:
            _fuzz(base, served.headers("administrator"), failures)
        except BaseException as error:
            failures.append(repr(error))
        finally:
            done.set()

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    while not done.is_set():
        await asyncio.sleep(0.05)
    worker.join()
    assert not failures, "\n\n".join(failures[:5])


def _fuzz(base: str, headers: dict[str, str], failures: list[str]) -> None:
    schema = schemathesis.openapi.from_dict(document())
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.definition.raw["operationId"] in LEFT_OUT:
            continue

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @_given(operation)
        def one(case: schemathesis.Case) -> None:
            response = case.call(base_url=base, headers=headers, timeout=20)
            checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
            case.validate_response(response, checks=checks)

        try:
            one()
        except BaseException as error:
            failures.append(f"{operation.label}: {error}")


def _given(operation: object):  # type: ignore[no-untyped-def]
    from hypothesis import given

    return given(case=operation.as_strategy())  # type: ignore[attr-defined]
