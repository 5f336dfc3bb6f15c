"""The prompts as sound: long enough, loud enough, fit for a telephone; and engines that are missing, slow or fail."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
import wave
from array import array
from collections.abc import Callable
from math import pi, sin
from pathlib import Path

import pytest

from callengine.menus.dialogues import static_texts
from callengine.speech import voice as module
from callengine.speech.voice import (
    EngineRests,
    NoRoomForVoice,
    NoVoice,
    Sound,
    TooSlow,
    Voice,
    VoiceSettings,
    fault_of,
    sound_of,
)
from tests.menus.jobs import EACH

HELLO = "Здравствуйте! Это робот службы."
Tool = Callable[[str, str], None]


def write_wav(path: Path, seconds: float, level: int, rate: int = 8000, channels: int = 1) -> None:
    samples = array("h", (int(level * sin(2 * pi * 440 * n / rate)) for n in range(int(seconds * rate) * channels)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """A PATH with nothing but sox and what the test puts there: name, shell commands ($OUT is the file to write)."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for real in ("sox", "sh", "cat", "cp", "sleep", "espeak-ng"):
        found = module.shutil.which(real)
        assert found
        (folder / f"real-{real}").symlink_to(found)
    (folder / "sox").symlink_to(folder / "real-sox")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(module, "_RHVOICE_VOICES", tmp_path / "voices")

    def put(name: str, commands: str) -> None:
        find_out = 'OUT=; while [ $# -gt 0 ]; do case "$1" in -o|-w) OUT="$2";; esac; shift; done'
        path = folder / name
        path.write_text(f"#!{folder}/real-sh\nPATH={folder}\n{find_out}\n{commands}\n")
        path.chmod(0o755)

    return put


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Half a second of sound for every letter of nothing: a good answer of a false engine."""
    path = tmp_path / "good.wav"
    write_wav(path, 2.5, 9000, rate=24000)
    return path


# --- as sound ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "text"), [("ru", HELLO), ("en", "Hello! This is the robot of the service.")])
async def test_a_prompt_is_fit_for_a_telephone(tmp_path: Path, language: str, text: str) -> None:
    voice = Voice(tmp_path)
    path = Path(await voice.say(language, text) + ".wav")
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
    sound = sound_of(path)
    assert 1.0 < sound.seconds < 6.0
    assert 22_000 < sound.peak < 24_000, "3 dB below the loudest: heard well, and not clipped"
    assert sound.mean > 300
    assert list(tmp_path.rglob("*.wav")) == [path], "no other file is left"


async def test_every_static_phrase_and_every_job_is_spoken_in_one_voice(tmp_path: Path) -> None:
    # A sample by the real voice: all of them would take half a minute of a core.
    voice = Voice(tmp_path)
    texts = [(language, text) for language, text in static_texts()]
    assert {language for language, _ in texts} == {"ru", "en"}
    assert len(texts) == len(set(texts)) > 100
    sample = texts[:: len(texts) // 6]
    for language in ("ru", "en"):
        done = await voice.ahead(language, [text for one, text in sample if one == language])
        assert done.failed == ()
        assert done.spoken
        again = await voice.ahead(language, [text for one, text in sample if one == language])
        assert (again.spoken, again.kept) == (0, done.spoken)
    for path in tmp_path.rglob("*.wav"):
        sound = sound_of(path)
        assert sound.seconds >= 0.3
        assert 22_000 < sound.peak < 24_000


def test_what_is_static_is_part_of_what_every_call_needs() -> None:
    static = set(static_texts())
    for job in EACH:
        needed = {(job.language, text) for text in job.texts()}
        assert len(needed & static) > 0.5 * len(needed), job.kind
        assert needed - static, "and the rest is this call's own"


async def test_slower_is_longer_and_another_file(tmp_path: Path) -> None:
    quick = Path(await Voice(tmp_path, VoiceSettings(rate=150)).say("ru", HELLO) + ".wav")
    slow = Path(await Voice(tmp_path, VoiceSettings(rate=70)).say("ru", HELLO) + ".wav")
    assert quick != slow
    assert sound_of(slow).seconds > 1.4 * sound_of(quick).seconds


@pytest.mark.parametrize(
    ("sound", "text", "fault"),
    [
        (Sound(2.0, 23_000, 900.0), HELLO, ""),
        (Sound(0.1, 23_000, 900.0), "Да", "too short"),
        (Sound(0.3, 23_000, 900.0), HELLO, "too short for 26 letters"),
        (Sound(60.0, 23_000, 900.0), HELLO, "too long"),
        (Sound(2.0, 300, 20.0), HELLO, "silent"),
        (Sound(2.0, 23_000, 3.0), HELLO, "silent"),
        (Sound(2.0, 32_767, 900.0), HELLO, "clipped"),
        (Sound(0.0, 0, 0.0), HELLO, "too short"),
    ],
)
def test_what_cannot_be_the_text_is_not_kept(sound: Sound, text: str, fault: str) -> None:
    assert fault in fault_of(sound, text)
    assert bool(fault) == bool(fault_of(sound, text))


def test_a_file_that_is_no_prompt_is_told(tmp_path: Path) -> None:
    for name, content in (("empty.wav", b""), ("text.wav", b"no sound at all"), ("head.wav", b"RIFF\0\0\0\0WAVE")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NoVoice, match="is no sound"):
            sound_of(tmp_path / name)
    write_wav(tmp_path / "stereo.wav", 1, 9000, channels=2)
    with pytest.raises(NoVoice, match="2 channels"):
        sound_of(tmp_path / "stereo.wav")
    with pytest.raises(NoVoice):
        sound_of(tmp_path / "none.wav")


# --- engines ----------------------------------------------------------------------------------------------


async def test_rhvoice_is_taken_when_it_is_there_and_told_its_voice_and_rate(
    tmp_path: Path, tool: Tool, speech: Path
) -> None:
    tool("RHVoice-test", f'cp() {{ real-cp "$@"; }}; real-cat > {tmp_path}/said; cp {speech} "$OUT"')
    tool("espeak-ng", "exit 1")
    voice = Voice(tmp_path / "kept")
    assert voice.engine == "rhvoice"
    await voice.say("ru", HELLO)
    assert (tmp_path / "said").read_text() == HELLO
    assert voice._command("rhvoice", "ru", Path("x"))[1:5] == ["-p", "elena", "-r", "100"]
    anna = Voice(tmp_path / "kept", VoiceSettings(voices={"ru": "anna"}, rate=90))
    assert anna._command("rhvoice", "ru", Path("x"))[1:5] == ["-p", "anna", "-r", "90"]
    assert anna.path("ru", HELLO) != voice.path("ru", HELLO)
    # Elena's name means nothing to another engine, which may have to help out.
    assert anna._command("espeak-ng", "ru", Path("x"))[1:3] == ["-v", "ru"]


async def test_without_any_voice_the_package_is_named(tmp_path: Path, tool: Tool) -> None:
    for settings, package in (
        (VoiceSettings(), "apt-get install espeak-ng"),
        (VoiceSettings(engine="rhvoice"), "rhvoice-russian rhvoice-english, from Debian's non-free"),
        (VoiceSettings(engine="festival"), "festival festvox-ru"),
        (VoiceSettings(engine="espeak-ng"), "apt-get install espeak-ng"),
    ):
        with pytest.raises(NoVoice, match=package):
            await Voice(tmp_path, settings).say("ru", HELLO)


async def test_without_sox_it_is_named(tmp_path: Path, tool: Tool, speech: Path) -> None:
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    (tmp_path / "bin/sox").unlink()
    with pytest.raises(NoVoice, match="apt-get install sox"):
        await Voice(tmp_path / "kept").say("ru", HELLO)


@pytest.mark.parametrize(
    "fault",
    [
        "exit 1",
        "exit 0",  # RHVoice ends so when it wrote nothing
        ': > "$OUT"',
        'echo rubbish > "$OUT"',
        'real-cp $SILENCE "$OUT"',
        'real-cp $BLIP "$OUT"',
        "kill -9 $$",
        "real-sleep 30",
    ],
)
async def test_an_engine_that_fails_is_replaced_for_that_text_and_said_so(
    fault: str, tmp_path: Path, tool: Tool, speech: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_wav(tmp_path / "silence.wav", 3, 0)
    write_wav(tmp_path / "blip.wav", 0.05, 9000)
    tool("RHVoice-test", f"SILENCE={tmp_path}/silence.wav; BLIP={tmp_path}/blip.wav; real-cat > /dev/null; {fault}")
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    voice = Voice(tmp_path / "kept", VoiceSettings(deadline_seconds=0.4 if "sleep" in fault else 20))
    path = Path(await voice.say("ru", HELLO) + ".wav")
    assert sound_of(path).seconds > 2
    assert (voice.fallen, voice.spoken, voice.failed) == (1, 1, 0)
    assert "espeak-ng speaks it" in caplog.text
    assert voice.ready("ru", HELLO), "it is not tried again at every call"
    assert Path(await voice.say("ru", HELLO) + ".wav") == path
    assert [one for one in (tmp_path / "kept").rglob("*") if one.is_file()] == [path], "nothing half-done is left"
    tool("espeak-ng", "exit 3")
    with pytest.raises(NoVoice):
        await voice.say("ru", "Другой текст для голоса.")
    assert voice.failed == 1


async def test_a_slow_engine_ends_at_its_deadline(tmp_path: Path, tool: Tool) -> None:
    tool("espeak-ng", f"real-sleep 60 & echo $! > {tmp_path}/child; wait")  # as festival: a shell with a child
    with pytest.raises(NoVoice, match=r"longer than 1 s"):
        await Voice(tmp_path / "kept", VoiceSettings(deadline_seconds=1.0)).say("ru", HELLO)
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    deadline = time.monotonic() + 10
    while child.exists() and child.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    assert not child.exists() or child.read_text().split()[2] == "Z", "the child is ended with it"


async def test_a_voice_that_rhvoice_lacks_is_named_and_not_another_one_taken(
    tmp_path: Path, tool: Tool, speech: Path
) -> None:
    tool("RHVoice-test", f'real-cp {speech} "$OUT"')
    (tmp_path / "voices/elena").mkdir(parents=True)
    voice = Voice(tmp_path / "kept", VoiceSettings(engine="rhvoice"))
    await voice.say("ru", HELLO)
    with pytest.raises(NoVoice, match="no voice 'slt': apt-get install"):
        await voice.say("en", "Hello! This is the robot.")


async def test_festival_speaks_russian_alone(tmp_path: Path, tool: Tool, speech: Path) -> None:
    tool("text2wave", f'real-cp {speech} "$OUT"')
    voice = Voice(tmp_path / "kept", VoiceSettings(engine="festival"))
    await voice.say("ru", HELLO)
    assert "(voice_msu_ru_nsh_clunits)" in voice._command("festival", "ru", Path("x"))
    with pytest.raises(NoVoice, match="festival speaks no 'en'"):
        await voice.say("en", "Hello! This is the robot.")


@pytest.mark.parametrize("text", ["", "   ", "...", "—!?"])
async def test_a_text_without_a_word_is_no_prompt(text: str, tmp_path: Path) -> None:
    with pytest.raises(NoVoice, match="nothing to say"):
        await Voice(tmp_path).say("ru", text)


# --- the disk ---------------------------------------------------------------------------------------------


async def test_a_full_disk_is_told_and_leaves_no_half_prompt(
    tmp_path: Path, tool: Tool, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("RHVoice-test", 'echo "RIFF" > "$OUT"; exit 0')  # what it does on a full disk
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    monkeypatch.setattr(module, "_is_full", lambda _: True)
    voice = Voice(tmp_path / "kept")
    with pytest.raises(NoRoomForVoice, match="disk of the prompts is full"):
        await voice.say("ru", HELLO)
    with pytest.raises(NoRoomForVoice):
        await voice.ahead("ru", [HELLO, "И ещё один текст."])
    assert not list((tmp_path / "kept").rglob("*.wav"))
    assert voice.fallen == 0, "another voice would not find room either"
    monkeypatch.undo()


async def test_a_write_that_fails_is_no_prompt(
    tmp_path: Path, tool: Tool, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("espeak-ng", f'real-cp {speech} "$OUT"')

    def no_room(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    voice = Voice(tmp_path / "kept")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", no_room)
        with pytest.raises(NoVoice, match="No space left"):
            await voice.say("ru", HELLO)
    assert not list((tmp_path / "kept").rglob("*.wav"))
    assert await voice.say("ru", HELLO), "with room it is spoken"


async def test_a_folder_that_takes_no_file_is_named(tmp_path: Path, tool: Tool, speech: Path) -> None:
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    (tmp_path / "kept").write_text("a file, not a folder")
    with pytest.raises(NoVoice, match="takes no prompt"):
        await Voice(tmp_path / "kept").say("ru", HELLO)


def test_two_threads_that_speak_one_text_do_not_spoil_each_others_file(
    tmp_path: Path, tool: Tool, speech: Path
) -> None:
    # Both must be at it at once: each waits for the other's file to appear before it writes on.
    tool("espeak-ng", f'echo "$OUT" >> {tmp_path}/files; real-sleep 0.2; real-cp {speech} "$OUT"')
    voices = [Voice(tmp_path / "kept"), Voice(tmp_path / "kept")]
    both = threading.Barrier(2)
    failed: list[BaseException] = []

    def speak(voice: Voice) -> None:
        both.wait()
        try:
            voice.render("ru", HELLO)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=speak, args=(voice,)) for voice in voices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    files = (tmp_path / "files").read_text().split()
    assert len(files) == len(set(files)) == 2
    assert [one.name for one in (tmp_path / "kept").rglob("*.wav")] == [voices[0].path("ru", HELLO).name]


async def test_a_prompt_that_a_power_cut_emptied_is_spoken_again(tmp_path: Path, tool: Tool, speech: Path) -> None:
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    voice = Voice(tmp_path / "kept")
    path = Path(await voice.say("ru", HELLO) + ".wav")
    path.write_bytes(b"")
    assert not voice.ready("ru", HELLO)
    assert sound_of(Path(await voice.say("ru", HELLO) + ".wav")).seconds > 2


@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_bytes(b""), lambda path: os.truncate(path, 100)]
)
async def test_a_prompt_told_a_moment_ago_is_spoken_again_when_its_file_is_gone_or_emptied(
    spoil: Callable[[Path], object], tmp_path: Path, tool: Tool, speech: Path
) -> None:
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    voice = Voice(tmp_path / "kept")
    prompt = await voice.say("ru", HELLO)
    spoil(Path(prompt + ".wav"))
    assert await voice.say("ru", HELLO) == prompt, "nobody asked whether it is ready in between"
    assert sound_of(Path(prompt + ".wav")).seconds > 2
    assert voice.spoken == voice.waited == 2


async def test_what_a_killed_engine_left_half_done_is_removed_the_next_day(tmp_path: Path) -> None:
    folder = tmp_path / "ab"
    folder.mkdir()
    old, new = folder / ".abc.12.part.wav", folder / ".abd.13.raw.wav"
    for path in (old, new):
        path.write_bytes(b"RIFF")
    os.utime(old, (time.time() - 90_000,) * 2)
    assert Voice(tmp_path).forget_unused(days=90) == 0
    assert (old.exists(), new.exists()) == (False, True)


async def test_who_waited_for_a_text_that_failed_does_not_try_it_again(tmp_path: Path, tool: Tool) -> None:
    tool("espeak-ng", f"echo x >> {tmp_path}/count; real-sleep 0.2; exit 1")
    voice = Voice(tmp_path / "kept")
    found = await asyncio.gather(*(voice.say("ru", HELLO) for _ in range(8)), return_exceptions=True)
    assert all(isinstance(one, NoVoice) for one in found)
    assert (tmp_path / "count").read_text().count("x") == 1, "eight calls do not wait eight times its deadline"
    with pytest.raises(NoVoice):
        await voice.say("ru", HELLO)
    assert (tmp_path / "count").read_text().count("x") == 2, "the next call tries anew"
    assert voice._wanted == {}


async def test_calls_that_wait_for_the_voice_hold_no_thread_of_the_house(tmp_path: Path, tool: Tool) -> None:
    tool("espeak-ng", "real-sleep 60")
    voice = Voice(tmp_path / "kept", VoiceSettings(deadline_seconds=3, at_once=2))
    waiting = [asyncio.ensure_future(voice.say("ru", f"{HELLO} {n}")) for n in "абвгдежзиклмнопрстуфхцчш"]
    await asyncio.sleep(0)
    started = time.monotonic()
    assert await asyncio.to_thread(int, "7") == 7
    assert time.monotonic() - started < 2.5, "the house's threads are free while the engine hangs"
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_an_engine_that_is_left_in_peace_says_so_and_not_that_the_text_cannot_be_spoken(
    tmp_path: Path, tool: Tool
) -> None:
    tool("RHVoice-test", "real-sleep 60")
    voice = Voice(tmp_path / "kept", VoiceSettings(engine="rhvoice", deadline_seconds=0.3, at_once=1))
    for n in "абв":
        with pytest.raises(TooSlow):
            await voice.say("ru", f"{HELLO} {n}")
    with pytest.raises(EngineRests, match="late 3 times in a row"):
        await voice.prepare("ru", f"{HELLO} г")


async def test_an_engine_that_hangs_on_every_text_costs_not_each_call_its_deadline(
    tmp_path: Path, tool: Tool, speech: Path
) -> None:
    tool("RHVoice-test", f"echo x >> {tmp_path}/count; real-sleep 60")
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    voice = Voice(tmp_path / "kept", VoiceSettings(deadline_seconds=0.3, at_once=1))
    for n in "абвгдежз":
        await voice.say("ru", f"{HELLO} {n}")
    assert (tmp_path / "count").read_text().count("x") == 3
    assert voice.fallen == 8
    voice._late._until = 0.0  # its pause is over
    tool("RHVoice-test", f'real-cp {speech} "$OUT"')
    await voice.say("ru", f"{HELLO} и ещё раз.")
    assert voice.fallen == 8, "and it speaks again"


async def test_an_engine_that_was_removed_meanwhile_is_named(tmp_path: Path, tool: Tool, speech: Path) -> None:
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    voice = Voice(tmp_path / "kept")
    await voice.say("ru", HELLO)
    (tmp_path / "bin/espeak-ng").unlink()
    with pytest.raises(NoVoice, match="espeak-ng cannot be started: No such file"):
        await voice.say("ru", "Ещё один текст для голоса.")


async def test_a_child_that_left_its_session_does_not_hold_a_call_for_ever(tmp_path: Path, tool: Tool) -> None:
    (tmp_path / "bin/setsid").symlink_to(module.shutil.which("setsid", path="/usr/bin:/bin") or "")
    tool("espeak-ng", f"setsid real-sleep 30 & echo $! > {tmp_path}/child; real-sleep 30")
    started = time.monotonic()
    with pytest.raises(NoVoice, match="took longer than"):
        await Voice(tmp_path / "kept", VoiceSettings(deadline_seconds=1)).say("ru", HELLO)
    assert time.monotonic() - started < 15
    os.kill(int((tmp_path / "child").read_text()), 9)


async def test_a_text_with_half_a_letter_is_no_fault_of_the_engine(tmp_path: Path, tool: Tool, speech: Path) -> None:
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    assert await Voice(tmp_path / "kept").say("ru", f"{HELLO} \ud800")


def test_a_disk_without_names_for_files_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(tmp_path)
    fields = list(real)[:10]
    fields[7] = 0  # f_favail
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(fields))
    assert module._is_full(tmp_path)


async def test_what_nobody_waits_for_is_spoken_at_low_priority(tmp_path: Path, tool: Tool, speech: Path) -> None:
    nineteenth = " ".join(["_"] * 18)
    look = f'real-sleep 0.2; read -r {nineteenth} NICE REST < /proc/$$/stat; echo "$NICE" >> {tmp_path}/nice'
    tool("espeak-ng", f'{look}; real-cp {speech} "$OUT"')
    voice = Voice(tmp_path / "kept")
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert await voice.prepare("ru", HELLO)
    await voice.say("ru", "Этого кто-то ждёт, и сейчас.")
    aside, awaited = map(int, (tmp_path / "nice").read_text().split())
    assert (aside, awaited) == (max(before, 10), before)
    assert not await voice.prepare("ru", HELLO)
    assert voice.missing([("ru", HELLO), ("ru", "Нет такого.")]) == [("ru", "Нет такого.")]


# --- ahead of the call ------------------------------------------------------------------------------------


async def test_many_who_ask_for_one_text_speak_it_once(tmp_path: Path, tool: Tool, speech: Path) -> None:
    tool("espeak-ng", f'echo x >> {tmp_path}/count; real-cp {speech} "$OUT"')
    voice = Voice(tmp_path / "kept")
    paths = await asyncio.gather(*(voice.say("ru", HELLO) for _ in range(20)))
    assert len(set(paths)) == 1
    assert (tmp_path / "count").read_text().count("x") == 1
    assert voice._wanted == {}


async def test_not_more_engines_at_once_than_allowed(
    tmp_path: Path, tool: Tool, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    real, lock, now, most = module.execute, threading.Lock(), [0], [0]

    def counted(command: list[str], text: str, seconds: float, **more: bool) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        try:
            real(command, text, seconds, **more)
        finally:
            with lock:
                now[0] -= 1

    monkeypatch.setattr(module, "execute", counted)
    voice = Voice(tmp_path / "kept", VoiceSettings(at_once=2))
    await asyncio.gather(*(voice.say("ru", f"{HELLO} {word}") for word in "раз два три четыре пять шесть".split()))
    assert most[0] == 2
    assert voice.spoken == 6


async def test_a_call_that_was_spoken_ahead_does_not_wait(tmp_path: Path, tool: Tool, speech: Path) -> None:
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    voice = Voice(tmp_path / "kept")
    job = EACH[0]
    short = [text for text in job.texts() if 5 < len(text) < 60][:6]
    await voice.ahead(job.language, short)
    for text in short:
        await voice.say(job.language, text)
    assert voice.waited == 0
    await voice.say("ru", "Этого никто не ждал.")
    assert voice.waited == 1


async def test_one_text_that_fails_does_not_keep_the_others(tmp_path: Path, tool: Tool, speech: Path) -> None:
    tool("espeak-ng", f'read -r TEXT; case "$TEXT" in *беда*) exit 1;; esac; real-cp {speech} "$OUT"')
    done = await Voice(tmp_path / "kept").ahead("ru", [HELLO, "Здесь будет беда.", "Всё хорошо, спасибо.", HELLO])
    assert (done.spoken, done.kept, done.failed) == (2, 0, ("Здесь будет беда.",))


async def test_the_pbx_may_see_the_folder_elsewhere(tmp_path: Path, tool: Tool, speech: Path) -> None:
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    voice = Voice(tmp_path / "kept", seen_as="/srv/pbx/prompts")
    said = await voice.say("ru", HELLO)
    path = voice.path("ru", HELLO)
    assert said == f"/srv/pbx/prompts/{path.parent.name}/{path.stem}"
    assert "." not in said.rsplit("/", 1)[1], "Asterisk adds the ending itself"


async def test_what_nobody_hears_any_more_is_forgotten(tmp_path: Path, tool: Tool, speech: Path) -> None:
    tool("espeak-ng", f'real-cp {speech} "$OUT"')
    voice = Voice(tmp_path / "kept")
    old = Path(await voice.say("ru", f"{HELLO} Раз") + ".wav")
    used = Path(await voice.say("ru", f"{HELLO} Два") + ".wav")
    long_ago = time.time() - 100 * 86_400
    for path in (old, used):
        os.utime(path, (long_ago, long_ago))
    await voice.say("ru", f"{HELLO} Два")
    assert voice.forget_unused(days=90) == 1
    assert (old.exists(), used.exists()) == (False, True)
