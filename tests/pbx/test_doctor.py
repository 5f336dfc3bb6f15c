"""The doctor against a fake PBX: each fault is one line that says what to change (F16)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from callengine.clock import SystemClock
from callengine.config import OnePbx, Settings
from callengine.pbx.doctor import CONTEXTS, RIGHTS, Finding, examine_pbx
from tests.pbx.fake_ami import FakeAmi, event, listing, response

GENERAL = ["Line-000000-000000: timestampevents=yes", "Line-000000-000001: channelvars=CALLERID(num-pres)"]
OURS = ["Line-000000-000000: read=call,agent,user,system", "Line-000000-000001: eventfilter=Event: Hangup"]


@pytest.fixture
def well(fake: FakeAmi, tmp_path: Path) -> FakeAmi:
    """A PBX with which everything is right, but nobody listens for FastAGI."""
    variables = {"ASTSPOOLDIR": "/var/spool/asterisk", "CE_FASTAGI": "127.0.0.1:4573"}
    variables |= {f"DIALPLAN_EXISTS({c})": "1" for c in (*CONTEXTS, "callengine-outbound")}
    fake.queues = [event("QueueParams", Queue="desk"), event("QueueMember", Location="PJSIP/101", Status="1")]
    fake.answers |= {
        "CoreSettings": lambda a: response(a, "AsteriskVersion: 22.10.1"),
        "ListCommands": lambda a: response(a, *(f"{action}: x (Priv: {right})" for action, right, _ in RIGHTS)),
        "GetConfig": lambda a: response(a, *(GENERAL if a["Category"] == "general" else OURS)),
        "Getvar": lambda a: response(a, f"Value: {variables.get(a['Variable'], '')}"),
    }
    return fake


async def examined(fake: FakeAmi, tmp_path: Path, *, secret: str = "secret") -> list[Finding]:
    pbx = OnePbx(ami_port=fake.port, ami_secret=secret, recordings_dir=str(tmp_path))
    return [finding async for finding in examine_pbx(Settings(), [pbx], listen_seconds=0.05)]


async def test_a_pbx_that_is_well_gets_no_failure(well: FakeAmi, tmp_path: Path) -> None:
    findings = await examined(well, tmp_path)
    assert [f for f in findings if f.is_failure] == []
    assert len(findings) >= 11


async def test_it_changes_nothing(well: FakeAmi, tmp_path: Path) -> None:
    await examined(well, tmp_path)
    reads = {"Login", "Ping", "CoreShowChannels", "QueueStatus", "CoreSettings", "ListCommands", "GetConfig", "Getvar"}
    assert set(well.names()) <= reads | {"ModuleCheck", "DBGetTree"}


Break = Callable[[FakeAmi], object]


@pytest.mark.parametrize(
    ("damage", "what", "change"),
    [
        (lambda f: f.answers.update(ListCommands=lambda a: response(a, "Ping: x")), "Originate is not", "originate"),
        (lambda f: f.answers.update(GetConfig=lambda a: response(a)), "events carry no time", "timestampevents"),
        (
            lambda f: f.answers.update(GetConfig=lambda a: response(a, "Line-000000-000000: timestampevents=yes")),
            "hides his number",
            "channelvars",
        ),
        (lambda f: setattr(f, "queues", []), "no queue desk", "queues.conf"),
        (lambda f: setattr(f, "queues", [event("QueueParams")]), "no members", "member =>"),
        (lambda f: f.answers.update(Getvar=lambda a: response(a, "Value: 0")), "no context", "extensions.conf"),
        (
            lambda f: f.answers.update(ModuleCheck=lambda a: response(a, "Message: no", ok=False)),
            "not loaded: app_queue",
            "modules.conf",
        ),
        (lambda f: setattr(f, "boots", False), "no event came", "read ="),
        (
            lambda f: f.answers.update(
                Ping=lambda a: response(a, f"Timestamp: {SystemClock().now().timestamp() + 3600:.6f}")
            ),
            "3600.0 s ahead of ours",
            "chrony",
        ),
    ],
)
async def test_each_fault_is_named_with_what_to_change(
    well: FakeAmi, tmp_path: Path, damage: Break, what: str, change: str
) -> None:
    damage(well)
    failed = [f for f in await examined(well, tmp_path) if f.is_failure]
    assert any(what in f.what and change in f.change for f in failed), failed


async def test_too_many_rights_and_bad_ledger_rows_are_warnings(well: FakeAmi, tmp_path: Path) -> None:
    everything = [f"{action}: x" for action, _, _ in RIGHTS]
    well.answers["ListCommands"] = lambda a: response(a, *everything, "Command: x", "UpdateConfig: x")
    well.answers["DBGetTree"] = lambda a: listing(a, event("DBGetTreeResponse", Key="/callengine/1.1/end", Val="?"))
    findings = await examined(well, tmp_path)
    warned = " ".join(f.what for f in findings if f.level == "warn")
    assert "Command" in warned
    assert "UpdateConfig" in warned
    assert "ledger rows cannot be read" in warned


async def test_a_refused_login_is_the_only_line(well: FakeAmi, tmp_path: Path) -> None:
    (only,) = await examined(well, tmp_path, secret="wrong")
    assert only.is_failure
    assert "refused the login" in only.what
    assert "ami_secret" in str(only)


async def test_a_check_that_the_pbx_refuses_does_not_end_the_others(well: FakeAmi, tmp_path: Path) -> None:
    well.answers["CoreSettings"] = lambda a: response(a, "Message: Permission denied", ok=False)
    findings = await examined(well, tmp_path)
    assert any("version: could not be examined" in f.what for f in findings)
    assert len(findings) >= 11
