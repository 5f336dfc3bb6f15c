"""The optional adapter for speech: off by default, honest about what it cannot read.

`faster_whisper` is played by a file of the test, in a true process of its own. With CALLENGINE_TEST_ASR_PYTHON (an
interpreter that has the real library) and CALLENGINE_TEST_ASR_MODEL (a folder) the real one is asked too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from callengine.speech import asr as module
from callengine.speech.asr import AsrProcess, NoAsr, Transcript, open_asr
from callengine.speech.voice import Voice

FAKE = """
import os, sys, time
from pathlib import Path
from types import SimpleNamespace as Some

class WhisperModel:
    def __init__(self, path, *, device, compute_type, cpu_threads, local_files_only):
        assert local_files_only and os.environ["HF_HUB_OFFLINE"] == "1", "nothing is fetched from anywhere"
        assert (device, compute_type, cpu_threads) == ("cpu", "int8", 1)
        if "broken" in path:
            raise RuntimeError("unsupported model version")
        self.model = Some(is_multilingual="english" not in path)

    def transcribe(self, audio, *, language, beam_size, temperature, vad_filter, condition_on_previous_text):
        said = Path(audio).read_text()
        with open(Path(audio).with_name("at-work"), "a") as file:
            file.write(f"begin {os.getpriority(os.PRIO_PROCESS, 0)}\\n")
        if said == "unreadable":
            raise ValueError("no audio stream")
        if said == "crash":
            os.kill(os.getpid(), 11)
        if said == "for ever":
            print("still at it", Path("/proc/self/oom_score_adj").read_text(), file=sys.stderr, flush=True)
            time.sleep(60)
        def segments():
            for row in said.split(";"):
                text, logprob, silence, packed = row.split("|")
                sure, silent, dense = float(logprob), float(silence), float(packed)
                yield Some(text=text, avg_logprob=sure, no_speech_prob=silent, compression_ratio=dense)
            time.sleep(0.1)
            with open(Path(audio).with_name("at-work"), "a") as file:
                file.write("end\\n")
        return segments(), Some(language=language)
"""
COMMENT = " Течёт кран. |-0.1|0.01|1.1;Мастера не было.|-0.3|0.01|1.2"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/faster_whisper.py").write_text(FAKE)
    monkeypatch.syspath_prepend(tmp_path / "lib")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    return a_model(tmp_path / "model")


def a_model(folder: Path) -> Path:
    folder.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (folder / name).write_bytes(b"x")
    return folder


def comment(folder: Path, said: str = COMMENT) -> Path:
    path = folder / "comment.wav"
    path.write_text(said)
    return path


def test_it_is_off_by_default() -> None:
    assert open_asr("") is None


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(NoAsr, match=r"pip install 'callengine\[asr\]'"):
        open_asr(str(a_model(tmp_path / "model")))


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "tokenizer.json"])
def test_what_a_models_folder_lacks_is_named_and_not_fetched(model: Path, missing: str) -> None:
    (model / missing).unlink()
    with pytest.raises(NoAsr, match=f"it needs {missing}"):
        open_asr(str(model))


async def test_a_comment_becomes_text_with_its_certainty(model: Path, tmp_path: Path) -> None:
    heard = await AsrProcess(model).transcribe(comment(tmp_path), "ru")
    assert heard.text == "Течёт кран. Мастера не было."
    assert 0.74 < heard.certainty < 0.84
    assert (tmp_path / "at-work").read_text().split()[1] == "15", "others come first"


async def test_noise_and_what_repeats_itself_is_no_text(model: Path, tmp_path: Path) -> None:
    noise = "Продолжение следует...|-0.1|0.9|1.0;  |-0.1|0.01|1.0;да да да да да|-0.1|0.01|3.5"
    assert await AsrProcess(model).transcribe(comment(tmp_path, noise), "ru") == Transcript("", 0.0)


@pytest.mark.parametrize(
    ("said", "why"),
    [("unreadable", r"comment\.wav cannot be read: no audio stream"), ("crash", "the process ended with -11")],
)
async def test_a_recording_that_cannot_be_read_is_an_error_and_the_next_one_is_read(
    said: str, why: str, model: Path, tmp_path: Path
) -> None:
    asr = AsrProcess(model)
    with pytest.raises(NoAsr, match=why):
        await asr.transcribe(comment(tmp_path, said), "ru")
    assert (await asr.transcribe(comment(tmp_path), "ru")).text


async def test_a_model_that_cannot_be_loaded_is_named(model: Path, tmp_path: Path) -> None:
    with pytest.raises(NoAsr, match="unsupported model version"):
        await AsrProcess(model.rename(tmp_path / "broken")).transcribe(comment(tmp_path), "ru")


async def test_an_english_model_reads_no_russian(model: Path, tmp_path: Path) -> None:
    asr = AsrProcess(model.rename(tmp_path / "english"))
    with pytest.raises(NoAsr, match="knows English alone"):
        await asr.transcribe(comment(tmp_path), "ru")
    assert (await asr.transcribe(comment(tmp_path), "en")).text


async def test_what_takes_too_long_is_ended_and_leaves_no_process(model: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(NoAsr, match="was not read within 3 s"):
        await AsrProcess(model, seconds=3).transcribe(comment(tmp_path, "for ever"), "ru")
    assert time.monotonic() - started < 30
    assert not [one for one in Path("/proc").glob("[0-9]*/cmdline") if str(model).encode() in _bytes(one)]


async def test_a_process_whose_engine_was_killed_ends_by_itself_and_first_when_memory_runs_out(
    model: Path, tmp_path: Path
) -> None:
    alone = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "callengine.speech.asr", str(model), str(comment(tmp_path, "for ever")), "ru", "2",
        stderr=asyncio.subprocess.PIPE, env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    try:
        _, said = await asyncio.wait_for(alone.communicate(), 30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            alone.kill()
    assert alone.returncode == -signal.SIGALRM
    assert said.split() == b"still at it 1000".split()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


async def test_who_is_cancelled_leaves_no_process(model: Path, tmp_path: Path) -> None:
    reading = asyncio.ensure_future(AsrProcess(model).transcribe(comment(tmp_path, "for ever"), "ru"))
    while not (tmp_path / "at-work").exists():
        await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not [one for one in Path("/proc").glob("[0-9]*/cmdline") if str(model).encode() in _bytes(one)]


async def test_one_recording_at_a_time(model: Path, tmp_path: Path) -> None:
    asr = AsrProcess(model)
    await asyncio.gather(*(asr.transcribe(comment(tmp_path), "ru") for _ in range(3)))
    order = [row.split()[0] for row in (tmp_path / "at-work").read_text().splitlines()]
    assert order == ["begin", "end"] * 3


def test_long_segments_weigh_more_in_the_certainty() -> None:
    def segment(text: str, logprob: float) -> Any:
        return SimpleNamespace(text=text, avg_logprob=logprob, no_speech_prob=0.0, compression_ratio=1.0)

    heard = module._joined([segment("Да.", -3.0), segment("Мастер всё сделал хорошо и вовремя.", -0.1)])
    assert heard.certainty > 0.8


@pytest.mark.skipif(
    not os.environ.get("CALLENGINE_TEST_ASR_MODEL"), reason="needs faster-whisper and a model: CALLENGINE_TEST_ASR_*"
)
async def test_the_real_library_reads_what_our_voice_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    model = Path(os.environ["CALLENGINE_TEST_ASR_MODEL"])
    python = os.environ.get("CALLENGINE_TEST_ASR_PYTHON", sys.executable)
    said = Path(await Voice(tmp_path).say("en", "The tap is leaking again, please come tomorrow.") + ".wav")
    heard = await AsrProcess(model, python=python).transcribe(said, "en")
    assert "leaking" in heard.text.lower() and 0.2 < heard.certainty <= 1.0


async def test_the_words_of_a_prompt_are_heard_again(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="the extra [asr] is not installed")
    folder = os.environ.get("CALLENGINE_TEST_ASR_MODEL", "")
    if not folder:
        pytest.skip("CALLENGINE_TEST_ASR_MODEL names no model")
    asr = open_asr(folder)
    assert asr is not None
    prompt = await Voice(tmp_path).say("en", "To speak to a dispatcher, press one.")
    heard = (await asr.transcribe(Path(prompt + ".wav"), "en")).text.lower()
    assert "dispatcher" in heard
    assert "press" in heard
