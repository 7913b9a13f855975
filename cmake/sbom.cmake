# SPDX-License-Identifier: Apache-2.0
# What authd is made of (write_sbom.py): the target `sbom` writes it to build/<preset>/sbom, and installing the component
# authd does so anew. Not part of `all`: it needs Python and dpkg, and whoever only runs authd needs neither.
find_program(PYTHON3 python3)
find_program(DPKG_QUERY dpkg-query)
if(NOT PYTHON3 OR NOT DPKG_QUERY OR NOT CMAKE_GENERATOR STREQUAL "Ninja")
  install(CODE "message(WARNING \"No SBOM is installed: it takes python3, dpkg-query and ninja\")" COMPONENT authd)
  return()
endif()

set(sbom ${CMAKE_BINARY_DIR}/sbom)
set(parts authd ${AUTHD_PLUGINS})
list(TRANSFORM parts REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE files)
set(write_sbom ${PYTHON3} -B ${CMAKE_CURRENT_LIST_DIR}/write_sbom.py --version ${PROJECT_VERSION}
               --ninja ${CMAKE_MAKE_PROGRAM} --build ${CMAKE_BINARY_DIR} --output ${sbom} ${files})
add_custom_target(sbom COMMAND ${write_sbom} VERBATIM)
add_dependencies(sbom ${parts})

list(JOIN write_sbom "\" \"" command)
install(CODE "execute_process(COMMAND \"${command}\" COMMAND_ERROR_IS_FATAL ANY)" COMPONENT authd)
install(FILES ${sbom}/sbom.cdx.json ${sbom}/licences DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT authd)
