"""A stage of the reference: its steps in teaching order, as its CMakeLists.txt lists them."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MY = Path(os.environ.get("LEARN_MY", ROOT / "my"))  # the tests of ./learn have another one
BUILD = Path(os.environ.get("LEARN_BUILD", ROOT / "build" / "my"))
FIRST, LAST = 1, 6  # the stages that one writes; what comes then is for speed, or somebody else's


class Mistake(Exception):
    """Something to be told in one line, without a traceback."""


@dataclass
class Step:
    name: str
    kind: str  # step, given, naive or kept, as in steps.sh
    files: list[str] = field(default_factory=list)  # from the stage's folder; with headers
    tests: list[str] = field(default_factory=list)
    helpers: list[str] = field(default_factory=list)

    @property
    def is_taught(self) -> bool:
        return self.kind == "step"


@dataclass
class Stage:
    number: int
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def before(self) -> "Stage | None":
        return stage(self.number - 1) if self.number > FIRST else None

    @property
    def chapter(self) -> Path:
        return self.folder / "README.md"

    @property
    def chapter_files(self) -> list[str]:
        """README.md, and those beside it in which a long chapter goes on."""
        return sorted(path.name for path in self.folder.glob("*.md") if path.name != "hints.md")

    @property
    def steps(self) -> list[Step]:
        return [step for step in self.steps_and_kept if step.kind != "kept"]

    @property
    def steps_and_kept(self) -> list[Step]:
        """With one more, of the kind kept: the tests and helpers that come from the stage before."""
        return _lists(self.folder)

    @property
    def kept_tests(self) -> list[str]:
        return [test for step in self.steps_and_kept if step.kind == "kept" for test in step.tests]

    @property
    def code(self) -> list[str]:
        """All files but tests, build files and the chapter; naive ones are the stage's own."""
        parts = ("src", "apps", "proto", "naive")
        files = (path for part in parts for path in (self.folder / part).rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.folder)) for path in files)

    def is_changed(self, file: str) -> bool:
        """It is in the stage before, and differs."""
        old = self.before and self.before.folder / file
        return bool(old) and old.exists() and old.read_bytes() != (self.folder / file).read_bytes()

    @property
    def at_once(self) -> list[str]:
        """What is there from the first step on: what changes and is not compiled by itself, as it will be;
        and the new headers that it includes, for what is kept from the stage before is compiled with it."""
        files = [file for file in self.code if self.is_changed(file) and not file.endswith(".cpp") or file.startswith("proto/")]
        for file in files:  # and of those that are added here
            found = re.findall(r'^#include "(.+)"', (self.folder / file).read_text(), re.MULTILINE)
            headers = {f"src/{header}" for header in found} & set(self.code) - set(files)
            files += sorted(header for header in headers if not (self.before.folder / header).exists())
        return files

    def step(self, name: str) -> Step:
        for step in self.steps:
            if step.name == name:
                return step
        taught = " ".join(step.name for step in self.steps if step.is_taught)
        raise Mistake(f"{self.name} has no step '{name}'; it has: {taught}")

    def test_source(self, name: str) -> Path:
        folders = (self.folder / "tests", ROOT / "common/unit", ROOT / "common/unit/support")
        return next(path for folder in folders if (path := folder / f"{name}.cpp").exists())

    def heading(self, step: str) -> tuple[Path, int, str]:
        """Where the chapter tells of it: the file, the line, and the heading; that is empty for what is not taught.
        In a long chapter the first page only leads to the file that does."""
        for number, line in enumerate(self.chapter.read_text().split("\n"), 1):
            if found := re.match(rf"## Step \d+: ({re.escape(step)}\b.*)", line):
                for file in self.chapter_files:
                    lines = (self.folder / file).read_text().split("\n")
                    if f"## {found[1]}" in lines:
                        return self.folder / file, lines.index(f"## {found[1]}") + 1, line.removeprefix("## ")
                return self.chapter, number, line.removeprefix("## ")
        return self.chapter, 0, ""


@cache
def _lists(folder: Path) -> list[Step]:
    script = 'source "$1/tests/steps.sh"; steps_of "$2"'
    out = subprocess.run(["bash", "-euc", script, "-", ROOT, folder], check=True, text=True, capture_output=True).stdout
    steps: dict[str, Step] = {}
    for line in out.splitlines():
        kind, name, what, word = line.split(" ", 3)
        step = steps.setdefault(name, Step(name, kind))
        part = {"file": step.files, "header": step.files, "test": step.tests, "helper": step.helpers}.get(what)
        if part is not None:
            part.append(word)
    return list(steps.values())


def stage(number: int) -> Stage:
    folders = list(ROOT.glob(f"stage{number:02}-*"))
    if not folders:
        raise Mistake(f"there is no stage '{number}'")
    return Stage(number, folders[0])


def to_write(number: str) -> Stage:
    if not number.isdigit() or not FIRST <= int(number) <= LAST:
        raise Mistake(f"one writes the stages {FIRST} to {LAST}, and '{number}' is none of them")
    return stage(int(number))


def apply(patch: str, folder: Path, *options: str) -> None:
    """A patch of a stage, as in tests/mutants, to another folder that has the stage's files."""
    subprocess.run(["git", "apply", "-p2", *options, "-"], input=patch, text=True, check=True, cwd=folder,
                   env=os.environ | {"GIT_CEILING_DIRECTORIES": str(folder.parent)})
