#!/usr/bin/env bash
# Plays a tour: a transcript whose commands are run, and whose answers must be those that it shows.
#   # text      told to the reader
#   $ command   run by bash in the folder WORK; the lines below it are its output, in which ... is
#               any text, and a last line of only ... any lines
#   $ kv-server FLAGS &   its log is server.log, its process $server, its port (a free one) $port
# Usage: play.sh PROGRAMS TOUR WORK (absolute paths; WORK is emptied first)
set -euo pipefail

programs=$1 tour=$2 work=$3
rm -rf "$work"
mkdir -p "$work"
cd "$work"
server='' port=''
bold='' plain=''
[[ -t 1 ]] && bold=$'\e[1m' plain=$'\e[0m'

redis-cli() { timeout 60 "$(type -P redis-cli)" --no-raw "$@"; }  # as it prints on a terminal
kv-client() { timeout 60 "$programs/kv-client" --port "$port" "$@"; }
kv-inspect() { timeout 60 "$programs/kv-inspect" "$@"; }

stop_server() {
  [[ -n $server ]] || return 0
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
}
trap stop_server EXIT

start_server() {  # FLAGS...
  local deadline=$((SECONDS + 20))
  : >server.out
  "$programs/kv-server" --port 0 "$@" >server.out 2>server.log &
  server=$!
  until grep -q '^listening on ' server.out; do
    if ((SECONDS >= deadline)) || ! kill -0 "$server" 2>/dev/null; then
      cat server.log
      return 1
    fi
    sleep 0.05
  done
  cat server.out
  port=$(sed -n 's/^listening on .*://p' server.out)
}

# In this shell and not in a subshell: a tour may set variables and open connections.
perform() {  # COMMAND
  local words
  if [[ $1 == 'kv-server '*'&' || $1 == 'kv-server &' ]]; then
    read -ra words <<<"${1%&}"
    start_server "${words[@]:1}"
    return
  fi
  eval "$1"
  if [[ $1 == 'kill '*"\$server" ]]; then
    wait "$server" 2>/dev/null || true  # so that the next command sees it gone
    server=''
  fi
}

# Whether the file ANSWER is what the lines in the array `expected` say.
as_expected() {  # ANSWER
  local actual number pattern
  mapfile -t actual <"$1"
  if [[ ${expected[*]: -1} == ... ]] && ((${#actual[@]} + 1 >= ${#expected[@]})); then
    actual=("${actual[@]:0:${#expected[@]}-1}" ...)
  fi
  ((${#actual[@]} == ${#expected[@]})) || return 1
  for number in "${!expected[@]}"; do
    pattern=$(sed 's/[\\*?[]/\\&/g; s/\.\.\./*/g' <<<"${expected[$number]}")
    # shellcheck disable=SC2053  # a pattern it is
    [[ ${actual[$number]} == $pattern ]] || return 1
  done
}

mapfile -t lines <"$tour"
at=0
while ((at < ${#lines[@]})); do
  line=${lines[at]}
  at=$((at + 1))
  if [[ $line != '$ '* ]]; then
    printf '%s\n' "$line"
    continue
  fi
  expected=()
  while ((at < ${#lines[@]})) && [[ -n ${lines[at]} && ${lines[at]} != ['$#']' '* ]]; do
    expected+=("${lines[at]}")
    at=$((at + 1))
  done
  printf '%s%s%s\n' "$bold" "$line" "$plain"
  perform "${line#'$ '}" >.answer 2>&1 || true
  cat .answer
  if ! as_expected .answer; then
    printf '\nThis is not what the tour expects (%s, line %s). Expected:\n' "$tour" "$at" >&2
    printf '%s\n' "${expected[@]}" >&2
    [[ -s server.log ]] && { printf "The server's log:\n"; tail -n 20 server.log; } >&2
    exit 1
  fi
done
