"""The doctor on speech and on what is sent: each fault is one line that says what to change, and nothing is sent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from callengine.config import Http, Notices, Pbx, Settings, Speech
from callengine.pbx import doctor_speech as module
from callengine.pbx.doctor import Finding
from callengine.pbx.doctor_speech import PbxUser, examine_speech, first_closed, pbx_user
from tests.speech.test_asr import a_model

OTHER = 54_321  # a user that nobody here is


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """A folder as the voice makes it, open to all."""
    folder = tmp_path / "prompts"
    (folder / "ab").mkdir(parents=True)
    (folder / "ab/abcd.wav").write_bytes(b"RIFF")
    place: Path = tmp_path
    while place != place.parent and place.stat().st_uid == os.getuid() and "pytest" in str(place):
        place.chmod(0o755)
        place = place.parent
    return folder


def proc(tmp_path: Path, uid: int = OTHER, gid: int = OTHER, groups: str = "") -> Path:
    """/proc with one Asterisk in it."""
    folder = tmp_path / "proc"
    (folder / "7").mkdir(parents=True)
    text = f"Name:\tasterisk\nUmask:\t0022\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t{gid}\t{gid}\t{gid}\t{gid}\n"
    (folder / "7/status").write_text(f"{text}Groups:\t{groups}\n")
    return folder


async def said(
    folder: Path,
    *,
    at: Path | None = None,
    notices: dict[str, Any] | None = None,
    speech: dict[str, Any] | None = None,
    **sections: Any,
) -> list[Finding]:
    settings = Settings(speech=Speech(dir=folder, **speech or {}), notices=Notices(**notices or {}), **sections)
    return [finding async for finding in examine_speech(settings, proc=at or folder.parent / "nobody")]


def faults(findings: list[Finding]) -> str:
    return "\n".join(str(one) for one in findings if one.level != "ok")


async def test_what_is_well_gets_no_line_of_complaint(
    prompts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: name)
    monkeypatch.setattr("callengine.speech.voice.shutil.which", lambda name: name)
    notices = {"smtp_host": "mail.city.example", "email_from": "ads@city.example", "public_url": "https://ads.example"}
    notices |= {"sms": "http", "sms_url": "https://sms.example/send"}
    speech = {"asr_model": str(a_model(tmp_path / "model"))}
    pbx = Pbx(recordings_dir=str(tmp_path))
    findings = await said(prompts, at=proc(tmp_path), notices=notices, speech=speech, pbx=pbx)
    assert faults(findings) == ""
    assert len(findings) == 5
    assert f"the PBX ({OTHER}) reads the prompts" in "".join(map(str, findings))


async def test_what_is_off_is_no_fault(prompts: Path, tmp_path: Path) -> None:
    told = "\n".join(map(str, await said(prompts, at=proc(tmp_path))))
    for what in ("speech is not read", "no letters are sent", "no SMS are sent"):
        assert f"  ok  ] {what}" in told


async def test_without_a_voice_the_package_is_named(prompts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callengine.speech.voice.shutil.which", lambda name: None)
    assert "apt-get install espeak-ng" in faults(await said(prompts))
    assert "[speech] engine" in faults(await said(prompts, speech={"engine": "rhvoice"}))


@pytest.mark.parametrize("closed", ["prompts", "prompts/ab", "prompts/ab/abcd.wav"])
async def test_what_the_pbx_may_not_read_is_named_with_the_command_that_opens_it(
    prompts: Path, tmp_path: Path, closed: str
) -> None:
    (tmp_path / closed).chmod(0o600 if closed.endswith("wav") else 0o700)
    told = faults(await said(prompts, at=proc(tmp_path)))
    assert f"may not read {tmp_path / closed}" in told
    assert f"setfacl -m u:{OTHER}:rX {tmp_path / closed}" in told


def test_a_folder_of_its_group_and_its_own_are_open_to_the_pbx(prompts: Path, tmp_path: Path) -> None:
    prompts.chmod(0o750)
    group = prompts.stat().st_gid
    assert first_closed(prompts, PbxUser("asterisk", OTHER, frozenset())) == prompts
    assert first_closed(prompts, PbxUser("asterisk", OTHER, frozenset({group}))) is None
    assert first_closed(prompts, PbxUser("asterisk", prompts.stat().st_uid, frozenset())) is None
    assert first_closed(prompts, PbxUser("root", 0, frozenset())) is None
    prompts.chmod(0o707)
    assert first_closed(prompts, PbxUser("asterisk", OTHER, frozenset({group}))) == prompts, "its group is shut out"


def test_the_user_of_the_pbx_is_found_by_its_process(tmp_path: Path) -> None:
    assert pbx_user(proc(tmp_path, 7, 8, "9 10")) == PbxUser(module._name_of(7), 7, frozenset({8, 9, 10}))
    assert pbx_user(tmp_path / "nothing") is None


async def test_a_pbx_that_is_not_here_is_no_proof_and_says_how_to_try(prompts: Path, tmp_path: Path) -> None:
    assert "no Asterisk runs on this machine" in faults(await said(prompts))
    told = faults(await said(prompts, speech={"pbx_dir": "/srv/prompts"}))
    assert "on the PBX try, as its user: ls /srv/prompts" in told
    assert "start the engine once" in faults(await said(tmp_path / "none"))


async def test_a_model_that_is_none_and_a_library_that_is_missing_are_told(
    prompts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = faults(await said(prompts, speech={"asr_model": str(tmp_path)}))
    assert "it needs model.bin, config.json, tokenizer.json" in told
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    told = faults(await said(prompts, speech={"asr_model": str(a_model(tmp_path / "model"))}))
    assert "pip install 'callengine[asr]'" in told


async def test_answers_that_lie_on_another_machine_are_not_heard(
    prompts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: name)
    model = str(a_model(tmp_path / "model"))
    pbx = Pbx(mode="external", ami_host="10.0.0.5", ami_secret="x")
    told = faults(await said(prompts, speech={"asr_model": model}, pbx=pbx))
    assert "answers said aloud are not heard on main" in told
    assert "not heard" not in faults(await said(prompts, speech={"asr_model": model, "asr_answers": False}, pbx=pbx))


SMPP = {"sms": "smpp", "smpp_host": "smsc.example", "smpp_user": "ads"}
HTTP = {"sms": "http", "sms_url": "https://sms.example/", "sms_body": '{"to": "{number}", "t": "{text}"}'}


@pytest.mark.parametrize(
    ("changes", "what", "change"),
    [
        ({"smtp_user": "ads"}, "there is no password", "smtp_password"),
        ({"smtp_password": "x"}, "nobody to sign in", "smtp_user"),
        ({"smtp_user": "ads", "smtp_password": "x", "smtp_security": "none"}, "in clear", "starttls"),
        ({"smtp_security": "tls"}, 'smtp_security = "tls" on port 587', "try port 465"),
        ({"smtp_port": 465}, "on port 465 is unusual", "try port 587"),
        ({"public_url": ""}, "lead to this machine", "public_url"),
        (SMPP, "no password for SMPP", "smpp_password"),
        (SMPP, "goes in clear", "smpp_tls"),
        (SMPP, "SMS have no sender", "sms_sender"),
        ({"sms": "http", "sms_url": "http://sms.example/"}, "texts and keys go to sms.example in clear", "https://"),
        (HTTP | {"sms_repeatable": True}, "comes twice", "{id}"),
    ],
)
async def test_each_gap_in_what_is_sent_is_one_line_and_says_what_to_set(
    prompts: Path, changes: dict[str, Any], what: str, change: str
) -> None:
    whole = {"smtp_host": "mail.city.example", "email_from": "ads@city.example", "public_url": "https://ads.example"}
    (line,) = [one for one in await said(prompts, notices=whole | changes) if what in one.what]
    assert line.level != "ok" and change in line.change


async def test_an_address_of_the_pages_is_a_public_one(prompts: Path) -> None:
    whole = {"smtp_host": "mail.city.example", "email_from": "ads@city.example"}
    told = faults(await said(prompts, notices=whole, http=Http(public_origins=["https://ads.example"])))
    assert "lead to this machine" not in told
