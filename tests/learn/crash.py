"""./learn crash: runs a log, one's own or the reference's, through simulated crashes, and draws the first loss."""

import argparse
import subprocess

import build
from stage import BUILD, MY, ROOT, Mistake, stage
from workspace import Workspace, shown


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("./learn crash", description="Crashes a log in every way, and draws the first loss.")
    parser.add_argument("number", metavar="N", nargs="?", choices=["5", "6"], help="the stage; else the last one, or 5")
    parser.add_argument("--reference", action="store_true", help="the log as it is here, not your own")
    parser.add_argument("--seed", type=int, help="of an earlier run, to see the same crashes again")
    asked = parser.parse_args(arguments)
    last = (MY / ".last").read_text().strip() if (MY / ".last").exists() else ""
    of = stage(int(asked.number or (last if last in ("5", "6") else "5")))
    mine = Workspace(of)
    is_mine = mine.exists and not asked.reference
    print(f"== the log of {shown(mine.folder)}" if is_mine else f"== the log of {of.name}, as it is here", flush=True)
    folder = BUILD if is_mine else ROOT / "build" / "release"
    if wrong := build.configure(mine) if is_mine else configure_reference(of.name):
        raise Mistake(f"CMake cannot read the stage:\n{wrong}")
    program = folder / of.name / f"{of.name}-crash"
    built = run("cmake", "--build", folder, "--parallel", build.jobs(), "--target", program.name)
    if "unknown target" in built.stdout + built.stderr:
        raise Mistake(f"your log is not written as far as that; ./learn check {of.number} says where you are")
    if built.returncode != 0:
        raise Mistake(f"it does not compile:\n{build.first_error(built.stdout + built.stderr)}")
    status = subprocess.run([program, *(["--seed", str(asked.seed)] if asked.seed is not None else [])]).returncode
    if status < 0:
        raise Mistake(f"the log has ended its process, by signal {-status}; ./learn check {of.number} may find out where")
    return status


def configure_reference(name: str) -> str:
    """Empty, or what CMake has to complain of."""
    cache = ROOT / "build/release/CMakeCache.txt"
    lines = cache.read_text().splitlines() if cache.exists() else [f"KV_STAGES:STRING={name}"]
    stages = next((line for line in lines if line.startswith("KV_STAGES:")), "").partition("=")[2]
    if stages and name not in stages.split(";"):  # none: all; and those that are built already stay
        stages += f";{name}"
    done = run("cmake", "-S", ROOT, "--preset", "release", f"-DKV_STAGES={stages}")
    return done.stderr if done.returncode != 0 else ""


def run(*command) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)
