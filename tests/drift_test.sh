#!/usr/bin/env bash
# What changes from one stage to the next is what the stage's changes.txt lists, and nothing else.
#   added src/a.cpp
#   changed src/b.cpp
#   removed src/c.cpp
# Usage: drift_test.sh [ROOT]; drift_test.sh --list OLD NEW, which prints the list for two folders;
# or drift_test.sh --self-test, which shows that it can fail.
set -euo pipefail

parts='src apps proto tests naive'
data='tests/*/*/*'  # what fuzzers start from, and data folders: not code that a reader compares

# The true list, in the form of changes.txt.
changes() {  # OLD NEW
  local old=$1 new=$2 file
  for file in $(for stage in "$old" "$new"; do
    (cd "$stage" && for part in $parts; do [[ ! -d $part ]] || find "$part" -type f ! -path "$data"; done)
  done | sort -u); do
    if [[ ! -e $old/$file ]]; then
      echo "added $file"
    elif [[ ! -e $new/$file ]]; then
      echo "removed $file"
    elif ! cmp -s "$old/$file" "$new/$file"; then
      echo "changed $file"
    fi
  done
}

check() {  # ROOT
  local stage old='' wrong
  for stage in "$1"/stage*/; do
    stage=${stage%/}
    if [[ -n $old ]]; then
      wrong=$(diff <(sort "$stage/changes.txt") <(changes "$old" "$stage" | sort) |
        sed -n 's/^< /  listed, but not true:  /p; s/^> /  true, but not listed:  /p') || true
      if [[ -n $wrong ]]; then
        echo "${stage##*/}/changes.txt, against ${old##*/}:"
        echo "$wrong"
        return 1
      fi
    fi
    old=$stage
  done
  [[ -n $old ]] || { echo "no stages in $1"; return 1; }
}

self_test() {
  local root
  root=$(mktemp -d)
  # shellcheck disable=SC2064  # now, while there is a root
  trap "rm -rf '$root'" EXIT
  mkdir -p "$root"/stage01-a/src "$root"/stage02-b/src
  echo same | tee "$root"/stage0{1-a,2-b}/src/kept.cpp >"$root/stage01-a/src/old.cpp"
  echo 1 >"$root/stage01-a/src/grown.cpp"
  echo 2 | tee "$root/stage02-b/src/grown.cpp" >"$root/stage02-b/src/new.cpp"
  printf '%s src/%s.cpp\n' added new changed grown removed old >"$root/stage02-b/changes.txt"
  must 0 'an exact list passes' "$root"

  echo 'more' >>"$root/stage02-b/src/kept.cpp"
  must 1 'a change that is not listed' "$root"
  echo 'changed src/kept.cpp' >>"$root/stage02-b/changes.txt"
  must 0 'the same change, listed' "$root"
  cp "$root"/stage0{1-a,2-b}/src/kept.cpp
  must 1 'a listed change that did not happen' "$root"
  sed -i '$d' "$root/stage02-b/changes.txt"
  touch "$root/stage02-b/src/extra.cpp"
  must 1 'a new file that is not listed' "$root"
  rm "$root/stage02-b/src/extra.cpp" "$root/stage02-b/src/kept.cpp"
  must 1 'a file gone that is not listed' "$root"
}

must() {  # STATUS WHAT ROOT
  local status=0
  check "$3" >/dev/null || status=$?
  ((status == $1)) || { echo "self-test: $2: status $status, not $1"; exit 1; }
}

case ${1:-} in
  --self-test) self_test ;;
  --list) changes "${2:?}" "${3:?}" | sort ;;
  *) check "${1:-$(cd "$(dirname "$0")/.." && pwd)}" ;;
esac
