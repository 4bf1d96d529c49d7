# Included by every stage's CMakeLists.txt, right after project(): language, dependencies, and the
# functions that a stage is made with. A stage builds alone, or under the top level with others.

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
find_package(spdlog 1.10 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
if(KV_TESTS)
  find_package(GTest 1.12 REQUIRED)
  include(GoogleTest)
  enable_testing()
endif()

if(NOT TARGET kv-asio)
  add_subdirectory(${CMAKE_CURRENT_LIST_DIR} common)
endif()

# kv_library(SOURCE...): the stage's library; its name is the project's.
function(kv_library)
  add_library(${PROJECT_NAME} STATIC ${ARGN})
  target_include_directories(${PROJECT_NAME} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/src)
  target_compile_definitions(${PROJECT_NAME} PUBLIC KV_STAGE="${PROJECT_NAME}")
  target_link_libraries(${PROJECT_NAME} PUBLIC kv-asio spdlog::spdlog CLI11::CLI11 PRIVATE kv-warnings)
  # Half the time to build it goes into debug information on CLI11.
  set_source_files_properties(src/base/options.cpp PROPERTIES COMPILE_OPTIONS $<$<CONFIG:RelWithDebInfo>:-g0>)
endfunction()

# kv_proto(FILE): protobuf messages, linked into the library; the header is "<folder>/<name>.pb.h".
function(kv_proto file)
  find_package(protobuf CONFIG QUIET)
  if(NOT protobuf_FOUND)  # Debian's has no CMake configuration
    find_package(Protobuf 3.21 REQUIRED)
  endif()
  add_library(${PROJECT_NAME}-proto STATIC ${file})
  protobuf_generate(TARGET ${PROJECT_NAME}-proto)
  target_include_directories(${PROJECT_NAME}-proto SYSTEM PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(${PROJECT_NAME}-proto PUBLIC protobuf::libprotobuf)
  target_link_libraries(${PROJECT_NAME} PUBLIC ${PROJECT_NAME}-proto)
endfunction()

# kv_program(NAME SOURCE): a program, built as <stage's build folder>/NAME.
function(kv_program name source)
  add_executable(${PROJECT_NAME}-${name} ${source})
  set_target_properties(${PROJECT_NAME}-${name} PROPERTIES OUTPUT_NAME ${name})
  target_link_libraries(${PROJECT_NAME}-${name} PRIVATE ${PROJECT_NAME} kv-warnings)
  if(NOT name STREQUAL kv-server)  # of inline functions the linker takes the first copy that it sees
    target_link_libraries(${PROJECT_NAME}-${name} PRIVATE kv-quick-build)
  endif()
endfunction()

# kv_jemalloc(TARGET): the program allocates with jemalloc, in less time and less memory than glibc takes.
# It keeps more for each thread, though. Sanitizers bring their own.
function(kv_jemalloc target)
  if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)
    target_link_libraries(${target} PRIVATE ${JEMALLOC_LIBRARY})
  endif()
endfunction()

# kv_test_headers(TARGET): compiles GoogleTest's headers once for all test programs of a folder, the
# first of which does it: each then takes a third less time to build.
function(kv_test_headers target)
  get_property(first DIRECTORY PROPERTY kv_first_test)
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
  else()
    target_precompile_headers(${target} PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
    set_property(DIRECTORY PROPERTY kv_first_test ${target})
  endif()
endfunction()

# kv_test(NAME SOURCE [LABEL...]): a GoogleTest program; it finds the stage's programs through
# KV_SERVER and KV_CLIENT. Labels: fast (the default), slow, limits, soak.
function(kv_test name source)
  if(NOT KV_TESTS)
    return()
  endif()
  set(labels ${ARGN})
  if(NOT labels)
    set(labels fast)
  endif()
  set(target ${PROJECT_NAME}-${name})
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE ${PROJECT_NAME} kv-fixtures kv-warnings kv-quick-build GTest::gtest_main)
  kv_test_headers(${target})
  target_compile_definitions(${target} PRIVATE
    KV_SERVER="$<TARGET_FILE:${PROJECT_NAME}-kv-server>" KV_CLIENT="$<TARGET_FILE:${PROJECT_NAME}-kv-client>")
  if(TARGET ${PROJECT_NAME}-kv-inspect)
    target_compile_definitions(${target} PRIVATE KV_INSPECT="$<TARGET_FILE:${PROJECT_NAME}-kv-inspect>")
    add_dependencies(${target} ${PROJECT_NAME}-kv-inspect)
  endif()
  add_dependencies(${target} ${PROJECT_NAME}-kv-server ${PROJECT_NAME}-kv-client)
  gtest_discover_tests(${target} TEST_PREFIX ${PROJECT_NAME}. DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${labels}" TIMEOUT 300)
endfunction()

# kv_fuzz(NAME SOURCE): a fuzzer, and a test that runs it for a minute on what is in
# tests/fuzz/NAME; what it adds to that is kept in the build folder.
function(kv_fuzz name source)
  if(NOT KV_FUZZ)
    return()
  endif()
  set(target ${PROJECT_NAME}-${name}-fuzz)
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE ${PROJECT_NAME} kv-warnings)
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  if(NOT TARGET kv-fuzzers)
    add_custom_target(kv-fuzzers)
  endif()
  add_dependencies(kv-fuzzers ${target})
  set(found ${CMAKE_CURRENT_BINARY_DIR}/fuzz/${name})
  file(MAKE_DIRECTORY ${found})
  add_test(NAME ${PROJECT_NAME}.fuzz.${name}
    COMMAND ${target} -max_total_time=60 -timeout=20 -max_len=4096 ${found} ${CMAKE_CURRENT_SOURCE_DIR}/tests/fuzz/${name}
    WORKING_DIRECTORY ${found})
  set_tests_properties(${PROJECT_NAME}.fuzz.${name} PROPERTIES LABELS soak TIMEOUT 300)
endfunction()
