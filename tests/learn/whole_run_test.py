"""whole_run_test.py BUILD STAGE...: writes the stages as a learner would who takes every step from the
reference: each is red when it comes, and green once it is taken, and none before. And a wrong file is
found out in its step, by its test. Compiles in BUILD."""

import os
import re
import sys
import tempfile
import unittest
from pathlib import Path

scratch = tempfile.TemporaryDirectory()
os.environ["LEARN_MY"] = scratch.name
os.environ["LEARN_BUILD"] = sys.argv[1]
sys.dont_write_bytecode = True

import check  # noqa: E402
from stage import ROOT, apply, stage  # noqa: E402
from workspace import Workspace  # noqa: E402

STAGES = [int(number) for number in sys.argv[2:]]
WRONG = {  # of a stage: the step that finds a planted bug, and the bug
    1: ("resp", "end-of-bulk-checked"),
    2: ("memtable", "many-keys-one-by-one"),
    3: ("frames", "little-endian"),
    4: ("observer", "refused-changes-stay"),
    5: ("log", "small-two-groups-a-sync"),
    6: ("log", "asked-meanwhile-and-forgotten"),
}


class WholeRun(unittest.TestCase):
    def test_each_step_turns_green_in_its_turn(self):
        for number in STAGES:
            with self.subTest(stage=number):
                mine = Workspace(stage(number))
                mine.start(use_reference=True)
                self.write(mine)
                self.plant(mine, *WRONG[number])

    def write(self, mine: Workspace) -> None:
        for step in (step for step in mine.stage.steps if step.is_taught):
            report = check.examine(mine)
            self.assertIsNotNone(report.failure, f"{step.name} is green before it is written")
            self.assertEqual(report.failure[0], step.name, report.failure[1])
            passed, tests = report.counts[step.name]
            self.assertLess(passed, tests)
            mine.take(step)
        report = check.examine(mine)
        self.assertIsNone(report.failure, report.failure and report.failure[1])
        self.assertIsNone(mine.here)

    def plant(self, mine: Workspace, step: str, name: str) -> None:
        patch = (ROOT / f"tests/mutants/{name}.patch").read_text()
        apply(patch, mine.folder)
        report = check.examine(mine)
        self.assertIsNotNone(report.failure, f"{name} is not noticed")
        self.assertEqual(report.failure[0], step, report.failure[1])
        names = [word.split(".", 1)[1] for word in re.search(r"^Caught by: (.*)", patch, re.MULTILINE).group(1).split()]
        self.assertTrue(any(name in report.failure[1] for name in names), report.failure[1])
        self.assertTrue(mine.stage.heading(step)[2], "and what to read is told")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
