add_custom_command(OUTPUT ${GEN}/templates_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_templates.py
            ${CMAKE_SOURCE_DIR}/spec/templates/messages.json ${GEN}/templates_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_templates.py ${CMAKE_SOURCE_DIR}/spec/templates/messages.json)
target_sources(weft_outreach PRIVATE ${GEN}/templates_gen.h)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls)
target_link_libraries(weft_outreach PUBLIC PkgConfig::CURL PkgConfig::GNUTLS)
add_custom_command(OUTPUT ${GEN}/receipts_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_receipts.py
            ${CMAKE_SOURCE_DIR}/spec/outreach/receipts.csv ${GEN}/receipts_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_receipts.py ${CMAKE_SOURCE_DIR}/spec/outreach/receipts.csv)
target_sources(weft_outreach PRIVATE ${GEN}/receipts_gen.h)
