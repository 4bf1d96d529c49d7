# What ./learn and the checks of the repository read of a stage's CMakeLists.txt: its list of steps.
# shellcheck shell=bash

# A line for each word of the list, in its order: KIND STEP WHAT NAME. KIND is step, given, naive or kept;
# WHAT is file, test, helper or (what naive programs are made of) stage. A file x.cpp that is named has a second line for x.hpp, if there is
# one: then WHAT is header.
steps_of() {  # STAGE
  local kind step what name
  sed 's/#.*//' "$1/CMakeLists.txt" | tr '\n' ' ' |
    { grep -oE 'kv_(step|given|naive|kept)\([^)]*\)' || true; } | tr '()' '  ' |
    awk '{
      sub(/^kv_/, "", $1)
      what = "file"
      for (i = $1 == "kept" ? 2 : 3; i <= NF; ++i) {
        if ($i == "TESTS" || $i == "SLOW") what = "test"
        else if ($i == "HELPERS") what = "helper"
        else if ($i == "PROGRAMS") what = "file"
        else if ($i == "FROM") what = "stage"
        else print $1, $1 == "kept" ? "-" : $2, what, $i
      }
    }' |
    while read -r kind step what name; do
      echo "$kind $step $what $name"
      if [[ $what == file && $name =~ ^(src|naive)/.*cpp$ && -e $1/${name%.cpp}.hpp ]]; then
        echo "$kind $step header ${name%.cpp}.hpp"
      fi
    done
}

# Where the source of a test (NAME_test) or helper of a stage is.
test_source() {  # STAGE NAME
  local folder
  for folder in "$1/tests" "$1"/../common/unit{,/support}; do
    [[ ! -e $folder/$2.cpp ]] || { echo "$folder/$2.cpp"; return; }
  done
  echo "$1/tests/$2.cpp"
}

code_of() {  # STAGE: its files, but for tests, build files and the chapter
  (cd "$1" && for part in src apps proto naive; do [[ ! -d $part ]] || find "$part" -type f; done | sort)
}
