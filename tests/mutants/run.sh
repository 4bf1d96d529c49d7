#!/usr/bin/env bash
# run.sh BUILD [NAME...]: tests the tests. Each patch in this folder plants one bug and says which
# tests are about it (patterns for ctest, all of which must find it). It is applied to a copy below
# BUILD, built, and taken back. A bug that no test notices is a failure.
# run.sh --check: all patches still apply.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
root=$(cd "$here/../.." && pwd)
if [[ ${1:-} == --check ]]; then
  cd "$root"
  for patch in "$here"/*.patch; do
    git apply --check "$patch" || { echo "${patch##*/} does not apply any more"; exit 1; }
  done
  exit 0
fi
(($#)) || { echo 'usage: run.sh BUILD [NAME...] | --check' >&2; exit 2; }
mkdir -p "$1/mutants"
scratch=$(cd "$1/mutants" && pwd)
shift
source=$scratch/source build=$scratch/build log=$scratch/log
stage=stage05-persistence
survivors=0 count=0

build_or_fail() {  # TARGET...
  cmake --build "$build" --target "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; return 1; }
}

programs_of() {  # PATTERN: what its tests run, as targets of the build
  ctest --test-dir "$build" -N -V -R "^$1" | sed -nE "s|.*Test command: $build/([^ ]+) .*|\1|p" |
    sed 's/"//g' | sort -u
}

fails() {  # PATTERN
  ! timeout 300 ctest --test-dir "$build" -R "^$1" --no-tests=ignore --stop-on-failure >"$log" 2>&1
}

try_mutant() {  # NAME
  local patch=$here/$1.patch pattern patterns targets=() begin=$SECONDS missed=()
  [[ -f $patch ]] || { echo "there is no $1.patch" >&2; exit 2; }
  read -ra patterns <<<"$(sed -n 's/^Caught by: //p' "$patch")"
  for pattern in "${patterns[@]}"; do
    mapfile -t -O "${#targets[@]}" targets < <(programs_of "$pattern")
  done
  ((${#targets[@]})) || { echo "$1: no test has a name like ${patterns[*]}" >&2; exit 2; }
  (cd "$source" && git apply "$patch")
  build_or_fail "$stage/kv-server" "$stage/kv-client" "$stage/kv-inspect" "${targets[@]}"
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
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug >"$log"
build_or_fail "$stage/all" "$stage-black-box"
names=("$@")
if ((!${#names[@]})); then
  for patch in "$here"/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi
for name in "${names[@]}"; do try_mutant "$name"; done
echo "$((count - survivors)) of $count planted bugs were caught"
((survivors == 0))
