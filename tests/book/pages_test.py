"""pages_test.py: the book as files: what it does with Markdown and with differences, and that its links lead somewhere.
How it looks and works in a browser is in browser_test.py."""

import contextlib
import html
import io
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "book"))
try:
    import book
    import pages
    import paint
    import prose
    from source import ROOT, Source, is_meant, step_page
except ModuleNotFoundError as missing:
    print(f"skipped: {missing}; ./learn book installs what is missing")
    sys.exit(77)


def lines_of(code: str) -> list[str]:
    """The lines of coloured code, as one reads them."""
    return [html.unescape(re.sub(r"<[^>]+>", "", line)) for line in re.findall(r"<span[^>]*>(.*?)\n</span>", code)]


def shown(difference: str) -> list[str]:
    """What is in sight of a difference, each line with its sign, as in git diff."""
    rest = re.sub(r"<details>.*?</details>", "", difference, flags=re.S)
    signs = {" class=a": "+", " class=d": "-", "": " "}
    return [signs[kind] + html.unescape(re.sub(r"<[^>]+>", "", line)) for kind, line in re.findall(r"<span([^>]*)>(.*?)\n</span>", rest)]


class Markdown(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)
        patch = mock.patch.object(prose, "ROOT", self.root)
        patch.start()
        self.addCleanup(patch.stop)

    def page(self, text: str) -> str:
        (self.root / "a.md").write_text(text)
        document = prose.Document(self.root / "a.md")
        writer = prose.Writer(lambda path: "b.html" if path == "b.md" else "a.html" if path == "a.md" else None, lambda *_: "head")
        return writer.write(document, document.tokens, "a.html")

    def test_what_the_book_does_not_know_is_an_error_with_file_and_line(self):
        for unknown in ["A note[^1].", "- [ ] to do", "<div>\nhtml\n</div>", "a <b>word</b>", "> [!HINT]\n> x", "```ruby\nx\n```", "```cpp linenos\nx\n```",
                        "see https://example.org", "$$x$$", "[a][b]", "    indented code", "~~open", "::: tip", "![a](b\nc"]:
            with self.subTest(unknown), self.assertRaisesRegex(prose.Wrong, r"^a\.md:3: "):
                self.page(f"# Title\n\n{unknown}\n")

    def test_the_line_is_that_in_the_paragraph(self):
        with self.assertRaisesRegex(prose.Wrong, r"^a\.md:4: "):
            self.page("# Title\n\none\ntwo[^1]\n")
        with self.assertRaisesRegex(prose.Wrong, r"^a\.md:2: there is nothing at c\.md"):
            self.page("one\n[two](c.md)\n")

    def test_what_looks_like_it_in_code_is_none(self):
        self.page("# Title\n\n`[^1]` and `~~`\n\n```text\n[^1] https://x\n```\n")

    def test_callouts_and_hidden_answers(self):
        page = self.page("> [!NOTE]\n> **Good** to know.\n")
        self.assertIn('class="callout note"', page)
        self.assertNotIn("[!NOTE]", page)
        page = self.page("<details><summary>Answer</summary>\n\nIt is *so*.\n\n</details>\n")
        self.assertRegex(page, r"<details><summary>Answer</summary>\s*<p>It is <em>so</em>.</p>\s*</details>")

    def test_links_lead_to_pages_and_anchors_are_those_of_a_forge(self):
        page = self.page("# The `end`, at last\n\n# A\n\n# A\n\n[on](b.md#x) [up](#the-end-at-last) [out](https://example.org)\n")
        self.assertEqual(re.findall(r'id="([^"]+)"', page), ["the-end-at-last", "a", "a-1"])
        self.assertEqual(re.findall(r'href="([^"]+)"', page), ["b.html#x", "#the-end-at-last", "https://example.org"])

    def test_a_diagram_is_a_picture_where_there_is_one_and_else_its_text(self):
        fence = "```mermaid\nflowchart TD\n  a --> b\n```\n"
        self.assertNotIn("<img", self.page(fence))
        self.assertIn("a --&gt; b", self.page(fence))
        picture = prose.picture_of("flowchart TD\n  a --> b\n")
        picture.parent.mkdir(parents=True)
        picture.write_text("<svg/>")
        self.assertIn(f'<img src="pictures/{picture.name}"', self.page(fence))
        self.assertIn("a --&gt; b", self.page(fence))

    def test_of_a_transcript_one_copies_the_commands(self):
        page = self.page("```console\n$ echo '<a>'\n<a>\n```\n")
        self.assertIn("<b class=prompt>$ </b>echo &#x27;&lt;a&gt;&#x27;\n</span><span class=o>&lt;a&gt;\n</span>", page)


class Code(unittest.TestCase):
    def test_words_that_differ_are_marked(self):
        self.assertEqual(paint.words("int a = f(x);", "int a = g(x);"), ([(8, 9)], [(8, 9)]))
        self.assertEqual(paint.words("return nothing;", "#include <a>"), ([], []))
        rows = [(" ", "{"), ("-", "  int a = f(x);"), ("+", "  int a = g(x);"), ("+", "}")]
        self.assertEqual(lines_of(paint.difference(rows, "cpp")), ["{", "  int a = f(x);", "  int a = g(x);", "}"])
        self.assertIn("a = <mark>g</mark>(x)", paint.difference(rows, "cpp"))

    def test_unchanged_lines_are_folded(self):
        rows = [(" ", str(number)) for number in range(20)]
        rows[10:10] = [("+", "new")]
        code = paint.difference(rows, "")
        self.assertEqual(re.findall(r"\d+ unchanged lines?", code), ["7 unchanged lines", "7 unchanged lines"])
        self.assertEqual(shown(code), [" 7", " 8", " 9", "+new", " 10", " 11", " 12"])

    def test_comments_strings_and_keywords_have_colours(self):
        code = 'int a = 1\'000;  // "no"\nauto b = R"(/* no\n*/)" "\\"";  /* c\nd */ char e = \'"\';\n'
        self.assertEqual(paint.lines(code, "cpp").replace("\n</span><span>", "\n"),
                         "<span><b>int</b> a = 1'000;  <i>// \"no\"</i>\n<b>auto</b> b = <u>R\"(/* no</u>\n<u>*/)\"</u> <u>\"\\\"\"</u>;  <i>/* c</i>\n"
                         "<i>d */</i> <b>char</b> e = <u>'\"'</u>;\n</span>")

    def test_a_name_is_ours_or_somebody_elses(self):
        self.assertTrue(is_meant("append_record", "f", "  ", "(record)"))
        self.assertTrue(is_meant("Wal", "c", "", "::Wal"))
        self.assertFalse(is_meant("append_record", "f", "auto ", " = 1"))
        self.assertFalse(is_meant("move", "f", "std::", "(x)"))
        self.assertFalse(is_meant("size", "f", "words.", "()"))

    def test_where_a_piece_begins(self):
        text = "void f() {\n  int a;\n\n  int b;\n}\n"
        self.assertEqual(pages.line_of(text, "int a;\n"), 2)
        self.assertEqual(pages.line_of(text, "// ...\n  int b;\n}\n"), 4)
        self.assertIsNone(pages.line_of(text, "int c;\n"))

    def test_hours(self):
        for text, hours in [("About 30 lines to write, one hour.", 1), ("three quarters of an hour", 0.75), ("two and a half hours: x", 2.5),
                            ("Half an hour: x", 0.5), ("an hour and a half", 1.5), ("two to three hours", 3), ("no time", 0)]:
            self.assertEqual(pages.hours(text), hours, text)


class Whole(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.scratch.name)
        (cls.folder / "old.html").write_text("of an earlier book")
        begin = os.times()
        with contextlib.redirect_stdout(io.StringIO()):
            book.build(cls.folder)
        cls.seconds = sum(os.times()[:4]) - sum(begin[:4])
        cls.source = Source()
        cls.text = {str(file.relative_to(cls.folder)): file.read_text() for file in cls.folder.rglob("*.html")}

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_it_is_small_and_soon_built(self):
        self.assertLess(sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file()), 15e6)
        self.assertLess(self.seconds, 20, "seconds of processor time")
        self.assertNotIn("old.html", self.text)

    def test_every_link_and_anchor_leads_somewhere(self):
        anchors = {page: set(re.findall(r'\bid="?([^\s">]+)', text)) for page, text in self.text.items()}
        wrong = set()
        for page, text in self.text.items():
            for link in set(re.findall(r'(?:href|src)="?([^\s">]+)', text)):
                path, _, anchor = link.partition("#")
                if re.match(r"[a-z]+:", link):
                    continue
                target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
                if not (self.folder / target).exists() or anchor and target != "compare.html" and anchor not in anchors[target]:
                    wrong.add(f"{page}: {link}")
        self.assertEqual(sorted(wrong), [])

    def test_nothing_is_from_elsewhere(self):
        for page, text in self.text.items():
            self.assertNotRegex(text, r'<(?:script|link|img|iframe)[^>]*(?:src|href)="?(?:https?:)?//', page)
        self.assertNotRegex((self.folder / "book.css").read_text(), r"@import|url\(")

    def test_steps_show_what_git_diff_shows(self):
        """./learn diff names the files and the lines of all steps of a stage; and their pages are nothing else."""
        for of in self.source.stages[1:]:
            told = self.learn_diff(of.number)
            found: dict[str, list[str]] = {}
            for step in of.steps:
                text = self.text[step_page(of, step)]
                for path, code in re.findall(r'<figure class="code numbered[^>]*><figcaption><a href="[^"]*">([^<]+)</a>.*?<div class=scroll[^>]*>(.*?)</div></figure>', text, re.S):
                    self.assertNotIn(path, found, "it is in two steps")
                    found[path] = shown(code)
            self.assertEqual(found.keys(), told.keys(), of.name)
            code = [[path for path in paths if not path.startswith("tests/")] for paths in (found, told)]
            self.assertEqual(*code, "in the order of the list")
            for path in found:
                self.assertEqual(found[path], told[path], f"{of.name}/{path}")

    def learn_diff(self, number: int) -> dict[str, list[str]]:
        out = subprocess.run([ROOT / "learn", "diff", str(number - 1), str(number), "--tests"], check=True, text=True, capture_output=True).stdout
        files = {}
        for part in re.split(r"(?m)^diff --git ", out)[1:]:
            head, *hunks = re.split(r"(?m)^@@ .*\n", part)
            path = re.search(r"(?m)^(?:\+\+\+|---) [^/]+/(.+)$", head)[1]
            file = self.source.files[number].get(path)
            if file and file.step:  # some of what only tests use is in no step
                lines = "".join(hunks).split("\n")[:-1]
                files[path] = [line for line in lines if not line.startswith("\\")]
        return files

    def test_a_page_of_a_file_has_its_lines(self):
        for files in self.source.files.values():
            for file in files.values():
                self.assertEqual(lines_of(self.text[file.page]), file.text.splitlines(), file.source)

    def test_a_name_leads_to_its_declaration(self):
        page = self.text["stage05-persistence/src/disk/wal.cpp.html"]
        self.assertRegex(page, r"<a href=wal\.hpp\.html#L\d+>Wal</a>::")
        line = int(re.search(r"<a href=\.\./base/result\.hpp\.html#L(\d+)>Result</a>", page)[1])
        self.assertIn("Result", (ROOT / "stage05-persistence/src/base/result.hpp").read_text().splitlines()[line - 1])

    def test_every_stage_is_on_the_first_page(self):
        first = self.text["index.html"]
        for of in self.source.stages:
            self.assertRegex(first, rf'<ol class=stair>.*href="{of.name}/.*<ol class=stages>.*href="{of.name}/', of.name)

    def test_hidden_answers_stay_hidden(self):
        for of in self.source.stages:
            answers = of.chapter.read_text().count("<summary>Answer</summary>") if of.chapter.exists() else 0
            self.assertEqual(self.text.get(f"{of.name}/README.html", "").count("<summary>Answer</summary>"), answers)
            self.assertNotIn("<details open><summary>Answer", self.text.get(f"{of.name}/README.html", ""))


if __name__ == "__main__":
    unittest.main()
