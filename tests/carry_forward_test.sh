#!/usr/bin/env bash
# tools/carry-forward copies, merges, and stops at a conflict; it never loses a change.
set -euo pipefail

tool=$(cd "$(dirname "$0")/.." && pwd)/tools/carry-forward
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
cd "$root"

must() {  # STATUS WHAT FILE...
  local status=0
  "$tool" --no-tests "${@:3}" >out 2>&1 || status=$?
  ((status == $1)) || { echo "$2: status $status, not $1"; cat out; exit 1; }
}
holds() {  # FILE LINE...
  diff "$1" <(printf '%s\n' "${@:2}") || { echo "$1 is not as expected"; cat out; exit 1; }
}

git init -q --template= .
git config user.name test
git config user.email test@example.org
mkdir -p stage0{1-a,2-b,3-c,4-d}/src
printf '%s\n' 1 2 3 4 5 | tee stage0{1-a,2-b,4-d}/src/x.cpp >/dev/null
printf '%s\n' 1 2 3 4 5 later | tee stage03-c/src/x.cpp >stage04-d/src/x.cpp
printf 'out\n' >.gitignore
git add . && git commit -qm before

must 1 'nothing has changed' stage01-a/src/x.cpp
must 1 'no file of a stage' out
must 1 'a file that is not there' stage01-a/src/y.cpp

sed -i 's/^1$/one/' stage01-a/src/x.cpp
must 0 'a fix' stage01-a/src/x.cpp
holds stage02-b/src/x.cpp one 2 3 4 5
holds stage03-c/src/x.cpp one 2 3 4 5 later
holds stage04-d/src/x.cpp one 2 3 4 5 later
git commit -qam fixed

printf 'new\n' >stage02-b/src/new.cpp
must 0 'a new file' stage02-b/src/new.cpp
[[ ! -e stage01-a/src/new.cpp ]]
holds stage04-d/src/new.cpp new
git add . && git commit -qm new

git rm -q stage03-c/src/new.cpp && git commit -qm removed
printf 'newer\n' >stage02-b/src/new.cpp
must 0 'a file that a stage removes' stage02-b/src/new.cpp
[[ ! -e stage03-c/src/new.cpp ]]
holds stage04-d/src/new.cpp newer
git commit -qam newer

printf '%s\n' one 2 3 4 5 LATER >stage03-c/src/x.cpp
git commit -qam differs
printf '%s\n' one 2 3 4 5 end >stage01-a/src/x.cpp
must 1 'a conflict' stage01-a/src/x.cpp
holds stage02-b/src/x.cpp one 2 3 4 5 end
grep -q '^<<<<<<< ' stage03-c/src/x.cpp
holds stage04-d/src/x.cpp one 2 3 4 5 later
printf '%s\n' one 2 3 4 5 end LATER >stage03-c/src/x.cpp
must 1 'the next conflict, from the mended file' stage03-c/src/x.cpp
grep -q 'go on with: tools/carry-forward stage04-d/src/x.cpp' out
printf '%s\n' one 2 3 4 5 end later >stage04-d/src/x.cpp
must 0 'the last stage' stage04-d/src/x.cpp
must 1 'what is named twice in vain' stage04-d/src/y.cpp stage04-d/src/x.cpp
