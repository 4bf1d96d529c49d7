"""The learner's own stage, in my/stageNN: it grows step by step beside the reference.

At the start it has what comes unchanged from the stage before, and all headers that change, as they
will be, with those that they include. A step brings its own headers, its tests, and its .cpp files to
write (stubs.py).
"""

import json
import re
import shutil
from pathlib import Path

from stage import MY, ROOT, Mistake, Stage, Step, stage, to_write
from stubs import stub


class Workspace:
    def __init__(self, of: Stage):
        self.stage = of
        self.folder = MY / f"stage{of.number:02}"
        self.notes = self.folder / ".learn"  # what ./learn remembers

    # ---- what is remembered ----

    @property
    def exists(self) -> bool:
        return (self.notes / "state.json").exists()

    @property
    def state(self) -> dict:
        return json.loads((self.notes / "state.json").read_text())

    def remember(self, **what) -> None:
        state = (self.state if self.exists else {}) | what
        (self.notes / "state.json").write_text(json.dumps(state, indent=1) + "\n")
        (MY / ".last").write_text(f"{self.stage.number}\n")

    @property
    def brought(self) -> list[Step]:
        """The steps that are there; the last one is the one to write, until all is green."""
        return [step for step in self.stage.steps if step.name in self.state["brought"]]

    @property
    def here(self) -> Step | None:
        """The step to write now; None: the stage is written."""
        return None if self.state["finished"] else self.brought[-1]

    # ---- beginning ----

    def start(self, use_reference: bool) -> str:
        """Makes the folder; says what it is made from."""
        if self.exists:
            raise Mistake(f"{shown(self.folder)} is there already: ./learn check {self.stage.number} goes on with it. "
                          "To begin again, move that folder away")
        self.notes.mkdir(parents=True)
        if not (MY / "common").exists():
            (MY / "common").symlink_to(ROOT / "common")
        source, name = self._origin(use_reference)
        for file in self._kept(source):
            self._copy(source / file, file)
        for file in self.stage.at_once:
            self._copy(self.stage.folder / file, file)
        for file in self.stage.code:
            if self.stage.is_changed(file) and file.endswith(".cpp") and (source / file).exists():
                self._copy(source / file, f".learn/before/{file}")
        self._copy(self.stage.folder / "CMakeLists.txt", "CMakeLists.txt")
        for path in [*self.stage.folder.glob("tests/*.hpp"), *self.stage.folder.glob("tests/golden/**/*")]:
            if path.is_file():
                self._copy(path, str(path.relative_to(self.stage.folder)))
        self.remember(origin=name, brought=[], finished=False, green={}, hints={})
        self.bring_next()
        return name

    def _origin(self, use_reference: bool) -> tuple[Path, str]:
        before = self.stage.before
        if not before:
            return self.stage.folder, "nothing: it is the first"
        own = Workspace(before)
        if not use_reference and own.exists and own.state["finished"]:
            return own.folder, f"your stage {before.number}"
        why = "" if use_reference or not own.exists else ", since yours is not green yet"
        return before.folder, f"{before.name} as it is here{why}"

    def _kept(self, source: Path) -> list[str]:
        """What this stage has from the one before as it is; and what the learner has besides."""
        before = self.stage.before
        if not before:
            return []
        theirs, ours = set(before.code), set(self.stage.code)
        files = (path for part in ("src", "apps") for path in (source / part).rglob("*") if path.is_file())
        names = {str(path.relative_to(source)) for path in files}
        kept = {file for file in ours & theirs if not self.stage.is_changed(file)}
        return sorted(names & kept | names - theirs - ours)

    def _copy(self, source: Path, file: str) -> None:
        target = self.folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    # ---- going on ----

    def bring_next(self) -> Step | None:
        """The next step's files; with it those given and naive ones that stand before it in the list.
        None: there is no further one."""
        steps = self.stage.steps[len(self.brought):]
        if not steps:
            self.remember(finished=True)
            return None
        step = steps[0]
        for file in step.files:
            if not (self.folder / file).exists() or not self.stage.is_changed(file) or file.endswith(".cpp"):
                self._bring(step, file)
        for test in [f"{name}_test" for name in step.tests] + step.helpers:
            source = self.stage.test_source(test)
            if source.is_relative_to(self.stage.folder):
                self._copy(source, f"tests/{test}.cpp")
        self.remember(brought=[*self.state["brought"], step.name])
        return step

    def _bring(self, step: Step, file: str) -> None:
        final = self.stage.folder / file
        if not step.is_taught or not file.endswith(".cpp"):
            self._copy(final, file)
            return
        before = self.stage.before and self.stage.before.folder / file
        was = before.read_text() if before and before.exists() else ""
        own = self.notes / "before" / file
        target = self.folder / file
        if target.exists() and not any(file in earlier.files for earlier in self.brought):
            return  # written before its step came
        target.parent.mkdir(parents=True, exist_ok=True)
        mine = self._without_gone_headers(own.read_text()) if was and own.exists() else ""
        target.write_text(stub(final.read_text(), was, mine))

    def _without_gone_headers(self, text: str) -> str:
        """Of the stage before: what it includes and this stage removes would not compile."""
        before = self.stage.before.code if self.stage.before else []
        gone = {file.removeprefix("src/") for file in before if file not in self.stage.code}
        return re.sub(r'^#include "(.+)"\n', lambda found: "" if found[1] in gone else found[0], text, flags=re.MULTILINE)

    def take(self, step: Step) -> Path | None:
        """The reference's files of a step that is there; yours are put aside, in the folder returned."""
        if step not in self.brought:
            raise Mistake(f"the step {step.name} is still to come; {self.brought[-1].name} is the one to write now")
        changed = [file for file in step.files if (self.folder / file).exists()
                   and (self.folder / file).read_bytes() != (self.stage.folder / file).read_bytes()]
        aside = None
        if changed:
            numbers = (number for number in range(1, 1_000_000))
            aside = next(path for n in numbers if not (path := self.notes / "yours" / f"{step.name}-{n}").exists())
            for file in changed:
                self._copy(self.folder / file, str((aside / file).relative_to(self.folder)))
        for file in step.files:
            self._copy(self.stage.folder / file, file)
        return aside


def shown(path: Path) -> str:
    """As one would type it at the top of the checkout."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def workspace(number: str = "") -> Workspace:
    """That of a stage; without a number, of the one that was started or checked last."""
    if not number:
        last = MY / ".last"
        if not last.exists():
            raise Mistake("no stage has been started yet: ./learn start 1")
        number = last.read_text().strip()
    mine = Workspace(to_write(number))
    if not mine.exists:
        raise Mistake(f"you have not started stage {number} yet: ./learn start {number}")
    return mine


def all_started() -> list[str]:
    return [of.name for number in range(1, 7) if Workspace(of := stage(number)).exists]
