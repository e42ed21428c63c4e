# The rulebook is data: spec/rules and spec/content become const tables at build time.
file(GLOB policy_spec CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/spec/rules/*
     ${CMAKE_SOURCE_DIR}/spec/content/*)
set(policy_gen ${GEN}/rules_gen.h ${GEN}/rules_gen.c ${GEN}/access_gen.c ${GEN}/hours_gen.c
    ${GEN}/redact_gen.c)
add_custom_command(
    OUTPUT ${policy_gen}
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/gen_rules.py ${CMAKE_SOURCE_DIR}/spec ${GEN}
    DEPENDS ${policy_spec} ${CMAKE_SOURCE_DIR}/spec/fhir/types.tsv
            ${CMAKE_SOURCE_DIR}/tools/gen_rules.py ${CMAKE_SOURCE_DIR}/tools/access_table.py
            ${CMAKE_SOURCE_DIR}/tools/hours_table.py ${CMAKE_SOURCE_DIR}/tools/redact_table.py
    COMMENT "compiling the rulebook")
target_sources(weft_policy PRIVATE ${policy_gen})
add_custom_command(
    OUTPUT ${GEN}/content_gen.c
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/gen_content.py
            ${CMAKE_SOURCE_DIR}/spec/content ${GEN}
    DEPENDS ${policy_spec} ${CMAKE_SOURCE_DIR}/tools/gen_content.py
    COMMENT "compiling the word lists")
target_sources(weft_policy PRIVATE ${GEN}/content_gen.c)
add_custom_command(
    OUTPUT ${GEN}/consent_gen.c
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/gen_consent.py
            ${CMAKE_SOURCE_DIR}/spec ${GEN}/consent_gen.c
    DEPENDS ${policy_spec} ${CMAKE_SOURCE_DIR}/tools/gen_consent.py
    COMMENT "compiling whom Consents bind")
target_sources(weft_policy PRIVATE ${GEN}/consent_gen.c)
add_custom_command(
    OUTPUT ${GEN}/release_gen.h
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/gen_release.py
            ${CMAKE_SOURCE_DIR}/spec/rules/release.csv
            ${CMAKE_SOURCE_DIR}/spec/rules/release-exceptions.csv ${GEN}/release_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/spec/rules/release.csv
            ${CMAKE_SOURCE_DIR}/spec/rules/release-exceptions.csv ${CMAKE_SOURCE_DIR}/tools/gen_release.py
    COMMENT "compiling what a patient may wish to hear first")
target_sources(weft_policy PRIVATE ${GEN}/release_gen.h)

# Figures for make bench; not part of the tests.
add_executable(policy_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/policy_bench.c)
target_link_libraries(policy_bench PRIVATE weft_policy)
