# SPDX-License-Identifier: Apache-2.0
# Options for every target of ours; authd::options is linked, never inherited by what others build.
add_library(authd_options INTERFACE)
target_compile_options(authd_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>
  -fstack-protector-strong
  $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
target_link_options(authd_options INTERFACE -Wl,-z,relro,-z,now)

if(AUTHD_SANITIZE)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    message(FATAL_ERROR "AUTHD_SANITIZE: only with gcc; clang 14's ASan does not link with -z defs")
  endif()
  target_compile_options(authd_options INTERFACE -fsanitize=${AUTHD_SANITIZE} -fno-omit-frame-pointer
                                                 -fno-sanitize-recover=all)
  # gcc's manual, -fsanitize: instrumented code makes this warning false, here in libstdc++'s <regex>. The dev and
  # bench builds keep it.
  target_compile_options(authd_options INTERFACE -Wno-maybe-uninitialized)
  target_link_options(authd_options INTERFACE -fsanitize=${AUTHD_SANITIZE})
endif()
if(AUTHD_COVERAGE)
  target_compile_options(authd_options INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(authd_options INTERFACE --coverage)
endif()
