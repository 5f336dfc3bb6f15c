"""The command line: run, migrate, import, token, staff, doctor, sandbox, demo, robot, speech, replay, bench."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from callengine import __version__, log
from callengine.config import Settings, load
from callengine.errors import EngineError

IMPORT_KINDS = ("houses", "premises", "organisations", "contracts", "residents", "staff", "meters", "classifier")
ROLES = ("administrator", "supervisor", "operator", "organisation_manager", "executor", "inspector", "pbx")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 for an error that was explained, 2 for wrong usage."""
    args = _parser().parse_args(argv)
    log.configure(level=args.log_level, style=args.log_style)
    act: Callable[[argparse.Namespace, Settings], Coroutine[Any, Any, int]] = args.act
    try:
        return asyncio.run(act(args, load()))
    except EngineError as error:
        print(f"callengine: {error.detail}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="callengine", description="A contact-centre engine beside Asterisk.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    parser.add_argument("--log-style", default="auto", choices=("auto", "brief", "json"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, act: Callable[..., Any], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(act=act)
        return sub

    command("run", _run, "Serve: the bridge, the API and the pages; in sandbox mode a private Asterisk too.")
    command("migrate", _migrate, "Bring the database to this release's schema, keeping its data.")
    imports = command("import", _import, "Import a CSV; bad rows are reported with number and reason, the rest taken.")
    imports.add_argument("kind", choices=IMPORT_KINDS)
    imports.add_argument("file", type=Path)
    imports.add_argument("--dry-run", action="store_true", help="only say what would happen")
    token = command("token", _token, "Make a Bearer token: `callengine token create NAME --role ROLE`.")
    token.add_argument("verb", choices=("create",))
    token.add_argument("name")
    token.add_argument("--role", required=True, choices=ROLES)
    token.add_argument("--organisation", type=int)
    token.add_argument("--staff", type=int)
    command("doctor", _doctor, "Look at the PBX, change nothing, and print line by line what to mend.")
    command("sandbox", _sandbox, "Run only the private Asterisk of the sandbox.")
    demo = command("demo", _demo, "Place life-like calls on a running sandbox, with operators that answer.")
    demo.add_argument("--calls-per-minute", type=float, default=6.0)
    demo.add_argument("--seconds", type=float, default=0.0, help="stop after so long; 0: until interrupted")
    demo.add_argument("--seed", type=int, default=1)
    demo.add_argument("--operators", type=int, default=3)
    robot = command("robot", _robot, "The voice robot's kill switch: halt, resume, or how it stands (state).")
    robot.add_argument("verb", choices=("halt", "resume", "state"))
    robot.add_argument("--reason", default="", help="why it is halted")
    speech = command("speech", _speech, "Speak the robot's static prompts beforehand (prepare), or say how they stand.")
    speech.add_argument("verb", choices=("prepare", "state"))
    replay = command("replay", _replay, "Feed a recorded AMI tape to the tracker and print the facts it tells.")
    replay.add_argument("tape", type=Path)
    bench = command("bench", _bench, "Measure speed as ratios within one run.")
    bench.add_argument("only", nargs="*", help="names of single benches")
    return parser


async def _run(args: argparse.Namespace, settings: Settings) -> int:
    from callengine.app import serve

    return await serve(settings)


async def _migrate(args: argparse.Namespace, settings: Settings) -> int:
    from callengine.app import migrate_store

    print(await migrate_store(settings))
    return 0


async def _import(args: argparse.Namespace, settings: Settings) -> int:
    from callengine.app import import_file

    if not args.file.is_file():
        raise EngineError(f"there is no file {args.file}")
    report = await import_file(settings, args.kind, args.file, dry_run=args.dry_run)
    for mistake in report.mistakes:
        print(f"row {mistake.row}: {mistake.reason}", file=sys.stderr)
    done = "would be taken" if args.dry_run else "taken"
    print(f"{report.taken} {done}, {report.changed} changed, {report.skipped} skipped, {len(report.mistakes)} mistakes")
    return 1 if report.mistakes else 0


async def _token(args: argparse.Namespace, settings: Settings) -> int:
    from callengine.app import create_token

    print(await create_token(settings, args.name, args.role, organisation_id=args.organisation, staff_id=args.staff))
    return 0


async def _doctor(args: argparse.Namespace, settings: Settings) -> int:
    from callengine.app import examine

    worst = 0
    async for finding in examine(settings):
        print(finding, flush=True)
        worst = max(worst, 1 if finding.is_failure else 0)
    return worst


async def _sandbox(args: argparse.Namespace, settings: Settings) -> int:
    from callengine.app import sandbox_only

    return await sandbox_only(settings)


async def _demo(args: argparse.Namespace, settings: Settings) -> int:
    from callengine.app import demo

    return await demo(
        settings,
        calls_per_minute=args.calls_per_minute,
        seconds=args.seconds,
        seed=args.seed,
        operators=args.operators,
    )


async def _robot(args: argparse.Namespace, settings: Settings) -> int:
    from callengine.app import robot_switch

    print(await robot_switch(settings, args.verb, args.reason))
    return 0


async def _speech(args: argparse.Namespace, settings: Settings) -> int:
    from callengine.app import speak_static

    async for line in speak_static(settings, only_look=args.verb == "state"):
        print(line, flush=True)
    return 0


async def _replay(args: argparse.Namespace, settings: Settings) -> int:
    from callengine.app import replay_tape

    if not args.tape.is_file():
        raise EngineError(f"there is no tape {args.tape}")
    for fact in replay_tape(settings, args.tape):
        print(fact)
    return 0


async def _bench(args: argparse.Namespace, settings: Settings) -> int:
    from callengine.bench import report

    return await asyncio.to_thread(report, args.only)


if __name__ == "__main__":
    sys.exit(main())
