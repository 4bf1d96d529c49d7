"""The workspace and its stubs, without a compiler."""

import os
import re
import sys
import tempfile
import unittest
from pathlib import Path

scratch = tempfile.TemporaryDirectory()
os.environ["LEARN_MY"] = scratch.name
sys.dont_write_bytecode = True

from stage import FIRST, LAST, MY, Mistake, stage  # noqa: E402
from stubs import chunks_of, stub  # noqa: E402
from workspace import Workspace, workspace  # noqa: E402

FINAL = """#include "net/door.hpp"

#include <string>

namespace kv {
namespace {

constexpr int times = 3;

int twice(int x) { return 2 * x; }

}  // namespace

Door::Door(int width) : width_{twice(width)} {}

/// Why it is so.
void Door::open() {
  const auto text = "}";  // no brace
  for (int i = 0; i < times; ++i) push(text);
}

void Door::close() { open_ = '{' == 1'0; }

}  // namespace kv
"""


class Stubs(unittest.TestCase):
    def test_every_line_of_every_stage_is_in_one_piece(self):
        for number in range(FIRST, LAST + 1):
            for file in (file for file in stage(number).code if file.endswith(".cpp")):
                text = (stage(number).folder / file).read_text()
                with self.subTest(stage=number, file=file):
                    pieces = "\n".join(chunk.text for chunk in chunks_of(text))
                    self.assertEqual([line for line in text.split("\n") if line],
                                     [line for line in pieces.split("\n") if line])

    def test_a_function_keeps_its_head_and_its_comment(self):
        made = stub(FINAL)
        self.assertIn('/// Why it is so.\nvoid Door::open() {\n  not_written("Door::open");\n}', made)
        self.assertIn('void Door::close() {\n  not_written("Door::close");\n}', made)

    def test_of_what_is_hidden_only_that_stays_which_is_still_used(self):
        made = stub(FINAL)
        self.assertIn("Door::Door(int width) : width_{twice(width)} {}", made)
        self.assertIn("int twice(int x) { return 2 * x; }", made)
        self.assertNotIn("times", made)

    def test_what_the_stage_before_has_stays_in_the_learners_words(self):
        mine = FINAL.replace("open_ = '{' == 1'0;", "shut();").replace("push(text)", "knock(text)")
        made = stub(FINAL.replace("push(text)", "pull(text)"), before=FINAL, mine=mine)
        self.assertIn("void Door::close() { shut(); }", made)
        self.assertIn('void Door::open() {\n  not_written("Door::open");\n}', made)
        begin, end = made.index("#if 0"), made.index("#endif")
        self.assertIn("knock(text)", made[begin:end])
        self.assertNotIn("pull", made)

    def test_what_would_not_compile_with_a_hidden_class_that_grows_is_to_be_written_too(self):
        before = FINAL.replace("constexpr int times = 3;", "struct Bell {\n  int one() { return 1; }\n};").replace(
            "open_ = ", "open_ = Bell{}.one() + ")
        made = stub(before.replace("return 1; }", "return 1; }\n  int two() { return 2; }"), before)
        self.assertIn('void Door::close() {\n  not_written("Door::close");\n}', made)
        self.assertIn("struct Bell {", made[made.index("#if 0"):])
        self.assertIn("void Door::open() {\n  const auto", made[:made.index("#if 0")])

    def test_what_has_the_name_of_a_function_to_be_written_is_no_help_to_it(self):
        before = "namespace kv {\nnamespace {\n\nint sum(const Gone& all) { return all.sum; }\n\n}  // namespace\n\n}  // namespace kv\n"
        made = stub("namespace kv {\n\nint sum(const New& all) { return all.sum; }\n\n}  // namespace kv\n", before)
        self.assertNotIn("Gone", made[:made.index("#if 0")])
        made = stub("namespace kv {\n\nint New::sum() { return 1; }\n\n}  // namespace kv\n", before)
        self.assertNotIn("Gone", made[:made.index("#if 0")])

    def test_what_says_that_it_is_not_written_is_included_whatever_an_if_says(self):
        made = stub(FINAL.replace("#include <string>\n", "#if 0\n#include <string>\n#endif\n"))
        self.assertLess(made.index('#include "not_written.hpp"'), made.index("#if 0"))
        self.assertLess(made.index('#include "net/door.hpp"'), made.index('#include "not_written.hpp"'))

    def test_a_try_around_a_whole_function_goes_with_its_catch(self):
        made = stub("""namespace kv {
namespace {

void creak() {}

}  // namespace

Door::Door(int width) try
    : width_{width}, bell_{[] { ring(); }} {
  creak();
} catch (const Stuck&) {
  throw;
}

int shut() try {
  try {
    creak();
  } catch (...) {
  }
  return 0;
} catch (const Stuck&) {
  return 1;
} catch (...) {
  return 2;
}

}  // namespace kv
""")
        self.assertIn('Door::Door(int width)\n    : width_{width}, bell_{[] { ring(); }} {\n  not_written("Door::Door");\n}\n\n'
                      'int shut() {\n  not_written("shut");\n}\n', made)
        for word in ("try", "catch", "creak"):
            self.assertNotIn(word, made)

    def test_two_functions_of_a_name_are_two(self):
        text = "namespace kv {\n\nvoid add(int a) { one(a); }\n\nvoid add(char a) { two(a); }\n\n}  // namespace kv\n"
        made = stub(text.replace("one", "three"), before=text)
        self.assertIn('void add(int a) {\n  not_written("add");\n}', made)
        self.assertIn("void add(char a) { two(a); }", made)


class Headings(unittest.TestCase):
    def test_each_step_leads_to_the_file_that_tells_of_it(self):
        for number in range(FIRST, LAST + 1):
            for step in (step for step in stage(number).steps if step.is_taught):
                file, line, heading = stage(number).heading(step.name)
                with self.subTest(stage=number, step=step.name):
                    self.assertIn(step.name, heading)
                    self.assertIn(heading.split(": ")[1], file.read_text().split("\n")[line - 1])
        self.assertEqual(stage(5).heading("format")[0].name, "README.md")
        self.assertEqual(stage(5).heading("log")[0].name, "log.md")


class Written(unittest.TestCase):
    """The stages one after the other, each from the one before, step by step."""

    @classmethod
    def setUpClass(cls):
        for number in range(FIRST, LAST + 1):
            mine = Workspace(stage(number))
            mine.start(use_reference=False)
            cls.check_begin(mine)
            while mine.here:
                if mine.here.is_taught:
                    cls.check_stubs(mine)
                mine.take(mine.here)
                mine.bring_next()

    @classmethod
    def check_begin(cls, mine):
        later = [file for step in mine.stage.steps[len(mine.brought):] for file in step.files if file.endswith(".cpp")]
        assert not any((mine.folder / file).exists() for file in later), "a file of a later step is there"
        for path in (mine.folder / "src").rglob("*.?pp"):  # what is kept is compiled from the first step on
            cls.check_headers(mine, path)

    @classmethod
    def check_headers(cls, mine, path):
        for header in re.findall(r'^#include "(?!proto/|not_written)([^"]+)"', path.read_text(), re.MULTILINE):
            assert (mine.folder / "src" / header).exists(), f"{path} includes {header}, which is not there"

    @classmethod
    def check_stubs(cls, mine):
        files = [file for file in mine.here.files if file.endswith(".cpp")]
        assert any("not_written(" in (mine.folder / file).read_text() for file in files), mine.here.name
        for file in files:
            cls.check_headers(mine, mine.folder / file)

    def test_the_end_is_the_reference(self):
        for number in range(FIRST, LAST + 1):
            mine = Workspace(stage(number))
            for file in mine.stage.code:
                with self.subTest(stage=number, file=file):
                    self.assertEqual((mine.folder / file).read_text(), (mine.stage.folder / file).read_text())
            parts = ("src", "apps", "proto", "naive")
            there = (path for part in parts for path in (mine.folder / part).rglob("*") if path.is_file())
            self.assertEqual(sorted(str(path.relative_to(mine.folder)) for path in there), mine.stage.code)
            tests = {path.name for path in (mine.stage.folder / "tests").glob("*.?pp")}
            self.assertLessEqual(tests, {path.name for path in (mine.folder / "tests").glob("*.?pp")} | {
                f"{test}_test.cpp" for test in mine.stage.kept_tests})

    def test_a_stage_is_made_from_ones_own_when_that_is_finished(self):
        self.assertEqual(Workspace(stage(2)).state["origin"], "your stage 1")

    def test_what_is_taken_is_put_aside_before(self):
        mine = Workspace(stage(1))
        file = mine.folder / "src/wire/resp.cpp"
        own = file.read_text()
        file.write_text("mine")
        aside = mine.take(mine.stage.step("resp"))
        self.assertEqual((aside / "src/wire/resp.cpp").read_text(), "mine")
        self.assertEqual(file.read_text(), own)
        self.assertIsNone(mine.take(mine.stage.step("resp")), "nothing was changed")

    def test_nothing_is_begun_twice(self):
        with self.assertRaisesRegex(Mistake, "is there already"):
            Workspace(stage(1)).start(use_reference=True)

    def test_a_file_of_ones_own_goes_along(self):
        moved = [Workspace(stage(number)).folder for number in (1, 2)]
        try:
            (moved[0] / "src/net/mine.cpp").write_text("// mine\n")
            moved[1].rename(MY / "aside")
            Workspace(stage(2)).start(use_reference=False)
            self.assertTrue((moved[1] / "src/net/mine.cpp").exists())
        finally:
            (moved[0] / "src/net/mine.cpp").unlink()
            moved[1].rename(MY / "with-mine")
            (MY / "aside").rename(moved[1])

    def test_a_step_that_is_to_come_is_not_taken(self):
        moved = Workspace(stage(1)).folder
        moved.rename(MY / "whole")
        try:
            mine = Workspace(stage(1))
            mine.start(use_reference=True)
            with self.assertRaisesRegex(Mistake, "still to come"):
                mine.take(mine.stage.step("session"))
        finally:
            moved.rename(MY / "begun")
            (MY / "whole").rename(moved)

    def test_what_is_written_before_its_step_stays(self):
        moved = Workspace(stage(1)).folder
        moved.rename(MY / "whole")
        try:
            mine = Workspace(stage(1))
            mine.start(use_reference=True)
            ahead = mine.folder / next(file for step in mine.stage.steps[len(mine.brought):]
                                       for file in step.files if step.is_taught and file.endswith(".cpp"))
            ahead.parent.mkdir(parents=True, exist_ok=True)
            ahead.write_text("// mine\n")
            while mine.bring_next():
                pass
            self.assertEqual(ahead.read_text(), "// mine\n")
        finally:
            moved.rename(MY / "ahead")
            (MY / "whole").rename(moved)

    def test_the_one_of_last_time_is_meant(self):
        Workspace(stage(3)).remember()
        self.assertEqual(workspace().stage.number, 3)
        with self.assertRaisesRegex(Mistake, "none of them"):
            workspace("7")


if __name__ == "__main__":
    unittest.main()
