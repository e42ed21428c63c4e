# The model tables: spec/fhir → C.
file(GLOB fhir_spec CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/spec/fhir/*.tsv)
add_custom_command(
    OUTPUT ${GEN}/fhir_tables.c ${GEN}/fhir_types.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_fhir.py
            ${CMAKE_SOURCE_DIR}/spec/fhir ${GEN}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_fhir.py ${fhir_spec}
    COMMENT "FHIR model tables"
    VERBATIM)
target_sources(weft_fhir PRIVATE ${GEN}/fhir_tables.c ${GEN}/fhir_types.h)
include(${CMAKE_CURRENT_LIST_DIR}/params.cmake OPTIONAL)
include(${CMAKE_CURRENT_LIST_DIR}/ucum.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/profiles.cmake)
# XML in and out.
pkg_check_modules(LIBXML2 REQUIRED IMPORTED_TARGET libxml-2.0)
target_link_libraries(weft_fhir PUBLIC PkgConfig::LIBXML2)
