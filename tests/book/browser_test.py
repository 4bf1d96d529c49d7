"""browser_test.py [--pictures FOLDER]: the book in Chromium, as its readers have it: from file://, with the keyboard, on a phone, in
the dark. With --pictures it only takes pictures of ten kinds of page, in light and dark, for eyes."""

import contextlib
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "book"))
try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    import book
    from prose import Document, words_of
    from source import ROOT, Source, step_page
except ModuleNotFoundError as missing:
    print(f"skipped: {missing}; this needs python3-selenium, chromium, chromium-driver and what ./learn book installs")
    sys.exit(77)

AXE = ROOT / "build/node_modules/axe-core/axe.min.js"  # npm install --prefix build axe-core
KINDS = {  # a page of each kind
    "first": "index.html", "chapter": "stage01-ping/README.html", "diagrams": "stage06-integrity/README.html", "part": "stage05-persistence/log.html",
    "step": "stage03-protobuf-framing/step-session.html", "new": "stage05-persistence/step-log.html", "file": "stage05-persistence/src/disk/wal.cpp.html",
    "files": "stage04-events/files.html", "two": "compare.html#2/3/src/net/session.cpp", "docs": "docs/benchmarks.html"}
SIDEWAYS = """return document.documentElement.scrollWidth - innerWidth"""


def chromium(profile: str) -> webdriver.Chrome:
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                 "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


class Reader:
    """Of a book in a folder."""

    def __init__(self, folder: Path, profile: str):
        self.root = folder.as_uri() + "/"
        self.driver = chromium(profile)
        self.driver.set_script_timeout(300)
        self.run = self.driver.execute_script
        self.wide(1440)

    def open(self, page: str) -> None:
        self.driver.get("about:blank")  # or a page with another anchor would not be loaded again
        self.driver.get(self.root + page)
        if page.startswith("compare"):
            self.until(lambda: self.run("return document.querySelectorAll('.row').length"))

    def wide(self, width: int) -> None:
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})

    def dark(self, dark: bool) -> None:
        self.run("localStorage.theme = arguments[0]; theme()", "dark" if dark else "light")

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def until(self, condition):
        return WebDriverWait(self.driver, 60, 0.05).until(lambda _: condition())

    @property
    def page(self) -> str:
        return self.driver.current_url.removeprefix(self.root)

    def requests(self) -> set[str]:
        """What was asked for since the last time."""
        events = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        return {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}

    def results(self) -> list[tuple[str, str]]:
        return self.run("return [...document.querySelectorAll('#results a')].map(a => [a.href, a.textContent])")

    def search(self, text: str) -> list[tuple[str, str]]:
        self.press(Keys.ESCAPE)
        self.press("/")
        self.press(text)
        self.until(lambda: self.run("return document.getElementById('search').value === arguments[0] && document.getElementById('results').children.length", text))
        return [(address.removeprefix(self.root), title) for address, title in self.results()]

    def on(self, key: str) -> str:
        """Presses a key that leads to another page, and says to which."""
        before = self.driver.current_url
        self.press(key)
        self.until(lambda: self.driver.current_url != before and self.run("return document.readyState") == "complete")
        return self.page

    def pasted(self) -> str:
        """What has been copied."""
        self.run("document.body.append(Object.assign(document.createElement('textarea'), {id: 'pasted'})); document.getElementById('pasted').focus()")
        ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("v").key_up(Keys.CONTROL).perform()
        text = self.until(lambda: self.run("return document.getElementById('pasted').value"))
        self.run("document.getElementById('pasted').remove()")
        return text


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = Path(cls.scratch.name) / "book"
        with contextlib.redirect_stdout(io.StringIO()):
            book.build(cls.folder)
        cls.source = Source()
        cls.reader = Reader(cls.folder, f"{cls.scratch.name}/profile")
        cls.addClassCleanup(cls.reader.driver.quit)

    def test_every_page_loads_without_an_error_and_asks_nobody(self):
        """Several at a time, in frames: there are a thousand."""
        frames = Path(self.scratch.name) / "frames.html"
        frames.write_text("<!doctype html><link rel=icon href='data:,'><title>frames</title>")
        for log in ("browser", "performance"):
            self.reader.driver.get_log(log)
        self.reader.driver.get(frames.as_uri())
        every = [file.as_uri() for file in sorted(self.folder.rglob("*.html"))]
        requests = set()
        for at in range(0, len(every), 50):
            self.reader.driver.execute_async_script("""const [pages, done] = arguments;
                const load = (page) => new Promise((loaded) => {
                  const frame = document.body.appendChild(document.createElement("iframe"));
                  frame.hidden = true;  // not laid out: that is another test's
                  frame.onload = () => { frame.remove(); loaded(); };
                  frame.src = page;
                });
                Promise.all(pages.map(load)).then(done);""", every[at:at + 50])
            requests |= self.reader.requests()
        self.assertEqual([entry["message"] for entry in self.reader.driver.get_log("browser")], [])
        self.assertEqual(set(every) - requests, set())
        self.assertEqual([url for url in requests if not url.startswith((self.reader.root, frames.as_uri(), "data:"))], [])

    def test_nothing_is_wider_than_the_screen(self):
        chapters = [file.relative_to(self.folder) for file in self.folder.glob("stage*/*.html") if not file.name.startswith("step-")]
        for page in [*KINDS.values(), *map(str, chapters)]:
            self.reader.open(page)
            for width in (360, 768, 1440):
                self.reader.wide(width)
                self.assertLessEqual(self.reader.run(SIDEWAYS), 0, f"{page} at {width}")

    @unittest.skipUnless(AXE.exists(), "npm install --prefix build axe-core")
    def test_contrast_and_labels(self):
        axe = AXE.read_text()
        for dark in (False, True):
            for page in KINDS.values():
                self.reader.open(page)
                self.reader.dark(dark)
                self.reader.run("for (const one of document.querySelectorAll('details')) one.open = true")
                self.reader.run(axe)
                found = self.reader.driver.execute_async_script("const done = arguments[0]; axe.run({resultTypes: ['violations']}).then((found) => done("
                                                                "found.violations.map((one) => [one.id, one.nodes.length, one.nodes[0].html])))")
                self.assertEqual(found, [], f"{page}, {'dark' if dark else 'light'}")
        self.reader.dark(False)

    def test_search_finds_a_word_of_each_chapter(self):
        self.reader.open("index.html")
        chapters = {of.number: words_of(Document(of.chapter).tokens) for of in self.source.stages if of.chapter.exists()}
        for number, text in chapters.items():
            others = " ".join(other for one, other in chapters.items() if one != number).lower()
            word = next(word for word in re.findall(r"\b[a-z]{9,}\b", text) if word not in others)
            found = [page for page, _ in self.reader.search(word)]
            self.assertTrue(any(page.startswith(f"stage0{number}-") for page in found), f"{word}: {found}")
            self.reader.press(Keys.BACKSPACE * len(word))

    def test_a_name_is_found_where_it_came_and_one_sees_how_it_changed(self):
        self.reader.open("index.html")
        page, title = self.reader.search("MemTable")[0]
        self.assertEqual(title, "MemTablesrc/table/memtable.hpp, since stage 2")
        self.assertEqual(self.reader.on(Keys.ENTER), page)
        self.assertIn("class MemTable", self.reader.run("return document.querySelector(':target').textContent"))
        self.assertEqual(self.reader.run("return [...document.querySelectorAll('.bar li')].map(one => one.className)")[:3], ["gone", "new", "changed"])
        self.reader.run("document.querySelector('.bar .changed a').click()")
        self.reader.until(lambda: self.reader.page.startswith("stage03"))
        self.reader.run("document.querySelector('.facts a[href*=compare]').click()")
        self.reader.until(lambda: self.reader.run("return document.querySelectorAll('.row .a').length"))
        self.assertEqual(self.reader.page, "compare.html#2/3/src/table/memtable.hpp")

    def test_two_stages_side_by_side_have_all_lines_of_both(self):
        self.reader.open("compare.html#2/5/src/net/session.cpp")
        self.reader.until(lambda: self.reader.run("return document.querySelectorAll('.row').length"))
        for number, side in ((2, "first"), (5, "last")):
            lines = self.reader.run(f"return [...document.querySelectorAll('.row > :{side}-child:not(.none)')].map(one => one.textContent)")
            self.assertEqual(lines, self.source.files[number]["src/net/session.cpp"].text.splitlines())

    def test_a_step_shows_the_lines_of_its_difference_and_tests_at_a_switch(self):
        self.reader.open("stage03-protobuf-framing/step-limits.html")
        visible = ("return [...document.querySelectorAll('.changes pre > span')].filter(one => one.checkVisibility({contentVisibilityAuto: true, checkVisibilityCSS: true})"
                   " && !one.closest('details:not([open])')).map(one => ({a: '+', d: '-'}[one.className] || ' ') + one.textContent.replace(/\\n$/, ''))")
        for tests in ([], ["--tests"]):
            out = subprocess.run([ROOT / "learn", "diff", "2", "3", "--step", "limits", *tests], check=True, text=True, capture_output=True).stdout
            hunks = re.sub(r"(?m)^diff --git .*\n(?:.+\n)*?(?=@@ )", "", out)
            lines = [line for line in hunks.split("\n")[:-1] if not line.startswith(("@@ ", "\\"))]
            self.assertEqual(self.reader.run(visible), lines)
            self.reader.run("document.getElementById('tests').click()")
        self.reader.run("document.getElementById('tests').checked && document.getElementById('tests').click()")

    def test_what_is_copied_is_the_code(self):
        copy = "return [...document.querySelectorAll('main > figure, article > figure, .changes figure')].find(one => one.textContent.includes(arguments[0])).querySelector('.copy')"
        for page, name, text in [("stage05-persistence/src/disk/wal.cpp.html", "", self.source.files[5]["src/disk/wal.cpp"].text),
                                 ("stage03-protobuf-framing/step-limits.html", "src/command/service.cpp", self.source.files[3]["src/command/service.cpp"].text),
                                 ("stage01-ping/README.html", "redis-cli -p 9527 ping\n", "kv-server &\nredis-cli -p 9527 ping\nredis-cli -p 9527 ping 'hello, world'\n")]:
            self.reader.open(page)
            self.reader.run(copy, name).click()
            self.reader.until(lambda: self.reader.run("return [...document.querySelectorAll('.copy')].some(one => one.textContent === 'copied')"))
            self.assertEqual(self.reader.pasted(), text)

    def test_the_keyboard_alone_leads_to_the_last_step_of_stage_5(self):
        self.reader.open("index.html")
        self.assertEqual(self.reader.on(Keys.ARROW_RIGHT), "stage01-ping/README.html")
        titles = [title for _, title in self.reader.search("step 1: listen")]
        for _ in range(next(at for at, title in enumerate(titles) if title.startswith("Step 1: listen"))):
            self.reader.press(Keys.ARROW_DOWN)
        page = self.reader.on(Keys.ENTER).partition("#")[0]
        self.assertEqual(page, "stage01-ping/step-listen.html")
        order = [step_page(of, step) for of in self.source.stages for step in of.steps]
        last = step_page(self.source.stages[4], self.source.stages[4].steps[-1])
        for expected in order[order.index(page) + 1:order.index(last) + 1]:
            self.assertEqual(self.reader.on(Keys.ARROW_RIGHT), expected)
        self.assertEqual(self.reader.on(Keys.ARROW_LEFT), order[order.index(last) - 1])

    def test_the_theme_is_the_systems_or_the_readers(self):
        def background():
            return self.reader.run("return getComputedStyle(document.body).backgroundColor")

        self.reader.open("index.html")
        self.reader.run("localStorage.clear()")
        found = {}
        for scheme in ("dark", "light"):
            self.reader.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
            self.reader.until(lambda: self.reader.run("return document.documentElement.dataset.theme") == scheme)
            found[scheme] = background()
        self.assertNotEqual(found["dark"], found["light"])
        self.reader.run("[...document.querySelectorAll('button')].find(one => one.textContent === 'light / dark').click()")
        self.assertEqual(background(), found["dark"])
        self.reader.open("stage01-ping/README.html")
        self.assertEqual(background(), found["dark"], "it is remembered")
        self.reader.dark(False)

    def test_the_path_of_the_reader_is_kept(self):
        self.reader.open("stage02-memtable/step-codec.html")
        self.reader.open("index.html")
        self.assertIn("codec", self.reader.run("return document.getElementById('resume').textContent"))
        self.reader.run("document.getElementById('resume').click()")
        self.reader.until(lambda: self.reader.page == "stage02-memtable/step-codec.html")
        self.assertTrue(self.reader.run("return document.querySelector('.steps a[aria-current]').matches('.seen')"))

    def test_on_a_wide_screen_a_step_is_beside_its_difference_and_on_a_phone_above_it(self):
        place = "return ['.told', '.changes'].map(one => { const box = document.querySelector(one).getBoundingClientRect(); return [box.left, box.top]; })"
        self.reader.open(KINDS["step"])
        self.reader.wide(1440)
        told, changes = self.reader.run(place)
        self.assertTrue(told[0] < changes[0] and told[1] == changes[1], (told, changes))
        self.reader.wide(360)
        told, changes = self.reader.run(place)
        self.assertTrue(told[0] == changes[0] and told[1] < changes[1], (told, changes))
        self.reader.wide(1440)


class Serving(unittest.TestCase):
    def test_what_has_changed_is_built_again_and_a_mistake_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            files = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
            for file in files.split("\0")[:-1]:
                (Path(folder) / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, Path(folder) / file)
            command = ["/usr/bin/python3", "-B", "-u", f"{folder}/tools/book/book.py", "--serve", "0"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
                try:
                    address = server.stdout.readline().split()[0]
                    self.assertTrue(address.startswith("http://127.0.0.1:"))
                    self.assertIn("index.html", server.stdout.readline())
                    docs = Path(folder) / "docs/decisions/3-jemalloc.md"
                    text = docs.read_text()
                    docs.write_text(text + "\nand $$x$$\n")
                    self.assertIn(f"docs/decisions/3-jemalloc.md:{text.count(chr(10)) + 2}: the book does not know", server.stdout.readline())
                    docs.write_text(text + "\nQuite another sentence.\n")
                    self.assertIn("index.html", server.stdout.readline())
                    with urllib.request.urlopen(f"{address}docs/decisions/3-jemalloc.html") as page:
                        self.assertIn("Quite another sentence.", page.read().decode())
                finally:
                    server.kill()


def pictures(folder: Path) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        book.build(book.FOLDER)
        reader = Reader(book.FOLDER, profile)
        for name, page in KINDS.items():
            reader.open(page)
            for width in (360, 1440):
                reader.wide(width)
                for dark in (False, True):
                    reader.dark(dark)
                    reader.driver.save_screenshot(str(folder / f"{name}-{width}-{'dark' if dark else 'light'}.png"))
        reader.driver.quit()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--pictures"]:
        pictures(Path(sys.argv[2]))
    else:
        unittest.main()
