# SPDX-License-Identifier: Apache-2.0
# authd_add_plugin(<name> SOURCES <file>... [LIBRARIES <target>...])
#
# Defines the MODULE library <name>, built as <build>/plugins/<name>.so with everything hidden but the
# entry symbol, all symbols resolved at link time and bound at load time; and the CTest case
# plugin.<name>.exports_one_symbol.

function(authd_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;LIBRARIES")
  if(NOT ARG_SOURCES OR ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: authd_add_plugin(<name> SOURCES <file>... [LIBRARIES <target>...])")
  endif()

  add_library(${name} MODULE ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE authd::sdk ${ARG_LIBRARIES})
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    LINK_DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/only_entry.map)
  target_link_options(${name} PRIVATE
    -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/only_entry.map -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack)
  # A sanitizer's runtime comes with the executable: its symbols are undefined here by design.
  if(NOT AUTHD_SANITIZE AND NOT "${CMAKE_CXX_FLAGS} ${CMAKE_C_FLAGS}" MATCHES "-fsanitize")
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  if(TARGET authd_options) # in authd's own tree: its warnings and sanitizers
    target_link_libraries(${name} PRIVATE authd_options)
  endif()

  add_test(NAME plugin.${name}.exports_one_symbol
           COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DPLUGIN=$<TARGET_FILE:${name}>
                   -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/check_exports.cmake)
  set_tests_properties(plugin.${name}.exports_one_symbol PROPERTIES LABELS plugin TIMEOUT 30)
endfunction()
