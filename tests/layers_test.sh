#!/usr/bin/env bash
# The folders of a stage's src depend on each other downwards only, and no file includes itself by
# way of others. And a step includes no header that a later step adds; each one that is taught has a
# test, which is its checkpoint.
# Usage: layers_test.sh layers|steps [ROOT]; or layers_test.sh --self-test, which shows that it can fail.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/steps.sh
source "$here/steps.sh"

declare -A below=(
  [base]='base'
  [table]='table base'
  [command]='command table base'
  [wire]='wire command table base'
  [disk]='disk table base'
  [net]='net disk wire command table base'
  [client]='client wire command table base')

# Each include of one of the stage's headers, as FILE HEADER, both from the stage's folder; also of one
# in naive, which nothing in src may include.
includes_of() {  # STAGE FILE...
  (cd "$1" && grep -oE '^#include "[^"]+"' /dev/null "${@:2}") |
    sed -E 's/:#include "([^"]+)"/ src\/\1/; s/ src\/naive\// naive\//'
}

layers() {  # STAGE: one line for each mistake
  local file header from to includes files
  mapfile -t files < <(code_of "$1" | grep '^src/')
  includes=$(includes_of "$1" "${files[@]}")
  while read -r file header; do
    [[ -n $file && $header != src/proto/* ]] || continue
    from=${file#src/} to=${header#src/}
    if [[ ! -e $1/$header ]]; then
      echo "$file includes $to, which is not in src"
    elif [[ " ${below[${from%%/*}]:-} " != *" ${to%%/*} "* ]]; then
      echo "$file includes $to: ${from%%/*} must not depend on ${to%%/*}"
    fi
  done <<<"$includes"
  awk '$1 ~ /hpp$/' <<<"$includes" | tsort 2>&1 >/dev/null |
    sed -n 's/^tsort: //p' | { grep '^src/' || true; } | sed 's/$/ is part of a circle of includes/'
}

steps() {  # STAGE OLD: one line for each mistake
  local kind step what name source file header count=0 taught=()
  local -A at=() order=() sources=() tested=()
  while read -r kind step what name; do
    if [[ -z ${order[$step]:-} ]]; then
      order[$step]=$((++count))
      [[ $kind != step ]] || taught+=("$step")
    fi
    [[ $what != test ]] || tested[$step]=yes
    case $what in
      file | header)
        [[ -n $2 && -e $2/$name ]] || at[$name]=${order[$step]}
        sources[$name]=$step
        ;;
      test | helper)
        [[ $what == helper ]] || name+=_test
        source=$(test_source "$1" "$name")
        [[ $kind == kept ]] || sources[${source#"$1/"}]=$step
        ;;
    esac
  done < <(steps_of "$1")
  for step in "${taught[@]}"; do
    [[ -n ${tested[$step]:-} ]] || echo "step $step has no test: nobody could tell whether it is there"
  done
  while read -r file header; do
    [[ -n $file ]] || continue
    if ((${at[$header]:-0} > ${order[${sources[$file]}]})); then
      echo "$file, of step ${sources[$file]}, includes ${header#src/}, which a later step adds"
    fi
  done < <(includes_of "$1" "${!sources[@]}")
}

check() {  # WHAT ROOT
  local stage old='' wrong status=0
  for stage in "$2"/stage*/; do
    stage=${stage%/}
    wrong=$("$1" "$stage" "$old")
    [[ -z $wrong ]] || { printf '%s: %s\n' "${stage##*/}" "$wrong"; status=1; }
    old=$stage
  done
  return "$status"
}

self_test() {
  local root stage
  root=$(mktemp -d)
  # shellcheck disable=SC2064  # now, while there is a root
  trap "rm -rf '$root'" EXIT
  stage=$root/stage01-a
  mkdir -p "$stage"/src/{base,wire,disk} "$stage/tests" "$root/common"
  printf 'kv_step(%s\n  src/%s TESTS %s)\n' log base/log.cpp log frame wire/frame.cpp frame >"$stage/CMakeLists.txt"
  touch "$stage"/tests/{log,frame}_test.cpp "$stage"/src/{base/log,wire/frame}.cpp
  file base/log.hpp '<string>'
  file wire/frame.hpp '"base/log.hpp"'
  must 0 layers 'downwards'
  must 0 steps 'an earlier step'
  file base/log.cpp '"wire/frame.hpp"'
  must 1 layers 'upwards'
  must 1 steps 'a later step'
  file base/log.cpp '"log.hpp"'
  must 1 layers 'a header without its folder'
  file base/log.cpp '"base/log.hpp"'
  file disk/wal.cpp '"wire/frame.hpp"'
  must 1 layers 'sideways'
  rm "$stage/src/disk/wal.cpp"
  file base/a.hpp '"base/b.hpp"'
  file base/b.hpp '"base/a.hpp"'
  must 1 layers 'a circle'
  file base/b.hpp '<string>'
  must 0 layers 'no circle'
  printf '#include "wire/frame.hpp"\n' >"$stage/tests/log_test.cpp"
  must 1 steps 'a test that needs a later step'
  : >"$stage/tests/log_test.cpp"
  must 0 steps 'a test of each step'
  list 'step(log src/base/log.cpp TESTS log)' 'step(frame src/wire/frame.cpp)'
  must 1 steps 'a step without a test'
  list 'step(log src/base/log.cpp TESTS log)' 'given(frame src/wire/frame.cpp)'
  must 0 steps 'a given step without a test'
  list 'step(log src/base/log.cpp TESTS log)' 'naive(slow naive/slow.cpp)' 'naive(slower naive/slower.hpp)' \
    'step(frame src/wire/frame.cpp TESTS frame)'
  mkdir "$stage/naive"
  touch "$stage"/naive/{slow.hpp,slower.hpp}
  printf '#include "%s"\n' naive/slow.hpp base/log.hpp >"$stage/naive/slow.cpp"
  must 0 steps 'a naive file after what it needs'
  printf '#include "wire/frame.hpp"\n' >"$stage/naive/slow.cpp"
  must 1 steps 'a naive file that needs a later step'
  printf '#include "naive/slower.hpp"\n' >"$stage/naive/slow.cpp"
  must 1 steps 'a naive file that needs a later one'
  file wire/frame.cpp '"naive/slow.hpp"'
  must 1 layers 'a file of src that needs a naive one'
}

list() { printf 'kv_%s\n' "$@" >"$stage/CMakeLists.txt"; }  # STEP...

file() { printf '#include %s\n' "${@:2}" >"$stage/src/$1"; }  # PATH INCLUDE...

must() {  # STATUS CHECK WHAT
  local status=0
  check "$2" "$root" >"$root/out" || status=$?
  ((status == $1)) || { echo "self-test: $3: status $status, not $1"; cat "$root/out"; exit 1; }
}

case ${1:-} in
  layers | steps) check "$1" "${2:-$here/..}" ;;
  --self-test) self_test ;;
  *) echo "usage: $0 layers|steps [ROOT]" >&2; exit 2 ;;
esac
