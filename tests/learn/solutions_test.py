"""solutions_test.py BUILD STAGE...: each exercise is red on the stage as it is, and green with its worked
solution, which is a patch of the stage. Compiles in BUILD."""

import os
import sys
import tempfile
import unittest

scratch = tempfile.TemporaryDirectory()
os.environ["LEARN_MY"] = scratch.name
os.environ["LEARN_BUILD"] = sys.argv[1]
sys.dont_write_bytecode = True

import build  # noqa: E402
import check  # noqa: E402
from stage import apply, stage  # noqa: E402
from workspace import Workspace  # noqa: E402

STAGES = [int(number) for number in sys.argv[2:]]


class Solutions(unittest.TestCase):
    def test_each_exercise_is_red_without_its_solution_and_green_with_it(self):
        for number in STAGES:
            mine = Workspace(stage(number))
            mine.start(use_reference=True)
            while mine.here:
                mine.take(mine.here)
                mine.bring_next()
            for source in sorted((mine.stage.folder / "exercises").glob("*_test.cpp")):
                exercise = source.name.removesuffix("_test.cpp")
                with self.subTest(stage=number, exercise=exercise):
                    self.assertEqual(check.exercise(mine, exercise), 1, "it is green before it is done")
                    solution = (mine.stage.folder / f"solutions/{exercise}.patch").read_text()
                    apply(solution, mine.folder)
                    self.assertEqual(check.exercise(mine, exercise), 0)
                    wrong = build.build([f"{mine.stage.name}/all"])
                    self.assertEqual(wrong, "", "the rest of the stage builds with it")
                    apply(solution, mine.folder, "--reverse")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
