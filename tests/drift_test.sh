#!/usr/bin/env bash
# What changes from one stage to the next is what the steps of the later one name, and nothing else:
# each file that is added or changed is named by one step, and none that is kept. Each test in a
# stage's tests/ is named, too; one that two stages have stands in common/unit.
# Usage: drift_test.sh [ROOT]; or drift_test.sh --self-test, which shows that it can fail.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/steps.sh
source "$here/steps.sh"

kept_files() {  # OLD NEW: those that are the same in both
  local stage
  for stage in "$@"; do
    (cd "$stage" && find . -type f -name '*.*' -exec cksum {} +)
  done | sort | uniq -d | sed 's|.* \./||'
}

check_pair() {  # OLD NEW: one line for each mistake
  local old=$1 new=$2 kind step what name file change
  local -A named=() tests=() kept=()
  if [[ -n $old ]]; then
    while read -r file; do kept[$file]=1; done < <(kept_files "$old" "$new")
  fi
  while read -r kind step what name; do
    case $what in
      file)
        if [[ ! -e $new/$name ]]; then
          echo "step $step names $name, which is not there"
        elif [[ -n ${named[$name]:-} ]]; then
          echo "$name is named by the steps ${named[$name]} and $step"
        elif [[ -n ${kept[$name]:-} ]]; then
          echo "step $step names $name, which is as in ${old##*/}"
        fi
        named[$name]=$step
        ;;
      header) named[$name]=${named[$name]:-$step} ;;
      test)
        tests[tests/${name}_test.cpp]=$step
        [[ -e $(test_source "$new" "${name}_test") ]] || echo "the test $name is not there"
        ;;
      helper) tests[tests/$name.cpp]=$step ;;
    esac
  done < <(steps_of "$new")
  for file in $(code_of "$new"); do
    change=changed
    [[ -n $old && -e $old/$file ]] || change=added
    [[ -n ${kept[$file]:-}${named[$file]:-} ]] || echo "$file is $change, and no step names it"
  done
  for file in $(cd "$new" && find tests -maxdepth 1 -name '*.cpp' 2>/dev/null); do
    [[ -n ${tests[$file]:-} ]] || echo "no step names $file"
    if [[ -n ${kept[$file]:-} ]]; then
      echo "$file is as in ${old##*/}: it belongs in common/unit"
    fi
  done
}

check() {  # ROOT
  local stage old='' wrong status=0
  for stage in "$1"/stage*/; do
    stage=${stage%/}
    wrong=$(check_pair "$old" "$stage")
    if [[ -n $wrong ]]; then
      printf '%s: %s\n' "${stage##*/}/CMakeLists.txt, against ${old##*/}" "$wrong"
      status=1
    fi
    old=$stage
  done
  [[ -n $old ]] || { echo "no stages in $1"; return 1; }
  return "$status"
}

self_test() {
  local root a b
  root=$(mktemp -d)
  # shellcheck disable=SC2064  # now, while there is a root
  trap "rm -rf '$root'" EXIT
  a=$root/stage01-a b=$root/stage02-b
  mkdir -p {"$a","$b"}/src/base {"$a","$b"}/tests "$root/common/unit"
  echo same | tee {"$a","$b"}/src/base/kept.cpp >"$a/src/base/old.cpp"
  echo 1 | tee "$a/src/base/grown.cpp" >"$a/tests/base_test.cpp"
  echo 2 | tee "$b/src/base/grown.cpp" "$b/src/base/new.hpp" >"$b/src/base/new.cpp"
  echo 'kv_step(all src/base/kept.cpp src/base/old.cpp src/base/grown.cpp TESTS base)' >"$a/CMakeLists.txt"
  steps 'kv_step(new src/base/new.cpp)' 'kv_step(grown src/base/grown.cpp)'
  must 0 'an exact list'
  steps 'kv_step(new src/base/new.cpp)'
  must 1 'a change that no step names'
  steps 'kv_step(grown src/base/grown.cpp)'
  must 1 'an addition that no step names'
  steps 'kv_step(all src/base/new.cpp src/base/kept.cpp src/base/grown.cpp)'
  must 1 'a kept file that a step names'
  steps 'kv_step(all src/base/new.cpp src/base/grown.cpp src/base/gone.cpp)'
  must 1 'a file that is not there'
  steps 'kv_step(all src/base/new.cpp src/base/grown.cpp)' 'kv_step(grown src/base/grown.cpp)'
  must 1 'a file of two steps'
  mkdir "$b/naive"
  touch "$b"/naive/{slow,slow_server}.cpp
  steps 'kv_naive(slow naive/slow.cpp)' 'kv_step(all src/base/new.cpp src/base/grown.cpp)'
  must 1 'a naive file that no step names'
  steps 'kv_naive(slow naive/slow.cpp PROGRAMS naive/slow_server.cpp)' 'kv_step(all src/base/new.cpp src/base/grown.cpp)'
  must 0 'naive files that a step names'
  rm -r "$b/naive"
  steps 'kv_step(all src/base/new.cpp src/base/grown.cpp TESTS missing)'
  must 1 'a test that is not there'
  touch "$root/common/unit/missing_test.cpp"
  must 0 'a test that stages share'
  touch "$b/tests/own_test.cpp"
  must 1 'a test that no step names'
  steps 'kv_step(all src/base/new.cpp src/base/grown.cpp TESTS own base)'
  cp {"$a","$b"}/tests/base_test.cpp
  must 1 'a test that is the same in both'
}

steps() { printf '%s\n' 'kv_kept(TESTS' ')' "$@" >"$b/CMakeLists.txt"; }  # LINE...

must() {  # STATUS WHAT
  local status=0
  check "$root" >"$root/out" || status=$?
  ((status == $1)) || { echo "self-test: $2: status $status, not $1"; cat "$root/out"; exit 1; }
}

if [[ ${1:-} == --self-test ]]; then
  self_test
else
  check "${1:-$here/..}"
fi
