# Included by every stage's CMakeLists.txt, right after project(): language, dependencies, and the
# functions that a stage is made with. A stage builds alone, or under the top level with others.
#
# A stage is written in steps, from the ground up, and its CMakeLists.txt lists them in that order:
#
#   kv_kept(TESTS words)                  # what comes unchanged from the stage before
#   kv_step(record src/disk/record.cpp    # a step: its files, and the tests that check it
#     TESTS record)
#   kv_given(client apps/kv-client.cpp)   # a step that is neither taught nor counted
#   kv_naive(one-mutex naive/one_mutex.cpp TESTS one_mutex)   # what the chapter shows before it is done well
#   kv_crash()                            # for ./learn crash: the steps so far are a store
#
# x.cpp stands for x.hpp as well. A file belongs to one step; what no step names is kept. A test of a
# step is linked with all objects of this step, and with what these need of earlier steps and of what
# is kept: so the build proves that a step needs nothing of a later one.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
option(KV_TESTS "Build the tests" ON)
option(KV_WERROR "Warnings are errors" OFF)
option(KV_FUZZ "Build the fuzzers (preset fuzz: Clang)" OFF)

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
if(KV_TESTS)
  find_package(GTest 1.12 REQUIRED)
  include(GoogleTest)
  enable_testing()
endif()

file(REAL_PATH ${CMAKE_CURRENT_LIST_DIR} KV_COMMON)  # in a learner's folder it is a link
if(NOT TARGET kv-asio)
  add_subdirectory(${KV_COMMON} common)
endif()

# kv_step(NAME FILE... [TESTS NAME...] [SLOW NAME...] [HELPERS NAME...]): the next step. A test NAME
# is tests/NAME_test.cpp, or in common/unit where several stages have it; SLOW ones have that label.
# HELPERS, NAME.cpp there or in common/unit/support, are for these tests and those of later steps. The
# tests find the stage's programs by KV_SERVER and KV_CLIENT if the step names one. A step of which a
# file is not there yet ends the list: a stage that is still being written builds as far as it goes.
function(kv_step step)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "TESTS;SLOW;HELPERS")
  set(files ${arg_UNPARSED_ARGUMENTS})
  set_property(DIRECTORY APPEND PROPERTY kv_named ${files})
  set(needed ${files})
  if(KV_MINE)  # whoever writes may be ahead: a file may be there before its step, and so without its tests
    list(TRANSFORM arg_TESTS APPEND _test OUTPUT_VARIABLE tests)
    foreach(test IN LISTS tests arg_HELPERS)
      if(NOT EXISTS ${KV_COMMON}/unit/${test}.cpp AND NOT EXISTS ${KV_COMMON}/unit/support/${test}.cpp)
        list(APPEND needed tests/${test}.cpp)
      endif()
    endforeach()
  endif()
  foreach(file IN LISTS needed)
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
      message(STATUS "${PROJECT_NAME} is built up to step ${step}, of which ${file} is missing")
      set_property(DIRECTORY PROPERTY kv_ended TRUE)
    endif()
  endforeach()
  get_property(ended DIRECTORY PROPERTY kv_ended)
  if(ended)
    return()
  endif()

  set(sources ${files})
  list(FILTER sources INCLUDE REGEX "^src/.*cpp$")
  set(objects "")
  if(sources)
    add_library(${PROJECT_NAME}-${step} OBJECT ${sources})
    target_link_libraries(${PROJECT_NAME}-${step} PRIVATE ${PROJECT_NAME}-needs kv-warnings)
    set(objects $<TARGET_OBJECTS:${PROJECT_NAME}-${step}>)
  endif()
  set(programs ${files})
  list(FILTER programs INCLUDE REGEX "^apps/")
  foreach(program IN LISTS programs)
    kv_program(${program})
  endforeach()

  get_property(earlier DIRECTORY PROPERTY kv_objects)
  get_property(helpers DIRECTORY PROPERTY kv_helpers)
  if(KV_TESTS AND arg_HELPERS)
    kv_helpers(${PROJECT_NAME}-${step}-helpers ${arg_HELPERS})
    list(PREPEND helpers ${PROJECT_NAME}-${step}-helpers)  # which use those of earlier steps
  endif()
  if(KV_TESTS AND earlier)
    add_library(${PROJECT_NAME}-before-${step} STATIC EXCLUDE_FROM_ALL ${earlier})
    set_target_properties(${PROJECT_NAME}-before-${step} PROPERTIES LINKER_LANGUAGE CXX)
    set(before ${PROJECT_NAME}-before-${step})
  endif()
  foreach(test IN LISTS arg_TESTS)
    kv_test(${test} "${objects}" "${helpers};${before}" "${programs}" fast)
  endforeach()
  foreach(test IN LISTS arg_SLOW)
    kv_test(${test} "${objects}" "${helpers};${before}" "${programs}" slow)
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY kv_objects ${objects})
  set_property(DIRECTORY PROPERTY kv_helpers ${helpers})
  if(step STREQUAL "${KV_LAST_STEP}")  # a commit of ./learn history: what comes then is as it was before
    set_property(DIRECTORY PROPERTY kv_ended TRUE)
  endif()
endfunction()

# kv_given(...): a step that is given to whoever writes the stage.
function(kv_given)
  kv_step(${ARGV})
endfunction()

# kv_naive(NAME FILE... [PROGRAMS FILE...] [TESTS NAME...]): a wrong or slow version, in naive/, made
# of the steps so far and the naive files so far. The stage is not linked with it, and the next one
# does not have it. A file of PROGRAMS becomes <stage's build folder>/naive/<name>; the tests find
# that folder by KV_NAIVE. FROM: its programs are made of that earlier stage's code, and not of this
# one's; there are none where that is not beside us.
function(kv_naive name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FROM" "PROGRAMS;TESTS")
  get_property(ended DIRECTORY PROPERTY kv_ended)
  if(ended OR NOT KV_TESTS)
    return()
  endif()
  foreach(file IN LISTS arg_UNPARSED_ARGUMENTS arg_PROGRAMS)
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})  # it comes with the step after it, which is not here yet
      return()
    endif()
  endforeach()
  if(arg_FROM)
    kv_naive_from(${arg_FROM} ${arg_PROGRAMS})
    return()
  endif()
  set(sources ${arg_UNPARSED_ARGUMENTS})
  list(FILTER sources INCLUDE REGEX "cpp$")
  get_property(earlier DIRECTORY PROPERTY kv_objects)
  get_property(before DIRECTORY PROPERTY kv_naive)
  set(library ${PROJECT_NAME}-naive-${name})
  add_library(${library} STATIC EXCLUDE_FROM_ALL ${sources} ${earlier})
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(${library} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_definitions(${library} PUBLIC KV_NAIVE="${CMAKE_CURRENT_BINARY_DIR}/naive")
  target_link_libraries(${library} PUBLIC ${before} ${PROJECT_NAME}-needs PRIVATE kv-warnings)
  set_property(DIRECTORY PROPERTY kv_naive ${library})
  kv_naive_programs(${library} ${arg_PROGRAMS})
  foreach(test IN LISTS arg_TESTS)
    kv_test(${test} "" ${library} "" fast)
    string(REPLACE _ - target ${PROJECT_NAME}-${test}-test)
    foreach(program IN LISTS arg_PROGRAMS)
      get_filename_component(output ${program} NAME_WE)
      add_dependencies(${target} ${PROJECT_NAME}-${output})
    endforeach()
  endforeach()
endfunction()

function(kv_naive_programs library)
  foreach(program IN LISTS ARGN)
    get_filename_component(name ${program} NAME_WE)
    add_executable(${PROJECT_NAME}-${name} ${program})
    add_dependencies(${PROJECT_NAME}-programs ${PROJECT_NAME}-${name})
    set_target_properties(${PROJECT_NAME}-${name} PROPERTIES
      OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY naive)
    target_link_libraries(${PROJECT_NAME}-${name} PRIVATE ${library} kv-warnings)
  endforeach()
endfunction()

function(kv_naive_from stage)
  set(folder ${KV_COMMON}/../${stage})
  if(NOT EXISTS ${folder})
    return()
  endif()
  set(library ${stage})
  if(NOT TARGET ${stage})  # it is not built itself
    set(library ${PROJECT_NAME}-naive-${stage})
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/src/*/*.cpp)
    add_library(${library} STATIC EXCLUDE_FROM_ALL ${sources})
    target_include_directories(${library} PUBLIC ${folder}/src)
    target_link_libraries(${library} PUBLIC kv-asio CLI11::CLI11)
  endif()
  kv_naive_programs(${library} ${ARGN})
endfunction()

# kv_kept([TESTS NAME...] [SLOW NAME...] [HELPERS NAME...]): first of all, where there is a stage
# before: all that no step names. Its tests are linked with the whole stage, and find its programs.
function(kv_kept)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "TESTS;SLOW;HELPERS")
  set_property(DIRECTORY PROPERTY kv_objects $<TARGET_OBJECTS:${PROJECT_NAME}-kept>)
  if(KV_TESTS AND arg_HELPERS)
    kv_helpers(${PROJECT_NAME}-kept-helpers ${arg_HELPERS})
    set_property(DIRECTORY PROPERTY kv_helpers ${PROJECT_NAME}-kept-helpers)
  endif()
  set_property(DIRECTORY PROPERTY kv_kept_fast ${arg_TESTS})
  set_property(DIRECTORY PROPERTY kv_kept_slow ${arg_SLOW})
endfunction()

function(kv_helpers target)
  add_library(${target} STATIC)
  foreach(helper IN LISTS ARGN)
    kv_find_test(source ${helper})
    target_sources(${target} PRIVATE ${source})
  endforeach()
  target_include_directories(${target} PRIVATE tests ${KV_COMMON}/unit/support)
  target_link_libraries(${target} PUBLIC ${PROJECT_NAME}-needs GTest::gtest PRIVATE kv-warnings kv-quick-build)
endfunction()

# At the end of the stage's CMakeLists.txt: what is kept, and all of it as one library.
function(kv_finish)
  get_property(objects DIRECTORY PROPERTY kv_objects)
  get_property(named DIRECTORY PROPERTY kv_named)
  file(GLOB kept CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} src/*/*.cpp apps/*.cpp)
  list(REMOVE_ITEM kept ${named})
  set(sources ${kept})
  list(FILTER sources INCLUDE REGEX "^src/")
  if(sources)
    add_library(${PROJECT_NAME}-kept OBJECT ${sources})
    target_link_libraries(${PROJECT_NAME}-kept PRIVATE ${PROJECT_NAME}-needs kv-warnings)
  endif()
  list(FILTER kept INCLUDE REGEX "^apps/")
  foreach(program IN LISTS kept)
    kv_program(${program})
  endforeach()
  add_library(${PROJECT_NAME} STATIC ${objects})
  set_target_properties(${PROJECT_NAME} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${PROJECT_NAME} PUBLIC ${PROJECT_NAME}-needs)

  get_property(ended DIRECTORY PROPERTY kv_ended)
  get_property(helpers DIRECTORY PROPERTY kv_helpers)
  foreach(label fast slow)
    get_property(tests DIRECTORY PROPERTY kv_kept_${label})
    foreach(test IN LISTS tests)
      if(NOT ended)
        kv_test(${test} "" "${helpers};${PROJECT_NAME}" all ${label})
      endif()
    endforeach()
  endforeach()
  if(KV_MINE AND NOT ended)
    kv_exercises("${helpers}")
  endif()
endfunction()

# kv_program(SOURCE): a program, linked with the whole stage: <stage's build folder>/<name of SOURCE>.
function(kv_program source)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${PROJECT_NAME}-${name} ${source})
  add_dependencies(${PROJECT_NAME}-programs ${PROJECT_NAME}-${name})
  set_target_properties(${PROJECT_NAME}-${name} PROPERTIES OUTPUT_NAME ${name})
  target_link_libraries(${PROJECT_NAME}-${name} PRIVATE ${PROJECT_NAME} kv-warnings)
  if(NOT name STREQUAL kv-server)  # of inline functions the linker takes the first copy that it sees
    target_link_libraries(${PROJECT_NAME}-${name} PRIVATE kv-quick-build)
  endif()
endfunction()

# Where the source of a test or helper is: the stage's own, or that which several stages have.
function(kv_find_test variable name)
  foreach(folder ${CMAKE_CURRENT_SOURCE_DIR}/tests ${KV_COMMON}/unit ${KV_COMMON}/unit/support)
    if(EXISTS ${folder}/${name}.cpp)
      set(${variable} ${folder}/${name}.cpp PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "${PROJECT_NAME} has no test or helper ${name}")
endfunction()

# kv_test(NAME OBJECTS LIBRARIES PROGRAMS LABEL): a GoogleTest program. PROGRAMS: not empty, if it
# starts the stage's programs.
function(kv_test name objects libraries programs label)
  if(NOT KV_TESTS)
    return()
  endif()
  kv_find_test(source ${name}_test)
  string(REPLACE _ - target ${PROJECT_NAME}-${name}-test)
  kv_test_program(${target} "${source};${objects}" "${libraries}" "${programs}")
  gtest_discover_tests(${target} TEST_PREFIX ${PROJECT_NAME}. DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${label}" TIMEOUT 300)
endfunction()

function(kv_test_program target sources libraries programs)
  add_executable(${target} ${sources})
  target_include_directories(${target} PRIVATE tests ${KV_COMMON}/unit/support)
  target_link_libraries(${target} PRIVATE
    ${libraries} ${PROJECT_NAME}-needs ${KV_FIXTURES} kv-warnings kv-quick-build GTest::gtest_main)
  target_precompile_headers(${target} REUSE_FROM kv-test-headers)
  set(golden ${CMAKE_CURRENT_SOURCE_DIR}/tests/golden)  # data folders that are kept as they are
  if(NOT EXISTS ${golden})
    set(golden ${KV_COMMON}/unit/golden)
  endif()
  target_compile_definitions(${target} PRIVATE KV_GOLDEN="${golden}")
  if(programs)
    foreach(program server client inspect)
      if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/apps/kv-${program}.cpp)
        string(TOUPPER KV_${program} variable)
        target_compile_definitions(${target} PRIVATE ${variable}="${CMAKE_CURRENT_BINARY_DIR}/kv-${program}")
        if(TARGET ${PROJECT_NAME}-kv-${program})  # else it comes with a later step, or is kept
          add_dependencies(${target} ${PROJECT_NAME}-kv-${program})
        endif()
      endif()
    endforeach()
  endif()
endfunction()

# The tests of the chapter's exercises, for a learner's stage that is written: nobody else passes them.
function(kv_exercises helpers)
  file(GLOB tests CONFIGURE_DEPENDS ${KV_COMMON}/../${PROJECT_NAME}/exercises/*_test.cpp)
  foreach(test IN LISTS tests)
    get_filename_component(name ${test} NAME_WE)
    string(REPLACE _test "" number ${name})
    kv_test_program(${PROJECT_NAME}-exercise-${number} ${test} "${helpers};${PROJECT_NAME}" all)
    set_target_properties(${PROJECT_NAME}-exercise-${number} PROPERTIES EXCLUDE_FROM_ALL TRUE)
  endforeach()
endfunction()

# kv_jemalloc(TARGET): the program allocates with jemalloc, in less time and less memory than glibc takes.
# It keeps more for each thread, though. Sanitizers bring their own.
function(kv_jemalloc target)
  if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)
    target_link_libraries(${target} PRIVATE ${JEMALLOC_LIBRARY})
  endif()
endfunction()

# kv_fuzz(NAME): the fuzzer fuzz/NAME_fuzz.cpp, and a test that runs it for a minute on what is in
# fuzz/NAME, both in tests or in common/unit; what it adds to that is kept in the build folder.
function(kv_fuzz name)
  if(NOT KV_FUZZ)
    return()
  endif()
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/tests/fuzz)
  if(NOT EXISTS ${folder}/${name}_fuzz.cpp)
    set(folder ${KV_COMMON}/unit/fuzz)
  endif()
  set(target ${PROJECT_NAME}-${name}-fuzz)
  get_property(helpers DIRECTORY PROPERTY kv_helpers)
  add_executable(${target} ${folder}/${name}_fuzz.cpp)
  target_include_directories(${target} PRIVATE tests ${KV_COMMON}/unit/support)
  target_link_libraries(${target} PRIVATE ${helpers} ${PROJECT_NAME} kv-warnings)
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  if(NOT TARGET kv-fuzzers)
    add_custom_target(kv-fuzzers)
  endif()
  add_dependencies(kv-fuzzers ${target})
  set(found ${CMAKE_CURRENT_BINARY_DIR}/fuzz/${name})
  file(MAKE_DIRECTORY ${found})
  add_test(NAME ${PROJECT_NAME}.fuzz.${name}
    COMMAND ${target} -max_total_time=60 -timeout=20 -max_len=4096 ${found} ${folder}/${name}
    WORKING_DIRECTORY ${found})
  set_tests_properties(${PROJECT_NAME}.fuzz.${name} PROPERTIES LABELS soak TIMEOUT 300)
endfunction()

# kv_crash(): the program <stage>-crash, of common/unit/crash: the store that the steps so far make,
# run through simulated crashes. Built when it is asked for.
function(kv_crash)
  get_property(ended DIRECTORY PROPERTY kv_ended)
  if(ended OR NOT KV_TESTS)
    return()
  endif()
  get_property(objects DIRECTORY PROPERTY kv_objects)
  get_property(helpers DIRECTORY PROPERTY kv_helpers)
  set(target ${PROJECT_NAME}-crash)
  add_library(${target}-store STATIC EXCLUDE_FROM_ALL ${objects})
  set_target_properties(${target}-store PROPERTIES LINKER_LANGUAGE CXX)
  file(GLOB sources CONFIGURE_DEPENDS ${KV_COMMON}/unit/crash/*.cpp)
  add_executable(${target} EXCLUDE_FROM_ALL ${sources})
  target_include_directories(${target} PRIVATE tests ${KV_COMMON}/unit/support)
  target_link_libraries(${target} PRIVATE ${helpers} ${target}-store ${PROJECT_NAME}-needs kv-warnings)
endfunction()

# What the stage that includes this file compiles with, and links. The top level is none.
if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/src)
  add_custom_target(${PROJECT_NAME}-programs)  # all that one can start, what is in naive/ included
  add_library(${PROJECT_NAME}-needs INTERFACE)
  target_include_directories(${PROJECT_NAME}-needs INTERFACE src)
  target_compile_definitions(${PROJECT_NAME}-needs INTERFACE KV_STAGE="${PROJECT_NAME}")
  target_link_libraries(${PROJECT_NAME}-needs INTERFACE kv-asio CLI11::CLI11)
  if(KV_MINE)
    target_include_directories(${PROJECT_NAME}-needs INTERFACE ${KV_COMMON}/workspace)  # not_written.hpp
  endif()
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/src/base/log.cpp)
    find_package(spdlog 1.10 REQUIRED)
    target_link_libraries(${PROJECT_NAME}-needs INTERFACE spdlog::spdlog)
  endif()
  # Half the time to build it goes into debug information on CLI11.
  set_source_files_properties(src/base/options.cpp
    PROPERTIES COMPILE_OPTIONS $<$<CONFIG:RelWithDebInfo>:-g0>)
  set(KV_FIXTURES kv-fixtures)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/proto/kv.proto)  # compiled, it is "proto/kv.pb.h"
    set(KV_FIXTURES kv-frame-fixtures)
    find_package(protobuf CONFIG QUIET)
    if(NOT protobuf_FOUND)  # Debian's has no CMake configuration
      find_package(Protobuf 3.21 REQUIRED)
    endif()
    add_library(${PROJECT_NAME}-proto STATIC proto/kv.proto)
    protobuf_generate(TARGET ${PROJECT_NAME}-proto)
    target_include_directories(${PROJECT_NAME}-proto SYSTEM PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
    target_link_libraries(${PROJECT_NAME}-proto PUBLIC protobuf::libprotobuf)
    target_link_libraries(${PROJECT_NAME}-needs INTERFACE ${PROJECT_NAME}-proto)
  endif()
  cmake_language(DEFER CALL kv_finish)
endif()
