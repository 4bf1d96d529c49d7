"""chapters_test.py [ROOT]: what holds a chapter together, beside what book_test.sh compares word for
word. --self-test shows that each of these can fail.

- The sections come in one order: what the reader needs first, the limit before, the idea, the steps,
  the limit that ends the stage, questions, exercises.
- Each term of the box `New here` is used outside of it, in the chapter or in a header.
- Each file that the stage adds, changes or removes is named in the section `What changed`: as `name`,
  `name.hpp`, `name*` or with its folder.
- A piece of code uses no name that its file defines outside of the piece, unless the chapter shows or
  mentions it, or a header of the stage declares it. What a member is, or a name of another library,
  no script can tell: that is left to readers.
- What is named as a command of this repository is one: the verb of ./learn, the script, the preset and
  the tests of ctest, and each flag of these and of our programs. So are those that measured a figure.
"""

import fnmatch
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "learn"))
from chapter import pieces, rest, text_of  # noqa: E402

ORDER = [r"The limit of stage \d", "The idea", r"Step \d+: .*", "What changed", "The limit that ends",
         "Questions", "Exercises"]
PARTS = ("src", "apps", "proto")


def order(stage):
    last, before = 0, ""
    for heading in re.findall(r"^## (.+)$", (stage / "README.md").read_text(), re.M):
        place = next((i for i, one in enumerate(ORDER) if re.match(one, heading)), None)
        if place is None:
            continue
        if place < last:
            yield f"`{heading}` comes after `{before}`"
        last, before = place, heading


def box(stage):
    chapter = text_of(stage)
    lines = chapter.splitlines()
    begin = next((i for i, line in enumerate(lines) if line.startswith(">") and "**New here" in line), None)
    if begin is None:
        yield "there is no box `**New here`"
        return
    end = next(i for i in range(begin, len(lines)) if not lines[i].startswith(">"))
    inside = [line for line in lines[begin:end] if re.match(r">\s+(- |\S)", line)]
    headers = [file.read_text() for file in stage.glob("src/**/*.hpp")]
    outside = " ".join("\n".join(lines[:begin] + lines[end:] + headers).lower().split())
    for line in inside:
        explained = re.match(r"> - (.*?)(: |\. | is | are | holds | locks | makes | lets | runs )", line + " ")
        if not explained:
            continue
        for term in re.findall(r"\*\*([^*]+)\*\*|`([^`]+)`|\*([^*]+)\*", explained[1]):
            name = next(filter(None, term)).lower()
            stem = re.sub(r"<.*|\(.*|\{.*", "", name).split("::")[-1].strip(" :;")
            if stem and stem not in outside and stem.removesuffix("s") not in outside:
                yield f"the box explains `{name}`, which is not used"


def files_of(stage):
    return {file.relative_to(stage): file.read_bytes()
            for part in PARTS for file in (stage / part).rglob("*") if file.is_file()}


def named(stage, before):
    if before is None:
        return
    section = re.search(r"^## What changed\n(.*?)^## ", (stage / "README.md").read_text(), re.M | re.S)
    if not section:
        yield "there is no section `What changed`"
        return
    names = re.findall(r"`([^`]+)`", section[1])
    old, new = files_of(before), files_of(stage)
    for file in sorted(old.keys() | new.keys()):
        is_named = any(fnmatch.fnmatch(part, name) for name in names for part in (file.name, file.stem, str(file), str(file.parent)))
        if old.get(file) != new.get(file) and not is_named:
            yield f"`What changed` does not name {file}"


DEFINITION = re.compile(
    r"^(?:constexpr|const|inline|static|struct|class|enum class|using|template|[A-Za-z_][\w:<>,*&\s]*?[\s*&])"
    r"[\w:<>,*&\s]*?\b(?P<name>[a-z_]\w+|[A-Z]\w+)(?= ?(?:=|\{|\(|;))", re.M)


def names(stage):
    chapter = text_of(stage)
    headers = "\n".join(file.read_text() for file in stage.glob("src/**/*.hpp"))
    for title, code in pieces(chapter):
        file = stage / title
        if file.suffix != ".cpp" or not file.exists():
            continue
        here = {line.strip() for line in code.splitlines()}
        rest = "\n".join(line for line in file.read_text().splitlines() if line.strip() not in here)
        others = chapter.replace(code, "")
        used = set(re.findall(r"(?<![\w.:>\"])[A-Za-z_]\w+", re.sub(r"//.*|\"[^\"]*\"", "", code)))
        for definition in DEFINITION.finditer(rest):
            name = definition["name"]
            if name in used and not re.search(rf"\b{name}\b", others) and not re.search(rf"\b{name}\b", headers):
                used.discard(name)
                yield f"{title}: a piece uses `{name}`, which nothing shows or mentions"


# A program of the repository, and what follows it up to a pipe or the like.
COMMAND = re.compile(r"(?<![\w/-])(\./learn|kv-(?:server|client|inspect|bench)|ctest|(?:bash|python3) (?=[\w/]+\.))"
                     r"((?:'[^']*'|[^|;&<>'])*)")
SOURCES = {"./learn": ["learn", "tests/learn/*.py", "tests/bench/*.cpp"],
           "kv-bench": ["tests/bench/*.cpp"],
           "kv-": ["stage0*/src/**/*.?pp", "stage0*/apps/*.cpp"],
           "presets": ["*.json", "common/*.json"],
           "tests": ["tests/**/*.cpp", "tests/CMakeLists.txt", "common/unit/**/*.cpp", "stage0*/**/CMakeLists.txt"]}


def commands_in(file):
    prose = re.sub(r"(?ms)^ *```(?!console).*?^ *```$", "", file.read_text())
    for said in re.findall(r"(?<!`)`([^`\n]+)`", prose) + re.findall(r"(?m)^ *\$ (.*)$", prose):
        yield from COMMAND.findall(said)


def missing(root, known, program, rest):
    first = (rest.split() or [""])[0]
    if program == "./learn" and first.islower() and f"\n./learn {first}" not in known[program]:
        yield first
    if program.startswith(("bash", "python3")) and not (root / first).exists():
        yield first
    if program == "ctest":
        yield from (name for name in re.findall(r"--preset (\w+)", rest) if f'"{name}"' not in known["presets"])
        regex = re.search(r"-R '?([^' ]+)", rest)
        yield from (word for word in re.findall(r"\w{3,}", regex[1] if regex else "") if word not in known["tests"])
    elif not program.startswith(("bash", "python3")):
        flags = re.findall(r"(?<!\S)(--[a-z][a-z-]+)", rest)
        source = known.get(program, known["kv-"])
        yield from (flag for flag in flags if not re.search(rf"{flag}\b", source))


def commands(root):
    known = {what: "\n".join(file.read_text() for glob in globs for file in sorted(root.glob(glob)))
             for what, globs in SOURCES.items()}
    known["tests"] += " ".join(stage.name for stage in root.glob("stage0*"))
    for file in sorted([*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("stage0*/*.md")]):
        for program, rest in commands_in(file):
            for what in missing(root, known, program, rest):
                yield f"{file.relative_to(root)}: `{program.strip()} {rest.strip()}`: there is no {what}"


def check(root):
    yield from commands(root)
    before = None
    for stage in sorted(root.glob("stage0*-*")):
        for one in [order(stage), box(stage), named(stage, before), names(stage)]:
            for complaint in one:
                yield f"{stage.name}: {complaint}"
        before = stage


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, code in ("stage01-a", "int f();"), ("stage02-b", "int f() {\n  return one();\n}\n"):
            (root / name / "src").mkdir(parents=True)
            (root / name / "src/a.cpp").write_text("int one() { return 1; }\n" + code)
            (root / name / "README.md").write_text("> **New here**\n>\n> - **term**: it.\n\nterm\n## What changed\n## x\n")
        (root / "learn").write_text("\n./learn test [N]  --quick leaves out what is slow\n")
        (root / "CMakePresets.json").write_text('{"name": "release"}')
        (root / "stage02-b/CMakeLists.txt").write_text("TESTS Frame")
        chapter = root / "stage02-b/README.md"
        good = ("> **New here**\n>\n> - **frame**: bytes.\n\n## The limit of stage 1\n## The idea\n## Step 1: a, b\n"
                "A frame, and one.\n```cpp title=\"src/a.cpp\"\nint f() {\n  return one();\n}\n```\n"
                "## What changed\n`a.cpp`\n## The limit that ends it\n## Questions\n## Exercises\n")
        chapter.write_text(good)
        assert not list(check(root)), list(check(root))
        for what, bad in {
                "order": good.replace("## The idea\n", "").replace("## Questions\n", "## Questions\n## The idea\n"),
                "no box": good.replace("**New here**", ""),
                "term": good.replace("A frame, and", "And"),
                "named": good.replace("`a.cpp`\n", ""),
                "no section": good.replace("## What changed\n", ""),
                "name": good.replace(", and one.", "."),
                "verb": good + "`./learn tset 2`\n",
                "flag": good + "```console\n$ ./learn test --slow\n```\n",
                "script": good + "`bash tests/a.sh`\n",
                "tests": good + "`ctest --preset release -R 'stage02.*(Frame|Term)'`\n"}.items():
            chapter.write_text(bad)
            found = list(check(root))
            assert len(found) == 1, (what, found)


def self_test_of_the_rest():
    with tempfile.TemporaryDirectory() as folder:
        stage = pathlib.Path(folder)
        (stage / "README.md").write_text('```cpp title="src/a.cpp"\nint b;\n```\n')
        head = "diff --git old/src/a.cpp new/src/a.cpp\n--- old/src/a.cpp\n+++ new/src/a.cpp\n"
        shown, other, removed = "@@ -1 +1 @@\n-int a;\n+  int b;\n", "@@ -9 +9 @@\n+int c;\n", "@@ -20 +0,0 @@\n-int d;\n"
        assert rest(head + shown + other + removed, stage) == (head + other, 1, 3)
        assert rest(head + shown, stage) == ("", 0, 1)


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        self_test_of_the_rest()
    else:
        root = pathlib.Path(sys.argv[1]) if sys.argv[1:] else pathlib.Path(__file__).resolve().parent.parent
        complaints = list(check(root))
        print(*complaints, sep="\n")
        sys.exit(bool(complaints))
