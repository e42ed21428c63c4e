# identity: the list of common passwords becomes a table.
add_custom_command(OUTPUT ${GEN}/common_passwords_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_passwords.py
            ${CMAKE_SOURCE_DIR}/spec/identity/common-passwords.txt ${GEN}/common_passwords_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_passwords.py
            ${CMAKE_SOURCE_DIR}/spec/identity/common-passwords.txt)
# What staff must have passed before their role shows them patient data.
add_custom_command(OUTPUT ${GEN}/training_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_training.py
            ${CMAKE_SOURCE_DIR}/spec/identity/training.json ${GEN}/training_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_training.py
            ${CMAKE_SOURCE_DIR}/spec/identity/training.json)
# What patients share with helpers, and parents by age.
add_custom_command(OUTPUT ${GEN}/sharing_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_sharing.py
            ${CMAKE_SOURCE_DIR}/spec/identity/sharing.csv
            ${CMAKE_SOURCE_DIR}/spec/identity/proxy-ages.csv
            ${CMAKE_SOURCE_DIR}/spec/fhir/types.tsv ${GEN}/sharing_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_sharing.py ${CMAKE_SOURCE_DIR}/spec/identity/sharing.csv
            ${CMAKE_SOURCE_DIR}/spec/identity/proxy-ages.csv ${CMAKE_SOURCE_DIR}/spec/fhir/types.tsv)
pkg_check_modules(FIDO REQUIRED IMPORTED_TARGET libfido2)
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls)
target_link_libraries(weft_identity PUBLIC PkgConfig::GNUTLS PkgConfig::FIDO)
target_sources(weft_identity PRIVATE ${GEN}/common_passwords_gen.h ${GEN}/training_gen.h
               ${GEN}/sharing_gen.h)
