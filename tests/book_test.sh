#!/usr/bin/env bash
# Prose and code agree. In every *.md file of the repository:
# - a fenced block with title="src/x.cpp" stands word for word in that file. A line with only
#   `// ...` (or `# ...`) parts it into excerpts, which stand in that order. Indentation may be less;
# - the line above such a block links the file. In a chapter, all C++ and protobuf has a title;
# - every relative link leads to a file.
# And a chapter has a heading for each step that is taught, with its number and name, in the order of
# the stage's CMakeLists.txt; up to stage 6 hints.md has a hint for each, and for exercises, in words
# and not in code.
# Usage: book_test.sh [ROOT]; or book_test.sh --self-test, which shows that it can fail.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/steps.sh
source "$here/steps.sh"

# One line for each mistake: FILE:LINE: what is wrong.
# shellcheck disable=SC2016  # the dollars are awk's
check_file='
  function wrong(line, what) { print FILENAME ":" line ": " what; mistakes = 1 }

  function load(path,    line) {  # into source[1 .. sources]
    sources = 0
    while ((getline line < path) > 0) source[++sources] = line
    close(path)
    return sources > 0
  }

  # Where, after line `after`, the lines block[from .. to] stand in source; 0: nowhere.
  function find(from, to, after,    at, i, pad, first) {
    for (first = from; first < to && block[first] == ""; ++first);
    for (at = after + 1; at + to - from <= sources; ++at) {
      pad = source[at + first - from]
      if (substr(pad, length(pad) - length(block[first]) + 1) != block[first]) continue
      pad = substr(pad, 1, length(pad) - length(block[first]))
      if (pad !~ /^ *$/) continue
      for (i = from; i <= to; ++i)
        if (source[at + i - from] != (block[i] == "" ? "" : pad block[i])) break
      if (i > to) return at
    }
    return 0
  }

  # Says where: at the first line that the file does not have at all, or at the beginning.
  function differs(from, to,    i, at) {
    for (i = from; i <= to; ++i) {
      for (at = 1; at <= sources && index(source[at], block[i]) == 0; ++at);
      if (at > sources) { wrong(fence_line + i, title " has no line: " block[i]); return }
    }
    wrong(fence_line + from, "these lines do not stand together in " title)
  }

  function check_block(    from, i, at) {
    if (!load(folder "/" title)) { wrong(fence_line, "there is no file " title); return }
    if (index(above, "](" title ")") == 0)
      wrong(fence_line, "the line above the block does not link it: [`" title "`](" title ")")
    for (from = i = 1; i <= lines + 1; ++i) {
      if (i <= lines && block[i] !~ /^ *(\/\/|#) \.\.\.$/) continue
      if (from < i) {
        at = find(from, i - 1, at)
        if (!at) { differs(from, i - 1); return }
        at += i - 1 - from
      }
      from = i + 1
    }
  }

  function check_links(line,    target) {
    gsub(/`[^`]*`/, "", line)
    while (match(line, /\]\([^)]*\)/)) {
      target = substr(line, RSTART + 2, RLENGTH - 3)
      line = substr(line, RSTART + RLENGTH)
      sub(/#.*/, "", target)
      if (target != "" && target !~ /^[a-z]+:/ && system("test -e \"" folder "/" target "\"") != 0)
        wrong(FNR, "there is nothing at " target)
    }
  }

  BEGIN {
    folder = ARGV[1]; sub(/\/[^\/]*$/, "", folder)
    chapter = folder ~ /stage[0-9]+-[^\/]*$/
  }

  in_block && $0 ~ "^ *" fence " *$" { in_block = 0; if (title != "") check_block(); next }
  in_block { block[++lines] = substr($0, 1, indent) ~ /^ *$/ ? substr($0, indent + 1) : $0; next }
  match($0, /^ *(```+|~~~+)/) {
    fence = $0; sub(/^ */, "", fence); indent = length($0) - length(fence)
    title = fence; sub(/[^`~].*/, "", fence)
    language = substr(title, length(fence) + 1); sub(/[^a-z+].*/, "", language)
    if (!sub(/.*title="/, "", title)) title = ""
    sub(/".*/, "", title)
    in_block = 1; lines = 0; fence_line = FNR
    if (chapter && title == "" && language ~ /^(cpp|c\+\+|proto)$/)
      wrong(FNR, "a block of code without title=\"FILE\"")
    next
  }
  { check_links($0); if ($0 != "") above = $0 }

  END { if (in_block) wrong(fence_line, "a block that does not end"); exit mistakes }'

taught() { steps_of "$1" | awk '$1 == "step" { print $2 }' | uniq; }  # STAGE

# Headings as `diff` compares them: a line of theirs that is not in ours, and the other way round.
differ() {  # FILE THEIRS OURS
  diff <(grep . <<<"$3") <(grep . <<<"$2") |
    sed -n "s|^< |$1: there is no heading: |p; s|^> |$1: no step has this number and name: |p"
}

check_steps() {  # STAGE: one line for each mistake
  local hints=$1/hints.md
  differ "$1/README.md" "$(sed -nE '/^##+ Step/s/(: [^,]+, ).+/\1.../p' "$1/README.md")" \
    "$(taught "$1" | awk '{ print "## Step " NR ": " $0 ", ..." }')"
  [[ ${1##*/} < stage07 ]] || return 0
  [[ -e $hints ]] || { echo "$hints is not there"; return; }
  differ "$hints" "$(grep '^##' "$hints" | grep -v '^## exercise [123]$')" \
    "$(taught "$1" | sed 's/^/## /')"
  awk -v file="$hints" '
    /^##/ { heading = $0; lines[heading] = 0; next }
    NF && heading != "" { ++lines[heading] }
    /^ *(```|~~~)|^    / { print file ":" FNR ": a hint gives the idea, and no code" }
    END { for (heading in lines) if (!lines[heading]) print file ": no text below " heading }' "$hints"
}

check() {  # ROOT
  local status=0 file wrong
  for file in "$1"/stage*/CMakeLists.txt; do
    [[ -e $file ]] || continue
    wrong=$(check_steps "${file%/CMakeLists.txt}") || true
    [[ -z $wrong ]] || { printf '%s\n' "$wrong"; status=1; }
  done
  while IFS= read -r file; do
    awk "$check_file" "$file" || status=1
  done < <(cd "$1" &&
    find "$PWD" \( -name build -o -name my -o -name .git \) -prune -o -name '*.md' -print | sort)
  return "$status"
}

self_test() {
  local root stage
  root=$(mktemp -d)
  # shellcheck disable=SC2064  # now, while there is a root
  trap "rm -rf '$root'" EXIT
  stage=$root/stage01-a
  mkdir -p "$stage/src"
  printf '%s\n' 'void f() {' '  int a;' '' '  int b;' '}' 'void g();' >"$stage/src/a.cpp"

  # shellcheck disable=SC2016
  local linked='[`src/a.cpp`](src/a.cpp)' open='```cpp title="src/a.cpp"' end='```'
  chapter "$linked" "$open" 'void f() {' '  int a;' "$end"
  must 0 'an excerpt'
  chapter "$linked" "$open" 'int a;' '' 'int b;' "$end"
  must 0 'an excerpt, indented less'
  chapter "$linked" "$open" 'void f() {' '  // ...' '  int b;' '// ...' 'void g();' "$end"
  must 0 'three excerpts'
  chapter "$linked" "$open" 'void f() {' '  int c;' "$end"
  must 1 'a line that is not in the file'
  chapter "$linked" "$open" 'void f() {' '  int b;' "$end"
  must 1 'a line left out'
  chapter "$linked" "$open" 'void f() {' 'int a;' "$end"
  must 1 'lines indented unevenly'
  chapter "$linked" "$open" 'void g();' '// ...' 'int a;' "$end"
  must 1 'excerpts in another order'
  chapter "$linked" '```cpp title="src/b.cpp"' 'int a;' "$end"
  must 1 'a file that is not there'
  chapter "$open" 'int a;' "$end"
  must 1 'no link above the block'
  chapter '```cpp' 'int a;' "$end"
  must 1 'code without a title'
  chapter "$linked" "$open" 'int a;'
  must 1 'a block without an end'
  chapter 'See [the code](src/a.cpp), [above](#top) and [elsewhere](https://example.org/x).'
  must 0 'links that lead somewhere'
  chapter 'See [the code](src/c.cpp).'
  must 1 'a link that leads nowhere'

  printf 'kv_%s\n' 'step(one src/a.cpp)' 'given(flags src/b.cpp)' 'naive(slow naive/c.cpp)' \
    'step(two src/d.cpp)' >"$stage/CMakeLists.txt"
  local one='## Step 1: one, the first' two='## Step 2: two, and the last'
  hints '## one' 'Begin.' '## two' 'Go on.'
  chapter "$one" '### More of it' "$two" '## Questions'
  must 0 'a heading for each step that is taught'
  chapter "$one"
  must 1 'a step without a heading'
  chapter "$two" "$one"
  must 1 'headings in another order'
  chapter "$one" "${two/2/3}"
  must 1 'another number'
  chapter "$one" "$two" '## Step 3: flags, which are given'
  must 1 'a heading for what is given'
  chapter "$one" '## Step 2: two'
  must 1 'a heading that is a name alone'
  chapter "$one" "#$two"
  must 1 'a heading one level too low'
  chapter "$one" "$two"
  hints '## one' 'Begin.'
  must 1 'a step without a hint'
  hints '## one' 'Begin.' '## two' 'Go on.' '## three' 'And on.'
  must 1 'a hint for no step'
  hints '## one' 'Begin.' '## two' 'Go on.' '## exercise 1' 'Think.'
  must 0 'a hint for an exercise'
  hints '## one' '## two' 'Go on.'
  must 1 'a hint without a text'
  hints '## one' 'Begin.' '```' 'int a;' '```' '## two' 'Go on.'
  must 1 'a hint that is code'
  rm "$stage/hints.md"
  must 1 'no hints'
}

chapter() { printf '%s\n' "$@" >"$stage/README.md"; }  # LINE...

hints() { printf '%s\n' "$@" >"$stage/hints.md"; }  # LINE...

must() {  # STATUS WHAT
  local status=0
  check "$root" >"$root/out" || status=$?
  ((status == $1)) || { echo "self-test: $2: status $status, not $1"; cat "$root/out"; exit 1; }
}

if [[ ${1:-} == --self-test ]]; then
  self_test
else
  check "${1:-$(dirname "$here")}"
fi
