"""check_server_test.py BUILD: what `./learn check N --server CMD` says of a server in Python and of
wrong ones. BUILD is a build folder with the tests of stages 1 and 3."""

import asyncio
import contextlib
import io
import os
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

import check_server
from stage import Mistake, stage

HERE = Path(__file__).resolve().parent
BUILD = Path(sys.argv[-1])
PYTHON = sys.executable


def checked(number, server):
    """Whether it passes, and what is printed."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        passed = asyncio.run(check_server.check(stage(number), server, BUILD))
    return passed, out.getvalue()


class AServerInPython(unittest.TestCase):
    def expect_passed(self, number, first, last):
        server = f"{PYTHON} {HERE}/server_in_python.py --stage {number}"
        passed, said = checked(number, server)
        self.assertTrue(passed, said)
        lines = said.splitlines()
        self.assertRegex(lines[0], rf"^{first} +(\d+) of \1$")
        self.assertRegex(lines[-2], rf"^{last} +(\d+) of \1$")
        total = sum(int(line.split()[1]) for line in lines[:-1])
        self.assertEqual(lines[-1], f"all {total} tests passed")

    def test_passes_stage_1(self):
        self.expect_passed(1, "RespPing", "RedisToolsPing")

    def test_passes_stage_3(self):
        self.expect_passed(3, "FrameCommands", "Linearizability")


class AWrongServer(unittest.TestCase):
    """The one in Python, with a mistake."""

    def expect_named(self, number, mistake, *expected):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "wrong.py"
            program.write_text(f"import sys\nsys.path.insert(0, {str(HERE)!r})\n"
                               f"import server_in_python as right\n"
                               f"{textwrap.dedent(mistake)}\nright.main(sys.argv[1:])\n")
            passed, said = checked(number, f"{PYTHON} {program} --stage {number}")
        self.assertFalse(passed, said)
        for text in expected:
            self.assertRegex(said, text)

    def test_is_shown_its_first_wrong_byte(self):
        self.expect_named(1, r"""
            answer = right.RespServer.answer
            right.RespServer.answer = lambda self, words: answer(words).replace(b"PONG\r", b"PONG")
            """,
            r"^RespPing +0 of \d+\n\n",
            r"\[ RUN +\] RespPing.AnInlineLineIsAnswered\n",
            r"expected 14 bytes: \"\+PONG\\r\\n\+PONG\\r\\n\"\n"
            r"00000000  2b 50 4f 4e 47 0d 0a 2b .*\n +\^\^ here\n",
            r"received \d+ bytes: \"\+PONG\\n.*\n00000000  2b 50 4f 4e 47 0a .*\n +\^\^ here\n",
            r"request \"PING\\r\\nPING\\r\\n\"",
            r"its log",
            r"resp_test --gtest_filter=RespPing.AnInlineLineIsAnswered\n$")

    def test_is_told_the_suite(self):
        self.expect_named(1, """
            serve = right.RespServer.serve
            right.RespServer.serve = lambda *words: right.threading.Thread(
                target=serve, args=words, daemon=True).start()
            """,
            r"^RespPing +(\d+) of \1\nRespOneAtATime +0 of 1\n",
            "answered while the first is still there")

    def test_is_shown_a_frame_that_is_none(self):
        self.expect_named(3, """
            right.FrameServer.send = lambda self, connection, message: connection.sendall(
                len(message).to_bytes(4, "little") + message)
            """,
            r"^FrameCommands +0 of \d+\n", r"FrameCommands.LengthIsBigEndian",
            r"00000000  00 00 00 09 .*\n +\^\^ here\n", r"00000000  09 00 00 00 .*\n +\^\^ here\n")

    def test_is_shown_both_answers_decoded(self):
        self.expect_named(3, """
            response = right.wire.response
            right.wire.response = lambda status, message=b"", **data: response(
                status, message.replace(b"PONG", b"PING"), **data)
            """,
            r"^FrameCommands +0 of \d+\n", "PING")


class ACommandThatStartsNoServer(unittest.TestCase):
    def expect_one_line(self, server, text):
        with self.assertRaisesRegex(Mistake, f"^no server: .*{text}") as caught:
            checked(1, server)
        self.assertNotIn("\n", str(caught.exception))

    def test_is_named(self):
        self.expect_one_line("no-such-program --stage 1", "ends with status 127 .*not found")

    def test_has_last_words(self):
        self.expect_one_line(f"{PYTHON} -c 'import no_such_module'",
                             "No module named 'no_such_module'$")

    def test_that_says_nothing_is_not_waited_for_for_ever(self):
        check_server.START_SECONDS, before = 0.1, check_server.START_SECONDS
        try:
            self.expect_one_line("sleep 60 #", "does not say 'listening on HOST:PORT' within 0.1 s")
        finally:
            check_server.START_SECONDS = before


class TheCommand(unittest.TestCase):
    def test_needs_a_server(self):
        with contextlib.redirect_stderr(io.StringIO()) as said, self.assertRaises(SystemExit):
            check_server.main(["1"])
        self.assertIn("--server", said.getvalue())

    def test_knows_which_stages_there_are(self):
        with self.assertRaisesRegex(Mistake, "^there is no stage '99'$"):
            check_server.main(["99", "--server", "true"])


if __name__ == "__main__":
    os.environ.pop("KV_DATA_DIR_FLAG", None)
    unittest.main(argv=sys.argv[:-1])
