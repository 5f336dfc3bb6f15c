"""Fixtures for every room: `store` (each test on SQLite and on PostgreSQL), `clock`, and database URLs."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from callengine.clock import ManualClock
from callengine.log import Brief, JsonLines
from callengine.store.database import Store
from callengine.store.engines import owner_name
from callengine.store.migrate import migrate
from tests.furnished import Furnished, Furnishing
from tests.order import in_order
from tests.pbx_fixture import sandbox_pbx, sandbox_pbx16  # noqa: F401
from tests.postgres import OWNER, PREFIX, TEMPLATE, PostgresServer, apart, binaries, memory, sweep

DATABASES = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]


@pytest.hookimpl(trylast=True)  # of what is left when the marks have chosen
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = in_order(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """What a failed test left open is found here and not in the middle of an innocent one some tests later."""
    yield
    _log_as_before()
    if item.stash.get(_FAILED, False):
        sys.last_type = sys.last_value = sys.last_traceback = None  # they hold the failed test's frames
        gc.collect()


def _log_as_before() -> None:
    """A command that was tried in this process logs to a stream that is closed by now: not for those after it."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one.formatter, JsonLines | Brief)]:
        root.removeHandler(handler)
        root.setLevel(logging.WARNING)


_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A private PostgreSQL, once per session; skips where PostgreSQL is not installed (make setup-test)."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed: make setup-test")
    server = PostgresServer()
    try:
        server.start()
        apart(lambda: migrate(server.url(server.create("template0", name=TEMPLATE))))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that each test copies."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    apart(lambda: migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def databases_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where SQLite files of tests lie: in memory where there is room, for each commit waits for the disk.

    On a busy machine that is 12 ms a commit instead of 0.1; no test here takes the power away.
    """
    parent = memory()
    if parent is None:
        yield tmp_path_factory.mktemp("databases")
        return
    sweep(parent)  # of runs that were killed
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    (folder / OWNER).write_text(owner_name(), "utf-8")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database_dir(databases_dir: Path) -> Iterator[Path]:
    """A folder of this test alone for its SQLite file."""
    folder = Path(tempfile.mkdtemp(dir=databases_dir))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def furnished(databases_dir: Path) -> Furnished:
    """The databases that were furnished in this session."""
    return Furnished(Path(tempfile.mkdtemp(dir=databases_dir)))


@pytest.fixture
def furnishing() -> Furnishing | None:
    """What the test's database holds besides the schema; a module that needs it often has a fixture of this name."""
    return None


@pytest.fixture
def sqlite_url(sqlite_template: Path, database_dir: Path, furnished: Furnished, furnishing: Furnishing | None) -> str:
    """The URL of a migrated SQLite database of this test alone."""
    path = database_dir / "callengine.db"
    shutil.copyfile(furnished.sqlite(sqlite_template, furnishing) if furnishing else sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, furnished: Furnished, furnishing: Furnishing | None) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database of this test alone."""
    name = postgres_server.create(furnished.postgres(postgres_server, furnishing) if furnishing else TEMPLATE)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=DATABASES)
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database of this test alone: SQLite, then PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """A store on a migrated database; the test runs once on SQLite and once on PostgreSQL."""
    opened = Store(store_url)
    yield opened
    await opened.close()


@pytest.fixture
async def postgres_store(postgres_url: str) -> AsyncIterator[Store]:
    """A store on PostgreSQL alone, for what only it can do."""
    opened = Store(postgres_url)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[Store]:
    """A store on SQLite alone, for what needs no second run."""
    opened = Store(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test moves by hand; it starts on 2026-11-20 at 08:00 UTC."""
    return ManualClock()
