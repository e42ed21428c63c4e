# The UCUM table: spec/ucum → C.
add_custom_command(
    OUTPUT ${GEN}/ucum_tables.inc
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_ucum.py
            ${CMAKE_SOURCE_DIR}/spec/ucum ${GEN}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_ucum.py ${CMAKE_SOURCE_DIR}/spec/ucum/units.tsv
            ${CMAKE_SOURCE_DIR}/spec/ucum/prefixes.tsv
    COMMENT "UCUM table"
    VERBATIM)
target_sources(weft_fhir PRIVATE ${GEN}/ucum_tables.inc)
