"""The doors: what make offers, what is locked, and what the record of shown statements says."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
TARGETS = re.compile(r"^([a-z]+):", re.MULTILINE)


@pytest.fixture
def project(tmp_path):
    """A small project with our conftest and our options."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    lines = [f"{key} = {json.dumps(options[key])}" for key in ("testpaths", "addopts", "markers")]
    (tmp_path / "pyproject.toml").write_text("\n".join(["[tool.pytest.ini_options]", *lines]))
    (tmp_path / "tests").mkdir()
    for file in ("conftest.py", "haste.py", "postgres.py"):
        shutil.copy(ROOT / "tests" / file, tmp_path / "tests")
    (tmp_path / "tests" / "test_one.py").write_text(
        "import pytest\n"
        "@pytest.mark.statement('OCPI-36', 'OCPI-9')\n"
        "def test_good(): pass\n"
        "@pytest.mark.statement('EMIP-4')\n"
        "def test_bad(): assert False\n"
        "@pytest.mark.statement('EMIP-5')\n"
        "def test_absent(): pytest.skip('not here')\n"
        "@pytest.fixture\n"
        "def leaking():\n"
        "    yield\n"
        "    raise OSError\n"
        "@pytest.mark.statement('EMIP-6')\n"
        "def test_leaking(leaking): pass\n"
    )
    (tmp_path / "tests" / "test_two.py").write_text(
        "import pytest\n@pytest.mark.statement('OCPI-36')\n@pytest.mark.parametrize('n', [1, 2])\ndef test_n(n): pass\n"
    )
    return tmp_path


def run(project: Path, *arguments: str) -> str:
    """Run pytest there in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "pytest_asyncio.plugin",
        *arguments,
    ]
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=project, env=alone, capture_output=True, text=True, check=False).stdout


def shown(project: Path) -> dict[str, list[str]]:
    return json.loads((project / ".statements.json").read_text())


def test_a_full_run_records_the_statements_of_the_tests_that_passed(project):
    (project / ".statements.json").write_text('{"ECO-1": ["tests/test_gone.py::test_gone"]}')
    run(project)
    assert shown(project) == {
        "OCPI-9": ["tests/test_one.py::test_good"],
        "OCPI-36": [
            "tests/test_one.py::test_good",
            "tests/test_two.py::test_n[1]",
            "tests/test_two.py::test_n[2]",
        ],
    }


@pytest.mark.parametrize("part", [["tests/test_one.py"], ["-k", "test_good or test_bad"], ["-x"]])
def test_a_run_of_a_part_keeps_what_the_others_showed(project, part):
    run(project)
    file = project / "tests" / "test_one.py"
    file.write_text(file.read_text().replace("def test_good(): pass", "def test_good(): assert False"))
    run(project, *part)
    assert shown(project) == {"OCPI-36": ["tests/test_two.py::test_n[1]", "tests/test_two.py::test_n[2]"]}


WRONG = {
    "'OCPI-1', 'OCPI-2', 'OCPI-3', 'OCPI-4'": "carries 4 statements",
    "'OCPI36'": "no statement has the id 'OCPI36'",
    "'OCPI-036'": "no statement has the id 'OCPI-036'",
    "'OCIP-36'": "no statement has the id 'OCIP-36'",
    "'OCPI-36, OCPI-37'": "no statement has the id 'OCPI-36, OCPI-37'",
    "36": "no statement has the id 36",
    "": "takes ids and nothing else",
}


def test_a_test_with_wrong_statements_is_not_collected(project):
    for number, marker in enumerate(WRONG):
        (project / "tests" / f"test_wrong{number}.py").write_text(
            f"import pytest\n@pytest.mark.statement({marker})\nasync def test_wrong(): pass\n"
        )
    output = run(project)
    assert [said for said in WRONG.values() if said not in output] == []
    assert f"{len(WRONG)} errors" in output


def test_the_variants_of_a_test_carry_at_most_three_statements_together(project):
    (project / "tests" / "test_three.py").write_text(
        "import pytest\n"
        "ids = [f'MIG-{n}' for n in range(1, 5)]\n"
        "@pytest.mark.parametrize('n', [pytest.param(i, marks=pytest.mark.statement(i)) for i in ids])\n"
        "def test_three(n): pass\n"
    )
    assert "carries 4 statements" in run(project)


def test_make_alone_lists_every_door_with_a_line_each():
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    listed = subprocess.run(["make"], cwd=ROOT, env=outside, capture_output=True, text=True, check=True).stdout
    doors = TARGETS.findall((ROOT / "Makefile").read_text())
    assert [line.split()[1] for line in listed.splitlines()] == doors
    assert all(len(line.split()) > 3 for line in listed.splitlines())


def test_what_is_built_elsewhere_uses_the_same_door():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ['cd "$(dirname "$0")/.." && exec make test']


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes_and_no_index_is_named(lock):
    text = (ROOT / lock).read_text()
    packages = re.findall(r"^\S+==\S+(?:.*\\\n    --hash=sha256:[0-9a-f]{64})?", text, re.MULTILINE)
    assert len(packages) > 20
    assert [package for package in packages if "--hash" not in package] == []
    assert "://" not in text
    assert "-index" not in text


def test_both_locks_name_the_same_versions():
    run_time, workshop = (set(re.findall(r"^(\S+==\S+)", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS)
    assert run_time <= workshop


KINDS = {"added", "changed", "fixed", "removed"}
BESIDE = {"README.md", "release.jinja"}


def test_every_fragment_of_the_changelog_says_what_kind_of_change_it_is():
    names = {file.name for file in (ROOT / "changelog.d").iterdir()} - BESIDE
    assert [name for name in names if name.split(".")[-2:] not in [[kind, "md"] for kind in KINDS]] == []


def test_a_release_moves_every_fragment_to_the_changelog(tmp_path):
    for name in ("CHANGELOG.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "changelog.d", tmp_path / "changelog.d")
    (tmp_path / "src").mkdir()
    fragments = {
        file: " ".join(file.read_text().split())
        for file in (tmp_path / "changelog.d").iterdir()
        if file.name not in BESIDE
    }

    def gather(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "towncrier", "build", "--date", "2027-01-31", *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    for words in (("init", "-q"), ("add", "-A")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    before = (tmp_path / "CHANGELOG.md").read_text()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## {version} (2027-01-31)" in gather("--draft").stdout
    assert (tmp_path / "CHANGELOG.md").read_text() == before
    assert gather("--yes").returncode == 0
    after = (tmp_path / "CHANGELOG.md").read_text()
    assert after.startswith(f"{before}\n## {version} (2027-01-31)\n\n### ")
    said = " ".join(after.split())
    assert [file.name for file, text in fragments.items() if f"- {text}" not in said] == []
    assert {file.name for file in (tmp_path / "changelog.d").iterdir()} == BESIDE
