#!/usr/bin/env bash
# run.sh BUILD [NAME...]: tests the tests. Each patch in this folder plants one bug. Above the diff it
# says what is wrong, what a user sees of that (Symptom: what ./learn break tells), and which tests are
# about it (Caught by: how their names in ctest begin, stage and all); each of these must find it. It
# is applied to a copy below BUILD, built, and taken back. A bug that no test notices is a failure.
# Before all that the same tests must pass without a bug. What a fuzzer must find (stageNN.fuzz.name,
# for a patch that names nothing else) is built with Clang, in a second build folder.
# run.sh --check: all patches still apply, and say all three.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
root=$(cd "$here/../.." && pwd)

# A sentence, a symptom, the tests, each once and in this order.
says_all() {  # PATCH
  local parts
  parts=$(sed -nE '/^--- /q; 1{/^(Symptom|Caught by): /!s/.*/text/p}; s/^(Symptom|Caught by): .+/\1/p' "$1")
  [[ $parts == $'text\nSymptom\nCaught by' ]]
}

if [[ ${1:-} == --check ]]; then
  cd "$root"
  for patch in "$here"/*.patch; do
    git apply --check "$patch" || { echo "${patch##*/} does not apply any more"; exit 1; }
    says_all "$patch" ||
      { echo "${patch##*/} must say what is wrong, then Symptom: ..., then Caught by: ..."; exit 1; }
  done
  exit 0
fi
(($#)) || { echo 'usage: run.sh BUILD [NAME...] | --check' >&2; exit 2; }
mkdir -p "$1/mutants"
scratch=$(cd "$1/mutants" && pwd)
shift
source=$scratch/source log=$scratch/log
survivors=0 count=0

choose_build() {  # PATTERN...: sets `build` to the folder in which the tests of a patch are
  build=$scratch/build
  [[ $* == *.fuzz.* ]] && build=$scratch/fuzz
  return 0
}

build_or_fail() {  # TARGET...
  cmake --build "$build" --target "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; return 1; }
}

patterns_of() {  # NAME, of a patch
  [[ -f $here/$1.patch ]] || { echo "there is no $1.patch" >&2; return 2; }
  sed -n 's/^Caught by: //p' "$here/$1.patch" | tr ' ' '\n' | grep . ||
    { echo "$1.patch does not say what tests it is for" >&2; return 2; }
}

regex_of() {  # PATTERN...: for ctest -R, in which a dot would be any character
  local all=${*//./\\.}
  echo "^(${all// /|})"
}

programs_of() {  # PATTERN: what its tests run, as targets of the build
  ctest --test-dir "$build" -N -V -R "$(regex_of "$1")" |
    sed -nE "s|.*Test command: $build/([^ ]+) .*|\1|p" | sed 's/"//g' | sort -u
}

must_pass() {  # PATTERN...: a test that fails by itself would seem to catch every bug
  ctest --test-dir "$build" -R "$(regex_of "$@")" --no-tests=error >"$log" 2>&1 && return
  sed -n '/^The following tests FAILED/,$p' "$log" >&2
  echo "without a planted bug a test fails already, or there is none; see $log" >&2
  exit 2
}

# Only what ctest calls a failed test is one. A bug may make a test hang: then ctest ends it after
# the test's own TIMEOUT, and says so. There is no timeout around ctest, which would say nothing.
fails() {  # PATTERN
  ! ctest --test-dir "$build" -R "$(regex_of "$1")" --no-tests=ignore --stop-on-failure >"$log" 2>&1 &&
    grep -q '^The following tests FAILED' "$log"
}

try_mutant() {  # NAME
  local patch=$here/$1.patch pattern patterns program targets=() begin=$SECONDS missed=()
  mapfile -t patterns < <(patterns_of "$1")
  choose_build "${patterns[@]}"
  for pattern in "${patterns[@]}"; do
    mapfile -t -O "${#targets[@]}" targets < <(programs_of "$pattern")
  done
  ((${#targets[@]})) || { echo "$1: no test has a name like ${patterns[*]}" >&2; exit 2; }
  for program in "$build/${patterns[0]%%.*}"/kv-*; do
    [[ -x $program ]] && targets+=("${program#"$build/"}")
  done
  rm -f "$build"/stage*/fuzz/*/*  # what fuzzers have found before
  (cd "$source" && git apply "$patch")
  build_or_fail "${targets[@]}"
  for pattern in "${patterns[@]}"; do fails "$pattern" || missed+=("$pattern"); done
  (cd "$source" && git apply --reverse "$patch")
  ((++count))
  if ((${#missed[@]})); then
    ((++survivors))
    echo "SURVIVED  $1: not noticed by ${missed[*]}"
  else
    echo "caught    $1 ($((SECONDS - begin)) s)"
  fi
}

# git apply must not find the repository around it, or it would look for the files there.
export GIT_CEILING_DIRECTORIES=$scratch
mkdir -p "$source"
(cd "$root" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$source"
# What the last run built of these files may have a bug in it.
(cd "$source" && sed -n 's|^+++ b/||p' "$here"/*.patch | sort -u | xargs touch)
names=("$@") tests=() fuzzers=()
if ((!${#names[@]})); then
  for patch in "$here"/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi
for name in "${names[@]}"; do
  of_patch=$(patterns_of "$name")
  for pattern in $of_patch; do
    if [[ $pattern == *.fuzz.* ]]; then fuzzers+=("$pattern"); else tests+=("$pattern"); fi
  done
done
if ((${#tests[@]})); then
  choose_build "${tests[@]}"
  cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug >"$log"
  mapfile -t stages < <(printf '%s\n' "${tests[@]%%.*}" | sort -u)
  build_or_fail "${stages[@]/%//all}" "${stages[@]/%/-black-box}"
  must_pass "${tests[@]}"
fi
if ((${#fuzzers[@]})); then
  choose_build "${fuzzers[@]}"
  cmake -S "$source" -B "$build" --preset fuzz >"$log"
  build_or_fail kv-fuzzers
  must_pass "${fuzzers[@]}"
fi
for name in "${names[@]}"; do try_mutant "$name"; done
echo "$((count - survivors)) of $count planted bugs were caught"
((survivors == 0))
