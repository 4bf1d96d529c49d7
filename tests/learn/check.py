"""./learn check: builds and tests a workspace step by step, up to the first that is not there yet."""

import re
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

import build
from stage import BUILD, Mistake, Step
from workspace import Workspace, shown, workspace

WHOLE = "whole"  # not a step: the kept tests and those that take the server as a black box
OUTPUT_LINES_MAX = 40


USAGE = ("./learn check [N] [--watch] [--points], ./learn check [N] --exercise K, "
         "or ./learn check N --server CMD")


def main(arguments: list[str]) -> int:
    number = arguments.pop(0) if arguments and arguments[0].isdigit() else ""
    mine = workspace(number)
    if len(arguments) == 2 and arguments[0] == "--exercise":
        return exercise(mine, arguments[1])
    if unknown := [word for word in arguments if word not in ("--watch", "--points")]:
        raise Mistake(f"check does not know '{unknown[0]}'; it is {USAGE}")
    if "--watch" in arguments:
        return watch(mine)
    return check(mine, "--points" in arguments)


def exercise(mine: Workspace, number: str) -> int:
    """An exercise of the chapter's end: on a stage that is written."""
    source = mine.stage.folder / f"exercises/{number}_test.cpp"
    if not source.exists():
        raise Mistake(f"{mine.stage.name} has no exercise '{number}'")
    if mine.here:
        raise Mistake(f"exercises come when stage {mine.stage.number} is green: ./learn check {mine.stage.number}")
    _configure(mine)
    if wrong := build.build([f"{mine.stage.name}-exercise-{number}"]):
        print(f"it does not compile:\n{wrong}")
        return 1
    outcomes = build.run_all([build.exercise_program(mine, number)])
    failed = [outcome for outcome in outcomes if not outcome.passed]
    print(f"exercise {number}: {len(outcomes) - len(failed)} of {len(outcomes)} tests")
    if failed:
        print(f"\n{told(failed[0])}\n\nStuck? ./learn hint {mine.stage.number} --exercise {number}")
    return 1 if failed else 0


def watch(mine: Workspace) -> int:
    """Checks at every change of a file, until it is interrupted."""
    seen = None
    try:
        while True:
            if (now := _times(mine.folder)) != seen:
                print("\x1b[2J\x1b[H" if sys.stdout.isatty() else "", end="")
                check(mine)
                seen = _times(mine.folder)  # a check may have brought the next step
                print("\nwaiting for a change; Ctrl-C ends this", flush=True)
            time.sleep(0.3)
    except KeyboardInterrupt:
        return 0


def _times(folder: Path) -> list[tuple[Path, int]]:
    found = (path for path in folder.rglob("*") if path.is_file() and ".learn" not in path.parts)
    return sorted((path, path.stat().st_mtime_ns) for path in found)


def check(mine: Workspace, points: bool = False) -> int:
    mine.remember()  # that it was the last
    print(f"{mine.stage.name}, in {shown(mine.folder)}", flush=True)
    report = examine(mine, aloud=True)
    report.show()
    if points:
        print(report.points())
    return 0 if report.failure is None else 1


def examine(mine: Workspace, aloud: bool = False) -> "Report":
    """Step by step, and brings the next one when all that are there are green. Aloud: what is done is told at once,
    since to build what comes next takes a while."""
    _configure(mine)
    report = Report(mine)
    while report.failure is None:
        step = next((s for s in mine.brought if s.name not in report.done), None)
        if step is None:
            if mine.here is None or (step := mine.bring_next()) is None:
                break
            _configure(mine)
            report.new = step
        _check_step(mine, step, report)
        if aloud:
            report.tell_done()
    if report.failure is None:
        _check_whole(mine, report)
    return report


def _configure(mine: Workspace) -> None:
    if wrong := build.configure(mine):
        raise Mistake(f"CMake cannot read {shown(mine.folder)}/CMakeLists.txt:\n{wrong}")


def _check_step(mine: Workspace, step: Step, report: "Report") -> None:
    if wrong := build.build(build.targets(mine, step)):
        report.stop_at(step.name, f"it does not compile:\n{wrong}")
        return
    green = mine.state["green"]
    digest = build.digest(mine, step)
    if green.get(step.name, {}).get("digest") != digest:
        outcomes = build.run_tests(mine, step.tests) if step.kind != "naive" else []
        failed = [outcome for outcome in outcomes if not outcome.passed]
        if failed:
            report.counts[step.name] = (len(outcomes) - len(failed), len(outcomes))
            report.stop_at(step.name, told(failed[0]))
            return
        green[step.name] = {"digest": digest, "tests": len(outcomes)}
        mine.remember(green=green)
    tests = green[step.name]["tests"]
    report.counts[step.name] = (tests, tests)
    report.done.append(step.name)


def _check_whole(mine: Workspace, report: "Report") -> None:
    name = mine.stage.name
    if wrong := build.build([f"{name}/all", f"{name}-black-box"]):
        report.stop_at(WHOLE, f"it does not compile:\n{wrong}")
        return
    found = BUILD / f"{name}.xml"
    subprocess.run(["ctest", "--test-dir", BUILD, "--tests-regex", rf"^{name}\.", "--label-exclude", "soak|mutants|slow|limits",
                    "--exclude-regex", r"\.tour$", "--parallel", str(2 * build.jobs()), "--output-junit", found, "--quiet"],
                   capture_output=True)
    cases = [case for case in xml.parse(found).getroot().iter("testcase") if case.get("status") != "notrun"]
    failed = [case for case in cases if case.get("status") == "fail"]
    report.counts[WHOLE] = (len(cases) - len(failed), len(cases))
    if failed:
        case = min(failed, key=lambda one: one.get("name", ""))
        output = case.findtext("system-out") or ""
        report.stop_at(WHOLE, told(build.Outcome(case.get("name", "").removeprefix(f"{name}."), False, output)))


def told(outcome: build.Outcome) -> str:
    """A failure without what GoogleTest says around it."""
    noise = re.compile(r"^(Note: Google Test filter|\[[-=]+\]|\[ (RUN|  PASSED  |  FAILED  )|\[  PASSED|\[  FAILED|"
                       r"Running main|\s*\d+ FAILED TEST|The server of the failed test; \(its log is empty\)$|$)")
    lines = [line for line in outcome.output.split("\n") if not noise.match(line)]
    lines = lines or ["it was ended before it could say why: it crashed, or its time was over"]
    if len(lines) > OUTPUT_LINES_MAX:
        lines = lines[:OUTPUT_LINES_MAX] + [f"... and {len(lines) - OUTPUT_LINES_MAX} lines more"]
    return f"{outcome.test} fails:\n" + "\n".join(f"  {line.replace(str(build.ROOT) + '/', '')}" for line in lines)


class Report:
    """What a check found: how far one is, and the first failure."""

    def __init__(self, mine: Workspace):
        self.mine = mine
        self.done: list[str] = []
        self.counts: dict[str, tuple[int, int]] = {}
        self.failure: tuple[str, str] | None = None  # the step, and what is told of it
        self.new: Step | None = None  # it came with this check: nobody has written it yet
        self.untold = [step for step in mine.stage.steps if step.kind != "naive"]

    def stop_at(self, step: str, what: str) -> None:
        self.failure = (step, what)

    def tell_done(self) -> None:
        while self.untold and self._is_done(self.untold[0]):
            self._tell_next()

    def _tell_next(self) -> None:
        step = self.untold.pop(0)
        if step.is_taught or step.name in self.counts and not self._is_done(step):
            print(self._line(step.name), flush=True)

    def show(self) -> None:
        mine = self.mine
        while self.untold:
            self._tell_next()
        print(self._line(WHOLE, "all of it: the server as its clients see it"))
        if self.failure is None:
            print(f"\nStage {mine.stage.number} is written. " + (
                f"./learn start {mine.stage.number + 1} goes on from it." if mine.stage.number < 6 else
                "There is no more to write; ./learn diff 6 7 shows what makes it fast."))
            return
        name, what = self.failure
        if self.new is not None and self.new.name == name:
            self._show_new(self.new)
            return
        print(f"\n{what}")
        file, line, heading = mine.stage.heading(name)
        if heading:
            print(f"\nto read: {shown(file)}:{line}, {heading}")

    def _show_new(self, step: Step) -> None:
        """Red, as it must be. What there is to write, and where it is told."""
        mine = self.mine
        print(f"\nThe step {step.name} is new, and red: that is expected. To write:")
        for file in (file for file in step.files if file.endswith(".cpp")):
            print(f"  {shown(mine.folder / file)}")
        given = [file for file in step.files if not file.endswith(".cpp")]
        if given:
            print("given with it: " + " ".join(given))
        file, line, heading = mine.stage.heading(step.name)
        if heading:
            print(f"to read: {shown(file)}:{line}, {heading}")

    def _is_done(self, step: Step) -> bool:
        return step.name in self.done

    def _line(self, name: str, title: str = "") -> str:
        passed, tests = self.counts.get(name, (0, 0))
        is_here = self.failure is not None and self.failure[0] == name
        mark = "here" if is_here else "done" if name in self.done or name == WHOLE and self.counts.get(WHOLE) else ""
        count = f"{passed} of {tests} tests" if tests else "does not compile" if is_here else ""
        return f"  {mark:5} {title or name:44.44} {count}".rstrip() if title else f"  {mark:5} {name:14} {count}".rstrip()

    def points(self) -> str:
        """A line that a teacher can collect."""
        taught = [step.name for step in self.mine.stage.steps if step.is_taught]
        done = sum(name in self.done for name in taught)
        here = self.failure[0] if self.failure else "-"
        passed, tests = self.counts.get(here, (0, 0))
        return f"points {self.mine.stage.name} steps={done}/{len(taught)} here={here} tests={passed}/{tests}"
