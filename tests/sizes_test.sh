#!/usr/bin/env bash
# Limits that keep the stages readable: a source file has at most 250 lines (a test or a fixture may
# have more), a function at most 70, a line at most 100 columns. And enough of each stage must
# survive into the next one.
# Usage: sizes_test.sh sizes|survival [ROOT]; or sizes_test.sh --self-test: both can fail.
set -euo pipefail

# Prints the files of the stages, and what they share, that are too long in one way or another.
# A function ends at a brace in column 0 or 2 and begins at the last line before it that is indented
# as much: enough for code that .clang-format has formatted.
sizes() {  # ROOT
  local found
  # shellcheck disable=SC2016  # the dollars are awk's
  found=$(cd "$1" &&
    { find stage*/{src,apps,naive,tests} common tests -name '*.[ch]pp' 2>/dev/null || true; } |
    sort | xargs awk '
      function report(what) { print FILENAME ":" what }
      FNR == 1 { start[0] = start[2] = 0; exempt = FILENAME ~ /^common\/|tests\// }
      FNR == 251 && !exempt { report(" more than 250 lines") }
      length($0) > 100 { report(FNR ": " length($0) " columns") }
      {
        match($0, /^ */); indent = RLENGTH
        if (indent > 2 || indent == 1 || $0 ~ /^ *(\/\/|#|$)/) next
        text = substr($0, indent + 1)
        if (text ~ /^}/ && start[indent] && FNR - start[indent] + 1 > 70)
          report(start[indent] ": a function of " FNR - start[indent] + 1 " lines")
        start[indent] = text ~ /^(namespace|class|struct|enum|union|extern)|^}[^{]*$/ ? 0 : FNR
      }')
  [[ -z $found ]] || { printf '%s\n' "$found"; return 1; }
}

# At least this percentage of the lines of stage N's src and apps stands unchanged in stage N+1.
survival() {  # ROOT PERCENTAGE...
  local root=$1 old='' new lines=0 lost=0 status=0
  shift
  for new in "$root"/stage*/; do
    if [[ -n $old ]]; then
      lines=$(find "$old"/{src,apps} -type f -exec cat {} + | wc -l)
      lost=$(for part in src apps; do diff -rN "$old/$part" "$new/$part" || true; done | grep -c '^<' || true)
      printf '%s: %s of %s lines survive, %s %%; at least %s %% should\n' "$(basename "$new")" \
        $((lines - lost)) "$lines" $(((lines - lost) * 100 / lines)) "${1:?}"
      (((lines - lost) * 100 >= $1 * lines)) || status=1
      shift
    fi
    old=$new
  done
  return "$status"
}

self_test() {
  local root
  root=$(mktemp -d)
  # shellcheck disable=SC2064  # now, while there is a root
  trap "rm -rf '$root'" EXIT
  mkdir -p "$root"/{stage01-a,stage02-b}/{src,apps} "$root"/{common,tests}
  local file=$root/stage01-a/src/a.cpp

  long_function 68 >"$file"
  must 0 'a function of 70 lines' sizes "$root"
  long_function 69 >"$file"
  must 1 'a function of 71 lines' sizes "$root"
  { echo 'class A {'; long_function 69 | sed 's/^/  /'; echo '};'; } >"$file"
  must 1 'a member function of 71 lines' sizes "$root"
  seq 250 | sed 's/^/int a/; s/$/;/' >"$file"
  must 0 'a file of 250 lines' sizes "$root"
  echo 'int b;' >>"$file"
  must 1 'a file of 251 lines' sizes "$root"
  printf '// %098d\n' 1 >"$file"
  must 1 'a line of 101 columns' sizes "$root"

  seq 100 >"$file"
  seq 51 150 >"$root/stage02-b/src/a.cpp"
  must 0 'half survives' survival "$root" 50
  must 1 'less than 51 % survives' survival "$root" 51
  rm "$root/stage02-b/src/a.cpp"
  must 1 'a file that is gone' survival "$root" 1
}

long_function() {  # LINES of the body
  echo 'int f(int a,'
  echo '      int b) {'
  seq "$(($1 - 1))" | sed 's/^/    a += /; s/$/;/'
  echo '}'
}

must() {  # STATUS WHAT COMMAND...
  local status=0
  "${@:3}" >/dev/null || status=$?
  ((status == $1)) || { echo "self-test: $2: status $status, not $1"; exit 1; }
}

root=${2:-$(cd "$(dirname "$0")/.." && pwd)}
case ${1:-} in
  sizes) sizes "$root" ;;
  survival) survival "$root" 50 45 88 85 75 85 ;;
  --self-test) self_test ;;
  *) echo "usage: $0 sizes|survival [ROOT]" >&2; exit 2 ;;
esac
