# SPDX-License-Identifier: Apache-2.0
# cmake -DNM=nm -DPLUGIN=file.so -P check_exports.cmake: fails unless authd_plugin_v1 is the one symbol
# that the file defines for others.
execute_process(COMMAND ${NM} -D --defined-only --format=posix ${PLUGIN}
                OUTPUT_VARIABLE symbols RESULT_VARIABLE rc ERROR_VARIABLE error)
if(NOT rc EQUAL 0)
  message(FATAL_ERROR "${NM} cannot read ${PLUGIN}: ${error}")
endif()
string(REGEX MATCHALL "[^\n]+" lines "${symbols}")
list(TRANSFORM lines REPLACE " .*" "")
if(NOT "${lines}" STREQUAL "authd_plugin_v1")
  message(FATAL_ERROR "${PLUGIN} must export authd_plugin_v1 and nothing else, but exports: ${lines}")
endif()
