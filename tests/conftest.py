"""Which statements of the fact sheets the tests show: read from the marker, written to `.statements.json`.

A test carries at most three. Only tests that passed count. A run of everything rewrites the file; a run of a part
replaces what it holds about the tests of that part.
"""

import json
import os
import re
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest

import tests.haste  # noqa: F401  for its effect
from tests.postgres import _kept_there, database, server  # noqa: F401

FILE = ".statements.json"
MOST = 3
STATEMENT = re.compile(r"(OCPI|EMIP|DIEMO|ECO|MIG|OJ|MAP)-[1-9]\d*")


def statements(item: pytest.Item) -> list[str]:
    """Every id the test carries, also by its class or module, once."""
    ids = (one for mark in item.iter_markers("statement") for one in mark.args)
    return list(dict.fromkeys(ids))


def fault(items: Iterable[pytest.Item]) -> str | None:
    """Say what is wrong with the ids of one test, given in all its variants."""
    ids: dict[str, None] = {}
    for item in items:
        for mark in item.iter_markers("statement"):
            if not mark.args or mark.kwargs:
                return f"{item.name}: a statement marker takes ids and nothing else"
        ids |= dict.fromkeys(statements(item))
    wrong = [one for one in ids if not (isinstance(one, str) and STATEMENT.fullmatch(one))]
    if wrong:
        return f"no statement has the id {wrong[0]!r}"
    if len(ids) > MOST:
        return f"carries {len(ids)} statements; a test shows at most {MOST}"
    return None


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str) -> Generator[None, object, object]:
    """Refuse a test whose ids are wrong while it is collected."""
    made = yield
    variants = [item for item in (made if isinstance(made, list) else [made]) if isinstance(item, pytest.Item)]
    if said := fault(variants):
        raise collector.CollectError(f"{name}: {said}")
    return made


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the ids travel with the reports, also out of the processes of xdist."""
    for item in items:
        item.user_properties.extend(("statement", one) for one in statements(item))


class Record:
    """What each test that ran in this session has shown."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.shown: dict[str, list[str]] = {}
        self.passed: set[str] = set()
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.shown[report.nodeid] = [str(value) for key, value in report.user_properties if key == "statement"]
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.config.option.collectonly:
            return
        file = self.config.rootpath / FILE
        tests = {} if self.everything(session) else self.earlier(file)
        for test, ids in self.shown.items():
            tests[test] = ids if test in self.passed - self.failed else []
        write(file, tests)

    def everything(self, session: pytest.Session) -> bool:
        """Tell whether this run tried all there is, so that older results say nothing."""
        option = self.config.option
        narrowed = option.keyword or option.markexpr != default_selection(self.config) or option.deselect
        narrowed = narrowed or getattr(option, "lf", False) or session.shouldstop or session.shouldfail
        finished = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        return not narrowed and finished and self.config.args_source is pytest.Config.ArgsSource.TESTPATHS

    def earlier(self, file: Path) -> dict[str, list[str]]:
        """Read what the file holds, turned round: the ids of each test."""
        tests: dict[str, list[str]] = {}
        if file.exists():
            for one, names in json.loads(file.read_text(encoding="utf-8")).items():
                for name in names:
                    tests.setdefault(name, []).append(one)
        return tests


def default_selection(config: pytest.Config) -> str:
    """Give the `-m` of the project's own options."""
    options = config.getini("addopts")
    return options[options.index("-m") + 1] if "-m" in options else ""


def write(file: Path, tests: dict[str, list[str]]) -> None:
    """Write the tests of each id at once: a reader never sees half a file."""
    ids: dict[str, list[str]] = {}
    for test in sorted(tests):
        for one in tests[test]:
            ids.setdefault(one, []).append(test)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(json.dumps(dict(sorted(ids.items(), key=order)), indent=1) + "\n", encoding="utf-8")
    draft.replace(file)


def order(entry: tuple[str, object]) -> tuple[str, int]:
    """Sort OCPI-9 before OCPI-36."""
    family, number = entry[0].split("-")
    return family, int(number)


def pytest_configure(config: pytest.Config) -> None:
    """Keep the record in the one process that hears every report."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Record(config), "statements")
