#!/usr/bin/env bash
# A stage that is still being written configures, and has the tests of the steps that are there.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r "$root"/{common,stage02-memtable} "$scratch"
rm "$scratch/stage02-memtable/src/command/service.cpp"
cmake -S "$scratch/stage02-memtable" -B "$scratch/build" -G Ninja >"$scratch/log" 2>&1 ||
  { cat "$scratch/log"; exit 1; }
targets=$(ninja -C "$scratch/build" -t targets all)

must() {  # WHAT CONDITION...
  "${@:2}" || { echo "$1"; cat "$scratch/log"; exit 1; }
}
has() { grep -q "^stage02-memtable-$1-test:" <<<"$targets"; }
has_not() { ! has "$1"; }

must 'it is told where the build ends' grep -q 'is built up to step service, of which src/command/service.cpp' "$scratch/log"
must 'a step that is there has its tests' has memtable
must 'a step of which a file is missing has none' has_not service
must 'a step after that has none either' has_not codec
