#!/usr/bin/env bash
# shell.sh PROGRAMS [-c COMMANDS]: a shell in which the transcripts of a chapter can be pasted; or one
# that runs COMMANDS, a line each. The programs of the folder PROGRAMS are on PATH; it begins in an
# empty folder, which goes at the end.
# Where the system allows it, network and mounts are its own: port 9527 is free, and one may mount a
# small disk. What makes `kv-server &` and `kill $server` work without a sleep behind them are the
# two functions and the variable below. The rest is bash.

server=''  # the process of the last server that was started in the background

# In the background its log is the file server.log, unless its output is sent elsewhere.
kv-server() {
  local program
  program=$(type -P kv-server)
  [[ $BASHPID != "$$" ]] || { "$program" "$@" 9>&-; return; }
  [[ ! /dev/fd/1 -ef /dev/fd/9 ]] || exec >"$KV_SHELL/listening" 2>server.log
  exec "$program" "$@" 9>&-
}

kill() {  # a server that is told to end has ended afterwards, and its port is free
  builtin kill "$@" || return
  if [[ $server && " $* " == *" $server "* && $1 =~ ^(-9|-KILL|-TERM|-INT|[0-9]+)$ ]]; then
    wait "$server" 2>/dev/null
  fi
  return 0
}

# Before what comes next: a server that was just started accepts connections, or has failed.
settle() {
  local job looks=0
  [[ $! && $! != "$settled" ]] || return 0
  settled=$!
  job=$(jobs -l | grep " $! ")
  [[ $job == *'  kv-server'* ]] || return 0
  server=$!
  [[ $job != *'>'* ]] || return 0
  until [[ -s $KV_SHELL/listening ]]; do
    if ! builtin kill -0 "$server" 2>/dev/null || ((++looks > 1000)); then  # not by a clock that may jump
      cat server.log >&9 2>&9
      return
    fi
    sleep 0.02
  done
  cat "$KV_SHELL/listening" >&9
  : >"$KV_SHELL/listening"
}

begin() {
  settled=''
  cd "$KV_SHELL/folder" || exit
  exec 9>&1  # what is written there by settle is in nobody's way, whatever the command sends where
  [[ -z $KV_SHELL_ALONE ]] || bring_loopback_up
  trap end_jobs EXIT
}

run_lines() {  # COMMANDS
  local kv_lines kv_line
  mapfile -t kv_lines <<<"$1"
  for kv_line in "${kv_lines[@]}"; do
    settle
    eval "$kv_line"
  done
}

bring_loopback_up() {  # SIOCSIFFLAGS, IFF_UP
  python3 -c 'import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh22x", b"lo", 1))'
}

end_jobs() {  # each with its group, if it has one
  local job
  for job in $(jobs -p); do
    builtin kill -9 -- "-$job" || builtin kill -9 "$job"
  done
  wait
} 2>/dev/null

greet() {  # STAGE
  echo "The programs of $1 are on PATH. This folder is empty, and goes when you leave (exit)."
  echo "Of a server that you start in the background, \$server is the process, server.log the log."
  if [[ $KV_SHELL_ALONE ]]; then
    echo 'The network is its own: port 9527 is free, and other terminals do not see its servers.'
  elif (exec 3<>/dev/tcp/127.0.0.1/9527) 2>/dev/null; then
    echo 'Port 9527 is taken, and this system allows no network of its own: --port 0 finds another.'
  fi
}

# ---- as a program ----

# A network and mounts of its own: root may have them (in a chroot only so), others with a user namespace.
# shellcheck disable=SC2016,SC2086  # the dollars are for the shell within; $alone is words, or nothing
launch() {  # PROGRAMS [-c COMMANDS]
  local programs=$1 alone
  for alone in 'unshare --net --mount' 'unshare --map-root-user --net --mount' ''; do
    $alone true 2>/dev/null && break
  done
  mkdir -p "${programs%/*}/shell"
  KV_SHELL=$(mktemp -d "${programs%/*}/shell/XXXXXX")
  trap 'rm -rf "$KV_SHELL"' EXIT
  mkdir "$KV_SHELL/folder"
  export KV_SHELL KV_SHELL_ALONE=${alone:+yes} PATH=$programs:$programs/naive:$PATH
  if [[ ${2:-} == -c ]]; then
    $alone bash -c 'source "$1" && begin && run_lines "$2"' bash "$0" "$3"
  else
    greet "${programs##*/}"
    $alone bash --rcfile "$0" -i
  fi
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  set -euo pipefail
  launch "$@"
elif [[ $- == *i* ]]; then
  PS1='$ ' HISTFILE='' PROMPT_COMMAND=settle
  begin
  trap settle DEBUG  # of lines that are pasted together, only the last one has a prompt behind it
fi
