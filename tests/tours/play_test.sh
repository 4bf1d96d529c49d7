#!/usr/bin/env bash
# The player of tours notices an answer that is wrong, missing or one too many, and a server that
# does not start.
# shellcheck disable=SC2016  # the dollars are for the tours and the programs in here
set -euo pipefail

player=$(cd "$(dirname "$0")" && pwd)/play.sh
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir "$root/programs"
printf '#!/bin/sh\necho "listening on 127.0.0.1:1"\nexec sleep 60\n' >"$root/programs/kv-server"
printf '#!/bin/sh\nshift 2\necho "$@"\n' >"$root/programs/kv-client"
chmod +x "$root"/programs/*

must() {  # STATUS WHAT LINE...
  local status=0
  printf '%s\n' "${@:3}" >"$root/tour"
  bash "$player" "$root/programs" "$root/tour" "$root/work" >"$root/out" 2>&1 || status=$?
  ((status == $1)) || { echo "$2: status $status, not $1"; cat "$root/out"; exit 1; }
}

server=('$ kv-server &' 'listening on 127.0.0.1:1')
must 0 'a right answer' '# A tour.' "${server[@]}" '$ kv-client a b' 'a b'
must 0 'any text' "${server[@]}" '$ kv-client a [b] c' 'a ... c'
must 0 'any lines' "${server[@]}" '$ kv-client a; kv-client b; kv-client c' 'a' '...'
must 0 'a kill -9' "${server[@]}" '$ kill -9 $server' "${server[@]}"
must 1 'a wrong answer' "${server[@]}" '$ kv-client a b' 'a c'
must 1 'an answer that only a pattern would take' "${server[@]}" '$ kv-client b' '[abc]'
must 1 'a missing line' "${server[@]}" '$ kv-client a' 'a' 'b'
must 1 'a line too many' "${server[@]}" '$ kv-client a; kv-client b' 'a'
must 1 'an answer where none is expected' "${server[@]}" '$ kv-client a' '' '# On.'
printf '#!/bin/sh\necho "no such flag" >&2\nexit 2\n' >"$root/programs/kv-server"
must 1 'a server that does not start' "${server[@]}"
