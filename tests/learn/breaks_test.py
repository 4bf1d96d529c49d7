"""Planted bugs are found in no other way than by looking for them. Nothing is compiled here."""

import contextlib
import io
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # the source folder stays as it is
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import breaks  # noqa: E402


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


class BreaksTest(unittest.TestCase):
    def setUp(self):
        memory = "/dev/shm"  # some ten thousand files are written
        scratch = tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None)
        self.addCleanup(scratch.cleanup)
        breaks.MY = pathlib.Path(scratch.name) / "my"
        self.broken = breaks.MY / "broken"

    def run_break(self, *arguments, status=0):
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            try:
                ended = breaks.main(list(arguments))
            except breaks.Mistake as mistake:
                print(mistake)
                ended = 1
            self.assertEqual(ended, status, output.getvalue())
        return output.getvalue()

    def test_each_bug_changes_its_own_files_and_nothing_else(self):
        stages = {}
        for number, bug in breaks.all_bugs().items():
            with self.subTest(bug=number):
                if bug.stage not in stages:
                    stages[bug.stage] = files_of(breaks.ROOT / bug.stage)
                breaks.plant(bug, self.broken)
                planted = files_of(self.broken / bug.stage)
                self.assertEqual(planted.keys(), stages[bug.stage].keys())
                changed = [f"{bug.stage}/{name}" for name, code in planted.items()
                           if code != stages[bug.stage][name]]
                self.assertEqual(sorted(changed), sorted(bug.files))

    def test_each_bug_has_programs_that_look_for_it(self):
        for number, bug in breaks.all_bugs().items():
            with self.subTest(bug=number):
                self.assertTrue(any(name.endswith(("-test", "_test"))
                                    for name in breaks.programs_of(bug)))

    def test_programs_of_one_name_are_two(self):
        bug = next(bug for bug in breaks.all_bugs().values() if bug.path.stem == "ping-in-capitals")
        self.assertEqual(breaks.programs_of(bug),
                         {"resp_test", "stage01-ping-resp-test", "stage01-ping-kv-server"})

    def test_nothing_in_the_copy_names_the_bug_and_reveal_does(self):
        for number in ("1.1", "2.1", "3.1", "4.1", "5.1", "6.1", "7.1"):
            bug = breaks.all_bugs()[number]
            with self.subTest(bug=bug.path.stem):
                told = self.run_break(number)
                self.assertIn(bug.symptom, told)
                self.assertEqual({path.name for path in self.broken.iterdir()},
                                 {".bug", "CMakeLists.txt", "CMakePresets.json", "common", "tests",
                                  bug.stage})
                for secret in (bug.path.stem, bug.cause, *bug.tests, *bug.files):
                    self.assertNotIn(secret, told + breaks.state_file().read_text())
                revealed = self.run_break("--reveal")
                for secret in (bug.cause, *bug.tests, bug.diff):
                    self.assertIn(secret, revealed)

    def test_links_lead_to_what_the_stages_share(self):
        self.run_break("2")
        for name in ("common/stage.cmake", "tests/CMakeLists.txt", "CMakeLists.txt"):
            self.assertTrue((self.broken / name).samefile(breaks.ROOT / name))

    def test_hints_say_the_file_and_then_the_function(self):
        self.run_break("resp-nil-is-empty")
        first, second = self.run_break("--hint"), self.run_break("--hint")
        self.assertIn("my/broken/stage02-memtable/src/wire/resp.cpp", first)
        self.assertNotIn("append_nil", first)
        self.assertIn("near  void append_nil(std::string& out)\n", second)

    def test_a_bug_that_is_not_found_yet_stays(self):
        told = self.run_break("2.3")
        self.assertEqual(self.run_break(), told)
        self.assertIn("not found yet", self.run_break("2.4", status=1))
        self.run_break("--reveal")
        self.assertNotEqual(self.run_break("2.4"), told)

    def test_what_the_reader_has_changed_is_gone_with_the_next_bug(self):
        self.run_break("2.3")
        self.run_break("--reveal")
        resp = self.broken / "stage02-memtable/src/wire/resp.hpp"
        resp.write_text("mine")
        (resp.parent / "mine.cpp").touch()
        self.run_break("2.4")
        reference = breaks.ROOT / resp.relative_to(self.broken)
        self.assertEqual(resp.read_bytes(), reference.read_bytes())
        self.assertFalse((resp.parent / "mine.cpp").exists())

    def test_a_file_that_stays_as_it_was_keeps_its_time(self):
        self.run_break("2.3")
        self.run_break("--reveal")
        begun = self.broken / "stage02-memtable/CMakeLists.txt"
        os.utime(begun, (1, 1))
        self.run_break("2.4")
        self.assertEqual(begun.stat().st_mtime, 1)

    def test_without_a_name_it_is_one_of_a_stage_that_was_begun(self):
        (breaks.MY / "stage04").mkdir(parents=True)
        for _ in range(20):
            self.assertIn("my/broken/stage04-events", self.run_break())
            shutil.rmtree(self.broken)
        (breaks.MY / "stage04").rename(breaks.MY / "stage00")
        self.assertIn("There is a bug", self.run_break())

    def test_the_list_names_none(self):
        listed = self.run_break("--list")
        self.assertIn("stage02-memtable: 2.1 to 2.", listed)
        for bug in breaks.all_bugs().values():
            self.assertNotIn(bug.path.stem, listed)

    def test_a_wrong_word_is_answered_in_a_line(self):
        self.assertIn("there is no bug '2.99'", self.run_break("2.99", status=1))
        for option in ("--hint", "--reveal", "--check"):
            self.assertEqual(self.run_break(option, status=1),
                             "no bug is planted; ./learn break plants one\n")


if __name__ == "__main__":
    unittest.main()
