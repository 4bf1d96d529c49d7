#!/usr/bin/env bash
# What ./learn crash draws of a log with a planted bug: the operation that is lost, and the sync that
# was missing.
# Usage: crash_test.sh 5|6, the stage.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GIT_CEILING_DIRECTORIES=$scratch  # git apply must not find a repository around it
stage=$(basename "$root/stage0${1:?}"-*)
cp -r "$root"/{common,"$stage"} "$scratch"

build() {
  cmake --build "$scratch/build" --target "$stage-crash" >"$scratch/log" 2>&1 ||
    { tail -n 30 "$scratch/log"; exit 1; }
}

draw() {  # PATCH: the drawing of the log with this bug in it
  local patch=$root/tests/mutants/$1.patch status=0
  (cd "$scratch" && git apply "$patch")
  build
  "$scratch/build/$stage-crash" --seed 1 >"$scratch/drawing" || status=$?
  (cd "$scratch" && git apply --reverse "$patch")
  ((status == 1)) || { echo "$1: exit status $status, not 1"; cat "$scratch/drawing"; exit 1; }
  ! grep -nE '.{81}' "$scratch/drawing" || { echo "$1: too wide for a terminal"; exit 1; }
}

shows() {  # WHAT: these lines of standard input are in the drawing, in this order
  grep . >"$scratch/expected"
  grep -Fxf "$scratch/expected" "$scratch/drawing" | diff - "$scratch/expected" >"$scratch/diff" ||
    { echo "$1 (<: the drawing has, >: it should have)"; cat "$scratch"/{diff,drawing}; exit 1; }
}

cmake -S "$scratch/$stage" -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug >"$scratch/log" 2>&1 ||
  { cat "$scratch/log"; exit 1; }

of_stage_5() {
  draw small-folder-never-synced
  shows 'a folder that is never synced' <<'END'
   3  sync   log-1.tmp
   4  rename log-1.tmp to log-1           LOST: the folder was not synced
  --> command 1: HSET t k1 v1
  10  write  log-1, 58 bytes              kept
  11  sync   log-1
  <-- command 1 is acknowledged
  12  the power goes
the disk has  log-1.tmp (90 bytes), snapshot (96 bytes)
a start fails, with exit status 65: log-1: it should go on from the snapshot,
Command 1 was acknowledged, and nobody can read it: the folder was not synced
between operation 4 and the acknowledgement.
END

  draw small-answered-before-the-sync
  shows 'an acknowledgement before the sync' <<'END'
1-11  a new store is made
  --> command 1: HSET t k1 v1
  12  write  log-1, 58 bytes              LOST: log-1 was not synced
  <-- command 1 is acknowledged
  13  the power goes
the disk has  log-1 (32 bytes), snapshot (96 bytes)
a start finds nothing
Command 1 was acknowledged, and is gone: log-1 was not synced between operation
12 and the acknowledgement.
END

  draw small-old-log-goes-on-first
  shows 'two operations in the wrong order' <<'END'
  <-- command 1 is acknowledged
  14  create log-2.tmp
  15  write  log-2.tmp, 32 bytes
  16  write  log-1, 40 bytes
  17  the process is killed
a start fails, with exit status 65: log-1: log-2 should go on from here, and
Command 1 was acknowledged, and nobody can read it.
Nothing is lost on the disk: it is the order of the operations, or the start.
END

  draw small-copy-without-the-folder
  shows 'a folder that is not synced after a crash' <<'END'
a crash left  log-1 (32 bytes), snapshot (96 bytes)
   4  sync   log-1.tmp
   5  rename log-1.tmp to log-1           LOST: the folder was not synced
  --> command 1: HSET t k8 v8
  <-- command 1 is acknowledged
   8  the power goes
a start finds nothing
Command 1 was acknowledged, and is gone: the folder was not synced between
operation 5 and the acknowledgement.
END

  draw small-snapshot-without-the-folder
  shows 'a log that is removed too early' <<'END'
  24  sync   snapshot.tmp
  25  rename snapshot.tmp to snapshot     LOST: the folder was not synced
  26  remove log-1                        kept, by luck
a start fails, with exit status 65: log-1: it should go on from the snapshot,
Command 1 was acknowledged, and nobody can read it: the folder was not synced
after operation 25.
END

  draw small-two-groups-a-sync
  shows 'a group that is written too early' <<'END'
  12  write  log-1, 756 bytes             HALF LOST: log-1 was not synced
  13  write  log-1, 58 bytes              kept, by luck
  14  the power goes
END
}

of_stage_6() {
  draw folder-not-synced-after-rename
  shows 'a folder that is never synced' <<'END'
  10  rename wal-next.tmp to wal-1.log    LOST: the folder was not synced
  --> command 1: HSET t k1 v1
  15  write  wal-1.log, 54 bytes          kept
  16  sync   wal-1.log
  <-- command 1 is acknowledged
  17  the power goes
a start finds nothing
Command 1 was acknowledged, and is gone: the folder was not synced between
operation 10 and the acknowledgement.
END

  draw wal-without-sync
  shows 'a log that is never synced' <<'END'
1-17  a new store is made
  --> command 1: HSET t k1 v1
  18  write  wal-1.log, 54 bytes          LOST: wal-1.log was not synced
  <-- command 1 is acknowledged
  19  the power goes
a start finds nothing
Command 1 was acknowledged, and is gone: wal-1.log was not synced between
operation 18 and the acknowledgement.
END

  draw manifest-late
  shows 'a manifest that is written too late' <<'END'
  --> command 5: HSET t k5 (1400 bytes)
a start fails, with exit status 65: MANIFEST is damaged at offset 0: 2 segments
Nothing is lost on the disk: it is the order of the operations, or the start.
END
}

"of_stage_$1"
