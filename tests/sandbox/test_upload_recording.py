"""The upload script of a remote PBX: nothing is lost whatever breaks, and nothing is sent twice without need."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType, SimpleNamespace

import pytest

from callengine.api.routes.recordings import NAME

SCRIPT = Path(__file__).parents[2] / "agi_scripts/upload_recording.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("upload_recording", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["upload_recording"] = module
    spec.loader.exec_module(module)
    return module


class Engine:
    """Takes uploads as the API does; `answers` are given first, one a request."""

    def __init__(self) -> None:
        self.got: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.answers: list[int] = []
        self.url = ""


@pytest.fixture
def engine() -> Iterator[Engine]:
    with _serving(Engine()) as serving:
        yield serving


@contextmanager
def _serving(engine: Engine) -> Iterator[Engine]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            engine.requests.append(f"{self.path} {self.headers['Authorization']}")
            status = engine.answers.pop(0) if engine.answers else 200
            digest = hashlib.sha256(body).hexdigest()
            if status == 200 and digest == self.headers["X-Content-SHA256"]:
                engine.got[self.path.rsplit("/", 1)[1]] = body
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps({"sha256": digest}).encode() if status == 200 else b"no")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    engine.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield engine
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _recording(folder: Path, name: str, *, age_seconds: float = 60, size: int = 5_000) -> Path:
    path = folder / name
    path.write_bytes(os.urandom(size))
    moment = time.time() - age_seconds
    os.utime(path, (moment, moment))
    return path


def _once(script: ModuleType, folder: Path, engine: str, *, keep_days: float = 7) -> int:
    left: int = script.work(script.Spool(folder, keep_days), engine, "t0ken", "east", once=True)
    return left


def test_finished_recordings_are_sent_once_with_token_and_name(
    script: ModuleType, engine: Engine, tmp_path: Path
) -> None:
    kept = _recording(tmp_path, "1763782000.12-caller.wav").read_bytes()
    assert _once(script, tmp_path, engine.url) == 0
    assert engine.got == {"1763782000.12-caller.wav": kept}
    assert engine.requests == ["/api/v1/pbx/east/recordings/1763782000.12-caller.wav Bearer t0ken"]
    assert _once(script, tmp_path, engine.url) == 0
    assert len(engine.requests) == 1


def test_a_recording_that_still_grows_waits(script: ModuleType, engine: Engine, tmp_path: Path) -> None:
    _recording(tmp_path, "1.1-caller.wav", age_seconds=1)
    assert _once(script, tmp_path, engine.url) == 0
    assert engine.requests == []


def test_a_head_without_sound_is_not_sent_and_goes_after_a_day(
    script: ModuleType, engine: Engine, tmp_path: Path
) -> None:
    _recording(tmp_path, "1.1-caller.wav", size=44)
    old = _recording(tmp_path, "1.2-caller.wav", size=44, age_seconds=90_000)
    assert _once(script, tmp_path, engine.url) == 0
    assert engine.requests == [] and not old.exists()


def test_a_dead_engine_loses_nothing(script: ModuleType, tmp_path: Path) -> None:
    _recording(tmp_path, "1.1-caller.wav")
    with _serving(Engine()) as engine:
        url = engine.url
    assert _once(script, tmp_path, url) == 1
    with _serving(Engine()) as engine:
        assert _once(script, tmp_path, engine.url) == 0
        assert set(engine.got) == {"1.1-caller.wav"}


@pytest.mark.parametrize("status", [401, 404, 422, 503, 507])
def test_what_may_be_mended_is_sent_again(script: ModuleType, engine: Engine, tmp_path: Path, status: int) -> None:
    _recording(tmp_path, "1.1-caller.wav")
    engine.answers = [status]
    assert _once(script, tmp_path, engine.url) == 1
    assert _once(script, tmp_path, engine.url) == 0
    assert set(engine.got) == {"1.1-caller.wav"}


def test_a_refused_file_stays_and_the_others_go(script: ModuleType, engine: Engine, tmp_path: Path) -> None:
    bad = _recording(tmp_path, "1.1-caller.wav", age_seconds=90)
    _recording(tmp_path, "1.2-caller.wav")
    engine.answers = [415]
    assert _once(script, tmp_path, engine.url) == 0
    assert set(engine.got) == {"1.2-caller.wav"} and bad.exists()
    assert _once(script, tmp_path, engine.url, keep_days=0) == 0
    assert bad.exists() and len(engine.requests) == 2


def test_a_file_that_the_engine_does_not_take_now_holds_up_no_other(
    script: ModuleType, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for ever, and not only once: the oldest one is put aside, and tried again after pauses that grow."""
    _recording(tmp_path, "1.1-caller.wav", age_seconds=90)
    _recording(tmp_path, "1.2-caller.wav")
    engine.answers = [422, 200, 422]
    now, rounds = [0.0], [10.0] * 3

    def sleep(_: float) -> None:
        if not rounds:
            raise KeyboardInterrupt
        now[0] += rounds.pop()

    clock = SimpleNamespace(time=time.time, sleep=sleep, monotonic=lambda: now[0])
    monkeypatch.setattr(script, "time", clock)
    with pytest.raises(KeyboardInterrupt):
        script.work(script.Spool(tmp_path, 7), engine.url, "t", "east")
    assert (list(engine.got), len(engine.requests)) == (["1.2-caller.wav", "1.1-caller.wav"], 4)


@pytest.mark.parametrize("name", ["east:1.1-caller.wav", "_1.1.wav", "-1.1.wav", "1" * 160 + ".wav"])
def test_a_name_that_the_engine_does_not_take_waits_for_a_better_one(
    script: ModuleType, engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    bad = _recording(tmp_path, name, age_seconds=90)
    _recording(tmp_path, "1.2-caller.wav")
    assert _once(script, tmp_path, engine.url) == 1
    assert set(engine.got) == {"1.2-caller.wav"} and bad.exists()
    assert "rename it" in caplog.text


def test_the_script_and_the_engine_know_the_same_names(script: ModuleType) -> None:
    assert script.NAME.pattern == NAME.pattern


def test_a_full_disk_only_means_that_it_is_sent_again_after_a_restart(
    script: ModuleType, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _recording(tmp_path, "1.1-caller.wav")
    spool = script.Spool(tmp_path, 7)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert script.work(spool, engine.url, "t", "east", once=True) == 0
    assert script.work(spool, engine.url, "t", "east", once=True) == 0
    assert len(engine.requests) == 1
    monkeypatch.undo()
    assert _once(script, tmp_path, engine.url) == 0
    assert len(engine.requests) == 2


def test_confirmed_files_go_after_their_days(script: ModuleType, engine: Engine, tmp_path: Path) -> None:
    path = _recording(tmp_path, "1.1-caller.wav")
    _once(script, tmp_path, engine.url)
    assert path.exists()
    _once(script, tmp_path, engine.url, keep_days=-1)
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_that_says_yes_to_everything_is_not_believed(
    script: ModuleType, engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(script.Later, match="does not confirm"):
        script._judge(200, None, b"<html>welcome</html>", "ab")
