# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, which says what SOURCE was built: its commit, where git and its history are there. Only when that has
# changed, so that nothing else is built again. BUILD_TYPE: as CMake has it. GIVEN: the commit, where
# git cannot tell.
find_program(GIT git)
set(COMMIT "${GIVEN}")
if(GIT AND EXISTS ${SOURCE}/.git)
  execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --short=12 HEAD OUTPUT_VARIABLE COMMIT
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND ${GIT} -C ${SOURCE} status --porcelain --untracked-files=no OUTPUT_VARIABLE changes ERROR_QUIET)
  if(COMMIT AND changes)
    string(APPEND COMMIT "-modified")
  endif()
endif()
configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
