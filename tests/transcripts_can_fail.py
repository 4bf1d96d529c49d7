"""A transcript that does not say what comes is noticed, and the shell for it does what it promises.
The programs in here only look like a server and a client."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TEST = pathlib.Path(__file__).parent / "transcripts_test.py"
SERVER = """\
#!/bin/bash
case $1 in
  --broken) echo "kv-server: it is broken" >&2; exit 65 ;;
  --slow) trap 'sleep 0.5; touch ended; exit' TERM; sleep 0.5 ;;
esac
echo "listening on 127.0.0.1:9527"
echo "a line of the log" >&2
for i in {1..600}; do sleep 0.1; done
"""
CLIENT = "#!/bin/sh\nprintf '%s\\n' \"$@\"\n"


class TranscriptsTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        for stage in ("stage01-one", "stage02-two"):
            (self.folder / stage).mkdir()
            for name, code in (("kv-server", SERVER), ("kv-client", CLIENT)):
                program = self.folder / stage / name
                program.write_text(code + f"# {stage}\n")
                program.chmod(0o755)

    def paste(self, status, *lines, fence="console"):
        """One transcript, in stage 2's shell."""
        self.paste_chapter(status, f"```{fence}\n" + "\n".join(lines) + "\n```\n")

    def paste_chapter(self, status, text):
        chapter = self.folder / "README.md"
        chapter.write_text(text)
        done = subprocess.run([sys.executable, TEST, chapter, self.folder / "stage02-two"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode == 77:
            self.skipTest(done.stdout)
        self.assertEqual(done.returncode, status, done.stdout)

    def test_answers_are_compared(self):
        self.paste(0, "$ kv-client a b", "a", "b", "$ kv-client c", "c")
        self.paste(1, "$ kv-client a", "b")
        self.paste(1, "$ kv-client a", "a", "b")
        self.paste(1, "$ kv-client a b", "a")
        self.paste(1, "$ kv-client a")

    def test_what_may_differ(self):
        self.paste(0, "$ kv-client 'took 0.123 s'", "took 4.567 s")
        self.paste(1, "$ kv-client 'took 123 s'", "took 4 s")
        self.paste(0, "$ kv-client 127.0.0.1:33333", "127.0.0.1:44444")
        self.paste(1, "$ kv-client 127.0.0.1:9527", "127.0.0.1:9528")
        self.paste(0, "$ kv-client 'a long line'", "a ... line")
        self.paste(1, "$ kv-client 'a.line'", "a?line")
        self.paste(0, "$ kv-client hgetall t", "t", "hgetall")
        self.paste(1, "$ kv-client hget t", "t", "hget")

    def test_figures_may_differ_and_exit_statuses_may_not(self):
        self.paste(0, "$ kv-client '12 keys'", "345 keys", fence="console figures")
        self.paste(1, "$ kv-client '12 keys'", "no keys", fence="console figures")
        self.paste(1, "$ kv-client 'exit 1'", "exit 2", fence="console figures")

    def test_each_command_is_pasted(self):
        self.paste(1, "$ true", fence="")
        self.paste(1, "$ exit", "$ kv-client a", "a")
        self.paste(0, "$ kv-client a", "b", fence="console needs=no-such-program")
        two = "```console\n$ kv-client a\na\n```\n```console\n$ kv-client b\na\n```\n"
        self.paste_chapter(1, two)

    def test_a_transcript_may_be_about_another_stage(self):
        for stage, status in ((1, 0), (2, 1)):
            self.paste(status, "$ tail -n 1 $(type -P kv-client)", "# stage01-one",
                       fence=f"console stage={stage}")

    def test_a_server_accepts_before_the_next_command(self):
        self.paste(0, "$ kv-server --slow &", "listening on 127.0.0.1:9527", "$ kv-client a", "a",
                   "$ cat server.log", "a line of the log")
        self.paste(0, "$ kv-server --slow &", "listening on 127.0.0.1:9527",
                   "$ for i in 1; do echo b; done >file; cat file", "b")
        self.paste(0, "$ kv-server >out 2>log & sleep 0.5; cat out", "listening on 127.0.0.1:9527",
                   "$ kill $server; kill -0 $server 2>/dev/null || kv-client gone", "gone")

    def test_a_server_that_does_not_start_says_why(self):
        self.paste(0, "$ kv-server --broken &", "kv-server: it is broken",
                   "$ wait $server; echo $?", "65")
        self.paste(0, "$ kv-server --broken; echo $?", "kv-server: it is broken", "65")

    def test_a_server_that_is_killed_has_ended(self):
        self.paste(0, "$ kv-server --slow &", "listening on 127.0.0.1:9527",
                   "$ kill $server; ls ended", "ended",
                   "$ kv-server &", "listening on 127.0.0.1:9527",
                   "$ kill -9 $server; kill -0 $server 2>/dev/null || kv-client gone", "gone")

    def test_nothing_is_left(self):
        self.paste(0, "$ kv-server &", "listening on 127.0.0.1:9527",
                   f"$ echo $server >{self.folder}/process; sleep 60 | cat &")
        process = (self.folder / "process").read_text().strip()
        self.assertFalse(pathlib.Path("/proc", process).exists())
        self.assertEqual(list((self.folder / "shell").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
