#!/usr/bin/env bash
# instructions.sh SERVER COMMAND DEPTH: the instructions that a server executes for a request, in user space, as callgrind counts
# them on a simulated processor. So it does not matter what else the machine does: two runs differ by half a percent. SERVER
# is a kv-server of stage 3 or later, COMMAND hset or hget, DEPTH how many requests are sent together. One thread, nothing
# kept on disk, 10 connections, 10,000 keys of 16 bytes, values of 100. kv-bench must be built beside it.
set -euo pipefail

requests=16000
(($# == 3)) || { echo "usage: instructions.sh SERVER hset|hget DEPTH" >&2; exit 2; }
server=$1 command=$2 depth=$3
bench=$(dirname "$server")/../tests/bench/kv-bench
scratch=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || { kill "$pid" && wait "$pid"; } || true; rm -rf "$scratch"' EXIT

flags=(--threads 1 --port 0)
! grep -q -e --store < <("$server" --help) || flags+=(--store memory)
valgrind --tool=callgrind --callgrind-out-file="$scratch/count" "$server" "${flags[@]}" \
  >"$scratch/said" 2>"$scratch/log" &
pid=$!
until grep -qs listening "$scratch/said"; do
  kill -0 "$pid" 2>/dev/null || { cat "$scratch/log" >&2; exit 1; }
  sleep 0.2
done
port=$(sed -n 's/^listening on .*://p' "$scratch/said")
"$bench" fill --port "$port" --keys 10000 >"$scratch/fill"
callgrind_control --zero "$pid" >"$scratch/control" 2>&1
"$bench" load --port "$port" --command "$command" --depth "$depth" --connections 10 --keys 10000 \
  --requests "$requests" --verify >"$scratch/load"
callgrind_control --dump "$pid" >"$scratch/control" 2>&1
until grep -qs ^totals: "$scratch/count.1"; do sleep 0.2; done
awk -v requests=$requests '/^totals:/ { printf "%d\n", $2 / requests }' "$scratch/count.1"
