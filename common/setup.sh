# What ./learn and .ci/run share: showing progress, and installing packages. They set `root`.
# shellcheck shell=bash

: "${root:?}"
logs=$root/build/logs

say() { printf '%s\n' "$*"; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# ---- progress ----

# Keeps the lines of its input in LOG. A terminal shows the last one; a pipe one every ten seconds.
show() {  # LOG
  local line width=$((${COLUMNS:-80} - 3)) shown=$SECONDS
  while IFS= read -r line || [[ -n $line ]]; do
    printf '%s\n' "$line" >>"$1"
    if [[ -t 1 ]]; then
      printf '\r\e[K  %.*s' "$width" "$line"
    elif ((SECONDS >= shown + 10)); then
      shown=$SECONDS
      printf '  %s\n' "$line"
    fi
  done
  if [[ -t 1 ]]; then printf '\r\e[K'; fi
}

# Runs a command with its output in build/logs/NAME; answers as the command does.
step() {  # NAME TITLE COMMAND...
  local log=$logs/$1 title=$2 begin=$SECONDS
  shift 2
  say "== $title"
  mkdir -p "$logs"
  : >"$log"
  "$@" 2>&1 </dev/null 9>&- | show "$log" || return
  say "   done in $((SECONDS - begin)) s"
}

# Ends with the last lines of a step's log.
fail_with_log() {  # NAME LINES MESSAGE
  tail -n "$2" "$logs/$1" >&2
  fail "$3 (all of it: build/logs/$1)"
}

# ---- installing ----

# What a build and most tests need, a line each: the package, and the least version that will do.
needs() {  # [STAGE]: what it and those before it need; without one, what all need
  local stage=${1:-stage99} boost=libboost-dev
  if grep -qx 'VERSION_CODENAME=bookworm' /etc/os-release; then
    boost=libboost1.81-dev  # Debian 12's libboost-dev is 1.74
  fi
  printf '%s %s\n' g++ 12 cmake 3.25 ninja-build 1.10 "$boost" 1.81 \
    libcli11-dev 2.1 libgtest-dev 1.12 libgmock-dev 1.12 redis-tools 7.0
  [[ $stage < stage03 ]] ||
    printf '%s %s\n' libspdlog-dev 1.10 protobuf-compiler 3.21 libprotobuf-dev 3.21
  [[ $stage < stage05 ]] || printf '%s %s\n' libxxhash-dev 0.8
  [[ $stage < stage07 ]] || printf '%s %s\n' libjemalloc-dev 5.2
}

# What tests need besides: programs and libraries that nobody here wrote, to be clients or peers.
test_needs() {  # [STAGE]: without one, of all stages
  local redis=(redis-server 7.0 python3-redis 4.3 libhiredis-dev 0.14)
  local protobuf=(python3-protobuf 3.21 jq 1.6)
  case ${1:-} in
    stage01-*) ;;
    stage02-*) printf '%s %s\n' "${redis[@]}" ;;
    stage*) printf '%s %s\n' "${protobuf[@]}" ;;
    *) printf '%s %s\n' "${redis[@]}" "${protobuf[@]}" ;;
  esac
}

# What ./learn book needs: the packages.
book_needs() { printf '%s\n' git python3 python3-markdown-it python3-pygments universal-ctags; }

# What the tests of the book need besides: a browser, what drives it, and npm, for axe-core and mermaid.
book_test_needs() { printf '%s\n' chromium chromium-driver python3-selenium fonts-dejavu-core; }

version_of() {  # PACKAGE: nothing when it is not installed
  dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null |
    sed -n 's/^installed \([0-9]*:\)\?//p'
}

install_packages() {  # PACKAGE...
  local package missing=() admin=()
  command -v apt-get >/dev/null || return 0  # not Debian: configuring will say what is missing
  for package in "$@"; do
    [[ -n $(version_of "$package") ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local install=(apt-get install --yes --no-install-recommends --no-remove "${missing[@]}")
  local by_hand="packages are missing; run this as root, or ask an administrator to:
  apt-get update && ${install[*]}"
  [[ ${LEARN_INSTALL:-} != no ]] || fail "$by_hand"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "$by_hand"
    sudo -n true 2>/dev/null || { [[ -t 0 ]] && sudo -v; } || fail "$by_hand"
    admin=(sudo)
  fi
  admin+=(env DEBIAN_FRONTEND=noninteractive)
  say '== These packages are missing. They are installed now, with'
  say "   ${install[*]}"
  if compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null &&
    step apt.log 'installing' "${admin[@]}" "${install[@]}"; then
    return
  fi
  step apt.log 'fetching the lists of packages' "${admin[@]}" apt-get update ||
    fail_with_log apt.log 15 'apt-get update failed'
  step apt.log 'installing' "${admin[@]}" "${install[@]}" ||
    fail_with_log apt.log 15 'apt-get could not install them'
}
