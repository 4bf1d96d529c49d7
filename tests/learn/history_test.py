"""history_test.py [STAGE...]: the repository that ./learn history makes: its ends are the stages; with
stages named, also each of their commits builds, and passes the tests of the steps so far."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

import history  # noqa: E402
from stage import Mistake, stage  # noqa: E402

built = [int(number) for number in sys.argv[1:]]


class History(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.scratch.name) / "course"
        history.main([str(cls.folder)])

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def out(self, *command) -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=self.folder).stdout

    def test_every_step_has_a_commit_with_its_tag(self):
        tags = self.out("git", "tag").split()
        for number in range(1, 8):
            for step in stage(number).steps:
                self.assertIn(f"stage{number:02}/{step.name}", tags)
        self.assertEqual(self.out("git", "status", "--porcelain"), "")

    def test_the_end_of_a_stage_is_the_stage(self):
        for number in range(1, 8):
            of = stage(number)
            self.out("git", "checkout", "--quiet", f"stage{number:02}/end")
            for file in [*of.code, "CMakeLists.txt", *of.chapter_files]:
                with self.subTest(stage=number, file=file):
                    self.assertEqual((self.folder / "kv" / file).read_text(), (of.folder / file).read_text())
            there = [path for part in ("src", "apps", "proto", "naive") for path in (self.folder / "kv" / part).rglob("*")]
            self.assertEqual(sorted(str(path.relative_to(self.folder / "kv")) for path in there if path.is_file()), of.code)
            self.assertEqual(sorted(path.name for path in (self.folder / "kv").glob("*.md")), of.chapter_files)

    def test_a_chapter_in_several_files_has_them_all(self):
        linked = set(re.findall(r"\]\((\w+\.md)", stage(6).chapter.read_text()))
        self.assertTrue(linked)
        self.assertEqual({"README.md", *linked}, set(stage(6).chapter_files))

    def test_a_step_changes_its_own_files_and_the_list(self):
        files = self.out("git", "show", "--name-only", "--format=", "stage05/log").split()
        its_own = set(stage(5).step("log").files) - set(stage(5).at_once)
        allowed = {f"kv/{file}" for file in its_own} | {"kv/CMakeLists.txt"}
        self.assertEqual({file for file in files if not file.startswith("kv/tests/")}, allowed)

    def test_a_folder_with_something_in_it_is_left_alone(self):
        with self.assertRaisesRegex(Mistake, "not empty"):
            history.main([str(self.folder)])

    def test_each_commit_builds_and_passes_the_tests_so_far(self):
        for number in built:
            for step in stage(number).steps:
                with self.subTest(stage=number, step=step.name):
                    self.out("git", "checkout", "--quiet", f"stage{number:02}/{step.name}")
                    self.out("cmake", "-S", "kv", "-B", f"build/{number}", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug")
                    self.out("cmake", "--build", f"build/{number}", "--parallel", "2")
                    self.out("ctest", "--test-dir", f"build/{number}", "--parallel", "4", "--output-on-failure",
                             "--label-exclude", "soak")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
