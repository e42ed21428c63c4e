# Invariants, bindings and profiles: spec/fhir, spec/profiles → C.
file(GLOB profile_spec CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/spec/profiles/*.jsonl)
add_custom_command(
    OUTPUT ${GEN}/fhir_profiles.c
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_profiles.py
            ${CMAKE_SOURCE_DIR}/spec ${GEN}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_profiles.py ${profile_spec}
            ${CMAKE_SOURCE_DIR}/spec/fhir/invariants.tsv ${CMAKE_SOURCE_DIR}/spec/fhir/bindings.tsv
    COMMENT "FHIR invariants and profiles"
    VERBATIM)
target_sources(weft_fhir PRIVATE ${GEN}/fhir_profiles.c)
