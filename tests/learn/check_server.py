"""`./learn check N --server CMD`: stage N's black-box tests against any program, in any language.

They are the suites that tests/CMakeLists.txt marks ANY_SERVER, in the order in which they stand
there. CMD is a shell command that becomes the server: signals go to it, and not to what it starts.
It gets flags behind it, `--port 0` first of all, and has to say `listening on HOST:PORT`.
"""

import argparse
import asyncio
import contextlib
import functools
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from build import jobs, tests_in
from stage import ROOT, Mistake, Stage, stage

BUILD = ROOT / "build" / "release"
START_SECONDS = 20
FIRST_STAGE_WITH_DATA = 5


# ---- building ----

def run_step(title: str, command: list[str]) -> None:
    """Its output goes to build/logs, and the end of it to the terminal when it fails."""
    print(f"== {title}", flush=True)
    log = ROOT / "build" / "logs" / "check-server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as out:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    if done.returncode:
        lines = log.read_text(errors="replace").splitlines()
        print("\n".join(lines[-40:]), file=sys.stderr)
        raise Mistake(f"that failed (all of it: {log.relative_to(ROOT)})")


def configure(name: str) -> None:
    """As `learn` does: a build folder may know some stages only, and gets to know this one, too."""
    cache = BUILD / "CMakeCache.txt"
    text = cache.read_text() if cache.exists() else ""
    known = dict(re.findall(r"^(\w+):\w+=(.*)$", text, re.MULTILINE))
    stages = name
    if known.get("CMAKE_HOME_DIRECTORY") != str(ROOT):
        shutil.rmtree(BUILD, ignore_errors=True)  # there is none yet, or the checkout has moved
    elif (BUILD / "build.ninja").exists():
        before = known.get("KV_STAGES", "")
        if not before or name in before.split(";"):  # none: all of them
            return
        stages = f"{before};{name}"
    run_step("configuring (release)",
             ["cmake", "-S", str(ROOT), "--preset", "release", f"-DKV_STAGES={stages}"])


def build_tests(name: str) -> None:
    configure(name)
    run_step(f"building the tests that any server of {name} is asked to pass",
             ["cmake", "--build", str(BUILD), "--parallel", str(jobs()),
              "--target", f"{name}-any-server"])


# ---- the server ----

def expect_start(server: str, has_data: bool) -> None:
    """So that a command with a mistake in it is not taken for a server that fails all tests."""
    with (tempfile.TemporaryDirectory() as folder,
          open(f"{folder}/log", "w+", errors="replace") as log):
        flags = ["--port", "0", *(["--data-dir", f"{folder}/data"] if has_data else [])]
        process = subprocess.Popen(["sh", "-c", f'exec {server} "$@"', "sh", *flags], text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                   start_new_session=True)
        end = functools.partial(os.killpg, process.pid, signal.SIGKILL)  # with what it has started
        late = threading.Timer(START_SECONDS, end)
        late.start()
        try:
            for line in process.stdout:
                if re.fullmatch(r"listening on \S+:[1-9]\d*\n", line):
                    return
            status = process.wait()
        finally:
            late.cancel()
            with contextlib.suppress(ProcessLookupError):
                end()
            process.wait()
            process.stdout.close()
        log.seek(0)
        said = log.read().strip().splitlines()
    fault = f"ends with status {status} and does not say 'listening on HOST:PORT'"
    if status == -signal.SIGKILL:
        fault = f"does not say 'listening on HOST:PORT' within {START_SECONDS} s"
    raise Mistake(f"no server: `{server} --port 0` {fault}" +
                (f"; its last words: {said[-1]}" if said else ""))


# ---- the tests ----

def suites_of(name: str, build: Path) -> list[tuple[Path, str]]:
    """Each with its program, in the order of the table."""
    lines = (build / "tests" / f"{name}.any-server").read_text().splitlines()
    return [(build / "tests" / program, suite) for program, suite in map(str.split, lines)]


def tests_of(program: Path, suite: str) -> list[str]:
    return [test for test in tests_in(program) if test.split(".")[0].split("/")[-1] == suite]


async def run_in_order(tests: list[tuple[Path, str]],
                       environment: dict[str, str]) -> AsyncIterator[tuple[bool, str]]:
    """Runs several at once. Yields in their order whether each has passed, and its output."""
    turn = asyncio.Semaphore(2 * jobs())  # many tests wait for a time to pass

    async def run(program: Path, test: str) -> tuple[bool, str]:
        async with turn:
            process = await asyncio.create_subprocess_exec(
                program, f"--gtest_filter={test}", env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                output, _ = await process.communicate()
                return process.returncode == 0, output.decode(errors="replace")
            finally:
                if process.returncode is None:  # nobody waits for it any more
                    process.kill()
                    await process.wait()

    runs = [asyncio.create_task(run(*test)) for test in tests]
    try:
        for running in runs:
            yield await running
    finally:
        for running in runs:
            running.cancel()
        await asyncio.gather(*runs, return_exceptions=True)


def shown(output: str) -> str:
    """Without what GoogleTest prints around a test."""
    begin = max(output.find("[ RUN "), 0)
    end = output.find("\n[--------", begin)
    return output[begin:end if end > 0 else None].rstrip()


async def check(of: Stage, server: str, build: Path = BUILD) -> bool:
    """True when all pass. Prints a line a suite, and the first failure whole."""
    has_data = of.number >= FIRST_STAGE_WITH_DATA
    expect_start(server, has_data)
    environment = os.environ | {"KV_SERVER": server}
    if has_data:
        environment["KV_DATA_DIR_FLAG"] = "1"
    suites = {suite: [(program, test) for test in tests_of(program, suite)]
              for program, suite in suites_of(of.name, build)}
    width = max(map(len, suites))
    results = run_in_order([test for tests in suites.values() for test in tests], environment)
    async with contextlib.aclosing(results):
        for suite, tests in suites.items():
            for passed, (program, test) in enumerate(tests):
                right, output = await anext(results)
                if not right:
                    print(f"{suite:<{width}}  {passed} of {len(tests)}\n\n{shown(output)}\n\n"
                          f"This test alone:\n  KV_SERVER={shlex.quote(server)} "
                          f"{program} --gtest_filter={test}")
                    return False
            print(f"{suite:<{width}}  {len(tests)} of {len(tests)}", flush=True)
    print(f"all {sum(map(len, suites.values()))} tests passed")
    return True


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./learn check")
    parser.add_argument("stage", metavar="N", type=int)
    parser.add_argument("--server", metavar="CMD", required=True)
    options = parser.parse_args(arguments)
    of = stage(options.stage)
    build_tests(of.name)
    return 0 if asyncio.run(check(of, options.server)) else 1
