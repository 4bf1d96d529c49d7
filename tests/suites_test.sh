#!/usr/bin/env bash
# Every suite of a black-box program is registered for some stage by CMakeLists.txt, and every
# registered one exists: a suite that is forgotten, or spelt otherwise, would never run.
set -euo pipefail
cd "$(dirname "$0")"

in_programs() {
  sed -nE 's/^(TYPED_)?TEST(_F|_P)?\((\w+),.*/\3/p' ./*_test.cpp | sort -u
}
in_table() {  # a call may go over two lines
  tr '\n' ' ' <CMakeLists.txt | grep -oE 'kv_suites\(\w+ +"[^"]*"' | cut -d '"' -f 2 |
    tr ';' '\n' | sort -u
}
wrong=$(diff <(in_programs) <(in_table) |
  sed -n 's/^< /not registered in CMakeLists.txt: /p; s/^> /registered, but nowhere: /p') || true
[[ -z $wrong ]] || { printf '%s\n' "$wrong"; exit 1; }
