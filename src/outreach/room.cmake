add_custom_command(OUTPUT ${GEN}/templates_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_templates.py
            ${CMAKE_SOURCE_DIR}/spec/templates/messages.json ${GEN}/templates_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_templates.py ${CMAKE_SOURCE_DIR}/spec/templates/messages.json)
add_custom_command(OUTPUT ${GEN}/area_codes_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_area_codes.py
            ${CMAKE_SOURCE_DIR}/spec/rules/area-codes.csv ${CMAKE_SOURCE_DIR}/spec/desk/places.csv
            ${GEN}/area_codes_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_area_codes.py ${CMAKE_SOURCE_DIR}/spec/rules/area-codes.csv
            ${CMAKE_SOURCE_DIR}/spec/desk/places.csv)
target_sources(weft_outreach PRIVATE ${GEN}/templates_gen.h ${GEN}/area_codes_gen.h)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
target_link_libraries(weft_outreach PUBLIC PkgConfig::CURL PkgConfig::GNUTLS PkgConfig::CRYPTO)
add_custom_command(OUTPUT ${GEN}/receipts_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_receipts.py
            ${CMAKE_SOURCE_DIR}/spec/outreach/receipts.csv ${GEN}/receipts_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_receipts.py ${CMAKE_SOURCE_DIR}/spec/outreach/receipts.csv)
target_sources(weft_outreach PRIVATE ${GEN}/receipts_gen.h)
add_custom_command(OUTPUT ${GEN}/line_words_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_line_words.py
            ${CMAKE_SOURCE_DIR}/spec/outreach/line-words.csv ${GEN}/line_words_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_line_words.py ${CMAKE_SOURCE_DIR}/spec/outreach/line-words.csv)
target_sources(weft_outreach PRIVATE ${GEN}/line_words_gen.h)
add_custom_command(OUTPUT ${GEN}/ways_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_ways.py
            ${CMAKE_SOURCE_DIR}/spec/outreach/ways.csv ${GEN}/ways_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_ways.py ${CMAKE_SOURCE_DIR}/spec/outreach/ways.csv)
target_sources(weft_outreach PRIVATE ${GEN}/ways_gen.h)
# Figures for make bench; not part of the tests.
add_executable(sms_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/sms_bench.c)
target_link_libraries(sms_bench PRIVATE weft_outreach)
