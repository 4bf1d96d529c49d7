"""What ./learn check tells of compilers and tests, without either."""

import io
import sys
import unittest
from contextlib import redirect_stdout
from types import SimpleNamespace

sys.dont_write_bytecode = True

from build import Outcome, first_error  # noqa: E402
from check import OUTPUT_LINES_MAX, Report, told  # noqa: E402
from stage import ROOT, stage  # noqa: E402


class FirstError(unittest.TestCase):
    def test_the_compilers_first_error_is_told_and_no_other(self):
        log = f"""[3/9] Building CXX object resp.cpp.o
FAILED: resp.cpp.o
/usr/bin/c++ -I {ROOT}/my/stage01/src -c {ROOT}/my/stage01/src/wire/resp.cpp
{ROOT}/my/stage01/src/wire/resp.cpp: In function 'int f()':
{ROOT}/my/stage01/src/wire/resp.cpp:7:3: error: 'x' was not declared in this scope
    7 |   x;
      |   ^
{ROOT}/my/stage01/src/wire/resp.cpp:9:3: error: another
ninja: build stopped: subcommand failed.
"""
        self.assertEqual(first_error(log), "my/stage01/src/wire/resp.cpp:7:3: error: 'x' was not declared in this scope\n"
                         "    7 |   x;\n      |   ^")

    def test_a_function_that_is_missing_is_told(self):
        log = "[4/4] Linking CXX executable t\nFAILED: t\nld: t.cpp.o: undefined reference to `kv::f()'\ncollect2: error: ld\n"
        self.assertIn("undefined reference to `kv::f()'", first_error(log))

    def test_what_is_no_compilers_error_is_told_from_its_beginning(self):
        self.assertIn("ninja: error: unknown target", first_error("ninja: error: unknown target 'x'\n"))

    def test_what_cmake_says_is_told_and_not_only_that_it_failed(self):
        log = "CMake Error at stage.cmake:252 (message):\n  no test x\n\nninja: error: rebuilding 'build.ninja': subcommand failed\n"
        self.assertIn("no test x", first_error(log))


class Told(unittest.TestCase):
    def test_what_googletest_says_around_a_failure_is_left_out(self):
        output = """Running main() from gtest_main.cc
Note: Google Test filter = A.B
[==========] Running 1 test from 1 test suite.
[----------] 1 test from A
[ RUN      ] A.B
a_test.cpp:3: Failure
Expected equality of these values:
  1
  2
[  FAILED  ] A.B (0 ms)
[----------] 1 test from A (0 ms total)

[  PASSED  ] 0 tests.
[  FAILED  ] 1 test, listed below:
[  FAILED  ] A.B

 1 FAILED TEST
The server of the failed test; (its log is empty)
The server of the failed test; its log:
what it said
"""
        self.assertEqual(told(Outcome("A.B", False, output)), "A.B fails:\n  a_test.cpp:3: Failure\n"
                         "  Expected equality of these values:\n    1\n    2\n"
                         "  The server of the failed test; its log:\n  what it said")

    def test_a_test_that_was_ended_from_outside_has_a_reason_as_well(self):
        self.assertIn("its time was over", told(Outcome("A.B", False, "Running main() from a.cc\n[ RUN      ] A.B\n")))

    def test_a_long_output_is_cut(self):
        output = "\n".join(f"line {i}" for i in range(OUTPUT_LINES_MAX + 5))
        self.assertTrue(told(Outcome("A.B", False, output)).endswith("... and 5 lines more"))


class AReport(unittest.TestCase):
    def test_what_is_done_is_told_at_once_and_the_rest_at_the_end(self):
        report = Report(SimpleNamespace(stage=stage(3), folder=ROOT / "my/stage03"))
        report.done += ["program", "frames"]
        report.counts |= {"frames": (13, 13), "values": (0, 34)}
        self.assertEqual(self.printed(report.tell_done), "  done  frames         13 of 13 tests\n")
        report.stop_at("values", "A.B fails:\n  why")
        self.assertTrue(self.printed(report.show).startswith("  here  values         0 of 34 tests\n        limits\n"))

    def printed(self, tell) -> str:
        out = io.StringIO()
        with redirect_stdout(out):
            tell()
        return out.getvalue()


if __name__ == "__main__":
    unittest.main()
