#!/usr/bin/env bash
# The container in .devcontainer has exactly the packages that ./learn doctor looks for, as Debian 13
# calls them, and the few that any container lacks; whoever works in it is not root.
# Usage: devcontainer_test.sh [ROOT]; or devcontainer_test.sh --self-test, which shows that it can fail.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=common/setup.sh
source "$root/common/setup.sh"

wanted() {
  { needs ''; test_needs ''; } | cut -d ' ' -f 1 | sed 's/^libboost1\.81-dev$/libboost-dev/'  # Debian 12's
  printf '%s\n' ca-certificates gdb git python3
}

installed() { sed -nE '/apt-get install/,/&& rm/ s/^    ([a-z0-9.+-]+) .*/\1/p' "$1/.devcontainer/Dockerfile"; }

check() {  # ROOT
  local user
  diff <(wanted | sort) <(installed "$1" | sort) ||
    { echo '.devcontainer/Dockerfile has other packages (>) than ./learn doctor looks for (<)'; return 1; }
  grep -qx 'FROM debian:13' "$1/.devcontainer/Dockerfile" ||
    { echo '.devcontainer/Dockerfile is not made from Debian 13'; return 1; }
  user=$(sed -n 's/^USER //p' "$1/.devcontainer/Dockerfile" | tail -n 1)
  [[ $user && $user != root ]] || { echo 'who works in the container is root'; return 1; }
  grep -qF "\"remoteUser\": \"$user\"" "$1/.devcontainer/devcontainer.json" ||
    { echo "devcontainer.json has another user than $user"; return 1; }
}

must_fail() {  # WHAT FILE SED
  rm -rf "$scratch/.devcontainer"
  cp -r "$root/.devcontainer" "$scratch"
  sed -i "$3" "$scratch/.devcontainer/$2"
  ! cmp -s "$root/.devcontainer/$2" "$scratch/.devcontainer/$2" || { echo "self-test: $1: no change"; exit 1; }
  ! check "$scratch" >/dev/null || { echo "self-test: $1 passes"; exit 1; }
}

if [[ ${1:-} == --self-test ]]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  must_fail 'a package that is missing' Dockerfile '/ cmake /d'
  must_fail 'a package too many' Dockerfile 's/^    cmake /    make \\\n&/'
  must_fail 'another Debian' Dockerfile 's/debian:13/debian:12/'
  must_fail 'root' Dockerfile '/^USER/d'
  must_fail 'another user' devcontainer.json 's/learner/root/'
else
  check "${1:-$root}"
fi
