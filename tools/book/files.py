"""The pages that one looks things up in: each file in each stage, lists of them, two stages side by side; and what search finds there."""

import json
import re
from pathlib import Path

import paint
from prose import block, link, relative
from source import ROOT, File, Stage, is_meant, is_test, page_of

STATES = {"new": "new", "changed": "changed", "same": "as before"}
LANGUAGES = {".cpp": "cpp", ".hpp": "cpp", ".proto": "protobuf", ".py": "python", ".sh": "bash", ".patch": "diff", ".json": "json"}
TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+), ?(\w+)\)", re.M)


def write(book) -> None:
    for of in book.source.stages:
        write_list(book, of)
    for file in book.source.by_source.values():
        write_page(book, file)
    for source in book.source.tests:
        write_other(book, page_of(source), source)
    write_compare(book)
    for page, file in sorted(book.asked.items()):
        write_other(book, page, file)


def list_page(of: Stage) -> str:
    return f"{of.name}/files.html"


def language_of(file: Path) -> str:
    return LANGUAGES.get(file.suffix, {"CMakeLists.txt": "cmake", "learn": "bash"}.get(file.name, ""))


def write_list(book, of: Stage) -> None:
    page = list_page(of)
    here = [file for _, file in sorted(book.source.files[of.number].items())]
    rows = [(file, STATES[file.change], book.step_link(file.changed_last, page)) for file in here]
    rows += [(file, "gone", "") for file in book.source.gone(of)]
    table = "".join(f"<tr><td>{link(page, file.page, file.path)}</td><td>{state}</td><td>{step}</td></tr>" for file, state, step in rows)
    against = f"against stage {of.number - 1}" if of.before else "state"
    book.page(page, f"Files of stage {of.number}",
              f"<h1>Files of stage {of.number}</h1><div class=wide tabindex=0 role=group aria-label=Files><table><thead><tr><th>file</th>"
              f"<th>{against}</th><th>changed last by</th></tr></thead><tbody>{table}</tbody></table></div>", "list", of=of)


def write_page(book, file: File) -> None:
    names, page, last = book.source.declarations(file), file.page, file.changed_last

    def meant(name: str, before: str, after: str) -> str:
        kind, target = names.get(name, ("", ""))
        return relative(page, target) if target and is_meant(name, kind, before, after) else ""

    came = f"{'Came' if last.change == 'new' else 'Changed last'} in {book.step_link(last, page)}."
    if last.before:
        was = f"{last.stage.number - 1}/{last.stage.number}/{file.path}"
        came += " " + link(page, f"compare.html#{was}", "Side by side with what it was")
    book.page(page, f"{file.path}, stage {file.stage.number}",
              f"<h1>{file.path}</h1>{bar(book, file)}<p class=facts>{came}</p>{code_of(file.text, file.source, meant)}",
              "file", of=file.stage)
    if last is file:  # search leads to where it came
        before = book.source.names[file.before.source] if file.before else {}
        for name, (_, line) in book.source.names[file.source].items():
            if name not in before and file.path.endswith(".hpp") and not is_test(file):
                book.index.append(["name", name, f"{file.path}, since stage {file.stage.number}", f"{page}#L{line}", ""])
        index_tests(book, file.text, file.before.text if file.before else "", page, f"{file.path}, stage {file.stage.number}")


def bar(book, file: File) -> str:
    """The same file in each stage."""
    cells, had = "", False
    for number, files in book.source.files.items():
        one = files.get(file.path)
        had = had or bool(one)
        if one:
            here = " aria-current=page" if one.source == file.source else ""
            cells += f'<li class={one.change}><a href="{relative(file.page, one.page)}"{here}><b>{number}</b> {STATES[one.change]}</a></li>'
        else:
            cells += f"<li class=gone><b>{number}</b> {'gone' if had else '–'}</li>"
    return f'<nav class=bar aria-label="The file in each stage"><ol>{cells}</ol></nav>'


def code_of(text: str, file: Path, meant: paint.Link | None = None) -> str:
    return block(f"<pre>{paint.lines(text, language_of(file), True, meant)}</pre>")


def index_tests(book, text: str, before: str, page: str, where: str) -> None:
    known = set(TEST.findall(before))
    for found in TEST.finditer(text):
        if found.groups() not in known:
            book.index.append(["test", ".".join(found.groups()), where, f"{page}#L{text.count(chr(10), 0, found.start()) + 1}", ""])


def write_other(book, page: str, file: Path) -> None:
    """What is in no stage; or a folder, with links to what else is in the book."""
    path = str(file.relative_to(ROOT))
    if file.is_dir():
        shown = {*book.source.by_source, *book.source.tests, *book.asked.values(), *(ROOT / document for document in book.documents)}
        inside = [one for one in sorted(file.iterdir()) if not one.name.startswith((".", "__"))]
        items = (link(page, book.target(str(one.relative_to(ROOT))), one.name) if one in shown else one.name for one in inside)
        body = f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"
    else:
        body = code_of(file.read_text(), file)
        index_tests(book, file.read_text(), "", page, path)
    book.page(page, path, f"<h1>{path}</h1>{body}", "file")


def write_compare(book) -> None:
    """A script for each file, with its versions; and in versions/index.js which of them a stage has, from 1 on. A test that is the
    same wherever it is has a page, and no script."""
    stages: dict[str, list[int]] = {}
    for path in sorted({path for files in book.source.files.values() for path in files}):
        files = [files.get(path) for files in book.source.files.values()]
        texts = list(dict.fromkeys(file.text for file in files if file))
        if len(texts) > 1 or not path.startswith("tests/"):
            stages[path] = [texts.index(file.text) + 1 if file else 0 for file in files]
            versions = [[paint.html(line) for line in paint.pieces(text, language_of(Path(path)))] for text in texts]
            book.write_file(f"versions/{path}.js", f"book.versions({json.dumps(versions, ensure_ascii=False, separators=(',', ':'))})\n")
    book.write_file("versions/index.js", f"book.stages({json.dumps(stages, separators=(',', ':'))})\n")
    book.page("compare.html", "Two stages side by side",
              "<h1>Two stages side by side</h1><form class=choose id=choose><label>stage <select id=left></select></label> "
              "<label>and stage <select id=right></select></label> <label>file <select id=path></select></label></form>"
              "<noscript><p>This page needs JavaScript.</p></noscript><div id=compare></div>", "compare")
