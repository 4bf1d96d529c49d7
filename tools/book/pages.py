"""The pages that one reads: the first one, the chapters, and the steps beside what they change."""

import json
import posixpath
import re
from html import escape
from pathlib import Path

import files
import paint
from prose import Document, Writer, block, link, picture_of, relative, words_of
from source import ROOT, File, Source, Stage, Step, is_test, page_of, step_page

HERE = Path(__file__).parent
HOURS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
WORDS_A_MINUTE = 200
UNTOLD = {"given": "This is given: no chapter teaches it, and nobody has to write it.",
          "naive": "A wrong or slow version, which the chapter shows first. It is built and tested, and not part of the stage."}


class Book:
    def __init__(self, folder: Path):
        self.folder = folder
        self.written: set[Path] = set()
        self.source = Source()
        markdown = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
        self.others = [Document(file) for file in markdown]
        self.chapters = {of.number: chapter_of(of) for of in self.source.stages}
        self.documents = {one.path: one for one in [*sum(self.chapters.values(), []), *self.others]}
        self.asked: dict[str, Path] = {}  # what else is linked, by its page
        self.index: list[list[str]] = []  # for search: kind, title, where that is, page, text
        self.template = (HERE / "page.html").read_text()
        self.writer = Writer(self.target, self.piece)

    def write(self) -> None:
        for name in ("book.css", "book.js"):
            self.write_file(name, (HERE / name).read_text())
        for document in self.documents.values():
            for picture in map(picture_of, document.diagrams()):
                if picture.exists():
                    self.write_file(f"pictures/{picture.name}", picture.read_text())
        self.first_page()
        self.chapter_pages()
        self.step_pages()
        files.write(self)
        self.write_file("search.js", f"book.found({json.dumps(self.index, ensure_ascii=False, separators=(',', ':'))})\n")
        for old in set(self.folder.rglob("*")) - self.written:
            if old.is_file():
                old.unlink()

    def write_file(self, path: str, text: str) -> None:
        file = self.folder / path
        self.written.add(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def page(self, path: str, title: str, body: str, kind: str, around: tuple[str, str] = ("", ""), of: Stage | None = None) -> None:
        """Around it are the pages before and after."""
        ways = [(rel, relative(path, to), text) for rel, to, text in zip(("prev", "next"), around, ("← back", "on →")) if to]
        foot = "".join(f'<a class={rel} href="{to}">{text}</a>' for rel, to, text in ways)
        places = [(f"Stage {of.number}", self.stage_page(of)), ("files", files.list_page(of))] if of else []
        places[1:1] = [("steps", step_page(of, of.steps[0]))] if of and of.steps else []
        places.append(("two stages", "compare.html"))
        self.write_file(path, self.template.format(
            path=path, title=escape(title), body=body, kind=kind, root=relative(path, "index.html").removesuffix("index.html"),
            links="".join(f'<link rel={rel} href="{to}">' for rel, to, _ in ways),
            trail="".join(f" · {link(path, to, text)}" for text, to in places),
            foot=f"<footer><nav aria-label=Pages>{foot}</nav></footer>\n" if foot else ""))

    # ---- what links lead to ----

    def target(self, path: str) -> str | None:
        file = ROOT / path
        if path in self.documents:
            return self.documents[path].page
        if not file.exists():
            return None
        if file.suffix == ".svg":
            self.write_file(path, file.read_text())
            return path
        page = posixpath.normpath(f"{path}/index.html") if file.is_dir() else page_of(file)
        if file not in self.source.by_source:
            self.asked[page] = file
        return page

    def piece(self, document: Document, title: str, code: str, line: int, page: str) -> str:
        """The head of a block that is from a file: where it is, and which step it is of."""
        source = Path(posixpath.normpath(document.file.parent / title))
        at = line_of(source.read_text(), code) if source.is_file() else None
        if not at:
            raise document.wrong(line, f"this block is not in {title}")
        head = link(page, f"{self.target(str(source.relative_to(ROOT)))}#L{at}", f"{title}, line {at}")
        file = self.source.by_source.get(source)
        return f"{head} <span>{self.step_link(file.changed_last, page, document.path)}</span>" if file else head

    def step_link(self, file: File, page: str, near: str = "") -> str:
        """The step that names the file; with its stage, unless `near` is in that."""
        stage = "" if near.startswith(f"{file.stage.name}/") else f"stage {file.stage.number}"
        step = f"step {link(page, step_page(file.stage, file.step), file.step.name)}" if file.step else ""
        return ", ".join(filter(None, (stage, step)))

    # ---- the first page ----

    def first_page(self) -> None:
        readme, rest = self.others[0], Document(HERE / "first.md")
        intro = readme.tokens[:next(at for level, _, _, at in readme.headings if level == 2)]
        begin = self.stage_page(self.source.stages[0])
        others = "".join(f"<li>{link('', other.page, escape(other.title))}</li>" for other in self.others[1:])
        self.page("index.html", readme.title,
                  self.writer.write(readme, intro, "index.html")
                  + f'<p><a class=button href="{begin}">Begin with stage 1</a> <a class=button id=resume hidden></a></p>'
                  + f"<h2>What you will have built</h2>{self.stair()}<ol class=stages>{''.join(map(self.card, self.source.stages))}</ol>"
                  + self.writer.write(rest, rest.tokens, "index.html") + f"<h2>Beside the chapters</h2><ul>{others}</ul>",
                  "first", ("", begin))

    def stage_page(self, of: Stage) -> str:
        return self.chapters[of.number][0].page if self.chapters[of.number] else files.list_page(of)

    def size(self, of: Stage) -> tuple[int, int]:
        """The lines of its source: all, and those that are new or changed."""
        code = [file for path, file in self.source.files[of.number].items() if path.startswith(("src/", "apps/", "proto/"))]
        new = sum(sign == "+" for file in code if file.change != "same" for sign, _ in file.difference)
        return sum(len(file.text.splitlines()) for file in code), new

    def stair(self) -> str:
        """A picture of the stages and their sizes."""
        most, steps = max(self.size(of)[0] for of in self.source.stages), ""
        for of in self.source.stages:
            every, new = self.size(of)
            name = f"<b>{of.number}</b> <span>{of.name.split('-')[1]}</span>"
            steps += (f'<li>{link("", self.stage_page(of), name)}<i class=come style="height:{new * 80 / most:.1f}%"></i>'
                      f'<i style="height:{(every - new) * 80 / most:.1f}%"></i></li>')
        return f"<ol class=stair>{steps}</ol><p class=facts>The lines of each stage; blue, those that are new or changed in it.</p>"

    def card(self, of: Stage) -> str:
        """A stage in words: its idea and its limit, as the top-level README tells them, its size, and the time that it takes."""
        row = re.search(rf"\| \[[^]]*\]\({of.name}/README.md\) \| (.*?) \| .*? \| (.*?) \|", (ROOT / "README.md").read_text())
        idea, limit = map(escape, row.groups()) if row else ("", "")
        every, new = self.size(of)
        chapter = self.chapters[of.number]
        sections = filter(None, (self.sections(of, step) for step in of.steps))
        to_write = sum(hours(words_of(tokens[3:6])) for (_, tokens), *_ in sections)
        to_read = sum(len(words_of(document.tokens).split()) for document in chapter) / WORDS_A_MINUTE
        time = f"some {to_read / 10:.0f}0 minutes to read" + (f", {to_write:.0f} hours to write" if to_write else "")
        facts = f"{every:,} lines, {f'{new:,}' if of.before else 'all'} of them new or changed; {time}"
        return (f'<li><b>{link("", self.stage_page(of), escape(chapter[0].title if chapter else of.name))}</b><p>{idea}</p>'
                f"<p class=facts>{facts}</p>" + (f"<p class=limit>{limit}</p>" if limit else "") + "</li>")

    # ---- chapters ----

    def chapter_pages(self) -> None:
        of_stages = [(of, document) for of in self.source.stages for document in self.chapters[of.number]]
        order = of_stages + [(None, document) for document in self.others]
        pages = ["index.html", *(document.page for _, document in order), ""]
        for at, (of, document) in enumerate(order):
            body = self.writer.write(document, document.tokens, document.page)
            for step in of.steps if of else []:
                beside = f'<a class=diff href="step-{step.name}.html">what it changes</a>'
                body = re.sub(rf'(<h2 id="step-\d+-{step.name}-.*?)(?=</h2>)', rf"\1 {beside}", body)
            self.page(document.page, document.title, f"{self.contents(document, of)}<article>{body}</article>", "chapter",
                      (pages[at], pages[at + 2]), of)
            for text, anchor, words in document.sections():
                self.index.append(["chapter", text, document.title, f"{document.page}#{anchor}", words])

    def contents(self, document: Document, of: Stage | None) -> str:
        here = "".join(f'<li><a href="#{anchor}">{escape(text)}</a></li>' for level, text, anchor, _ in document.headings if level == 2)
        shown = [(at, one) for other in self.source.stages for at, one in enumerate(self.chapters[other.number]) if at == 0 or other is of]
        items = "".join(f"<li{' class=part' * (at > 0)}>" + (f"<b>{escape(one.title)}</b><ul>{here}</ul>" if one is document else
                        link(document.page, one.page, escape(one.title))) + "</li>"
                        for at, one in shown + [(0, document)] * (of is None))
        return f"<nav class=contents aria-label=Contents><details open><summary>Contents</summary><ul>{items}</ul></details></nav>"

    # ---- steps ----

    def sections(self, of: Stage, step: Step) -> list[tuple[Document, list]]:
        """Where the chapter tells of a step: in its first file, and where a long chapter goes on."""
        heading = re.compile(rf"(?:Step \d+: )?{re.escape(step.name)}, ")
        return [(document, document.section(anchor)) for document in self.chapters[of.number]
                for level, text, anchor, _ in document.headings if level == 2 and heading.match(text)]

    def step_pages(self) -> None:
        order = [(of, step) for of in self.source.stages for step in of.steps]
        pages = ["index.html", *(step_page(*one) for one in order), ""]
        for at, (of, step) in enumerate(order):
            self.step(of, step, (pages[at], pages[at + 2]))

    def step(self, of: Stage, step: Step, around: tuple[str, str]) -> None:
        page, sections, changed = step_page(of, step), self.sections(of, step), self.source.of_step(of, step)
        title, told = f"{step.name} ({step.kind})", f"<p>{UNTOLD.get(step.kind, 'Its chapter is still to come.')}</p>"
        facts = f"Stage {of.number}"
        if sections:
            title = words_of(sections[0][1][1:2])
            document, tokens = sections[-1]  # what stands before that only leads there
            told = re.sub(r"(</?h)3\b", r"\g<1>2", self.writer.write(document, tokens[3:], page)) + self.hints(of, step)
            facts = link(page, f"{document.page}#{tokens[0].attrGet('id')}", f"In its chapter, stage {of.number}")
        if any(map(is_test, changed)):
            facts += " <label><input type=checkbox id=tests> show the tests, too</label>"
        names = "".join(f'<li class={one.kind}><a href="step-{one.name}.html"{" aria-current=page" * (one is step)}>{one.name}</a></li>'
                        for one in of.steps)
        beside = "".join(changes(file, page) for file in changed)
        self.page(page, f"Stage {of.number}, {title}",
                  f'<nav class=steps aria-label="Steps of the stage"><ol>{names}</ol></nav>'
                  f"<h1>{escape(title)}</h1><p class=facts>{facts}</p>"
                  f'<div class=beside><section class=told aria-label="What it is about" tabindex=0>{told}</section>'
                  f'<section class=changes aria-label="What it changes">{beside}</section></div>', "step", around, of)
        self.index.append(["step", title, f"stage {of.number}, beside what it changes", page, " ".join(file.path for file in changed)])

    def hints(self, of: Stage, step: Step) -> str:
        file = of.folder / "hints.md"
        document = Document(file) if file.exists() else None
        if not document or step.name not in [text for _, text, _, _ in document.headings]:
            return ""
        text = self.writer.write(document, document.section(step.name)[3:], step_page(of, step))
        return f"<details><summary>Hints, for whoever writes it and is stuck</summary>{text}</details>"


def changes(file: File, page: str) -> str:
    added, gone = (sum(one == sign for one, _ in file.difference) for sign in "+-")
    facts = f"new, {added} lines" if file.change == "new" else f"{added} lines added, {gone} removed"
    head = f"{link(page, file.page, file.path)} <span>{facts}</span>"
    return block(paint.difference(file.difference, files.language_of(file.source)), head, f" numbered {file.change}{' test' * is_test(file)}")


def chapter_of(of: Stage) -> list[Document]:
    """Its files, in the order in which the first one speaks of them."""
    if not of.chapter.exists():
        return []
    text = of.chapter.read_text()
    return [Document(of.folder / name) for name in sorted(of.chapter_files, key=lambda name: (name != "README.md", text.find(f"]({name}")))]


def line_of(text: str, code: str) -> int | None:
    """Where a piece of a file begins in it; a line `// ...` parts pieces, and indentation may be less."""
    first = next(part for part in re.split(r"(?m)^ *(?://|#) \.\.\.\n", code) if part.strip())
    wanted, lines = [[line.strip() for line in one.splitlines()] for one in (first.strip("\n"), text)]
    return next((at + 1 for at in range(len(lines)) if lines[at:at + len(wanted)] == wanted), None)


def hours(text: str) -> float:
    """Of what a chapter says above a step, such as `two and a half hours`."""
    text = text.lower()
    if part := re.search(r"(half|(\w+) quarters?) (?:of )?an hour", text):
        return HOURS.get(part[2], 2) / 4
    found = re.search(r"(\w+)( and a half)? hours?( and a half)?", text)
    return HOURS.get(found[1], 0) + (0.5 if found[2] or found[3] else 0) if found else 0
