# Search parameter tables and key tries: spec/fhir → C.
add_custom_command(
    OUTPUT ${GEN}/fhir_params.c
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_params.py
            ${CMAKE_SOURCE_DIR}/spec/fhir ${GEN}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_params.py
            ${CMAKE_SOURCE_DIR}/spec/fhir/types.tsv ${CMAKE_SOURCE_DIR}/spec/fhir/elements.tsv
            ${CMAKE_SOURCE_DIR}/spec/fhir/codes.tsv ${CMAKE_SOURCE_DIR}/spec/fhir/compartments.tsv
            ${CMAKE_SOURCE_DIR}/spec/fhir/search-parameters.jsonl
            ${CMAKE_SOURCE_DIR}/spec/fhir/param-numbers.csv
    COMMENT "FHIR search parameters"
    VERBATIM)
target_sources(weft_fhir PRIVATE ${GEN}/fhir_params.c)
# path_fn_math.c, query_value.c
target_link_libraries(weft_fhir PUBLIC m)
