# net: the HTTP server and the compression of answers.
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
target_link_libraries(weft_net PUBLIC PkgConfig::MICROHTTPD PkgConfig::CURL PkgConfig::GNUTLS PkgConfig::ZLIB)

add_custom_command(
    OUTPUT ${GEN}/gsm7_gen.h
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/gen_gsm.py
            ${CMAKE_SOURCE_DIR}/spec/content/gsm7.csv ${GEN}/gsm7_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/spec/content/gsm7.csv ${CMAKE_SOURCE_DIR}/tools/gen_gsm.py
    COMMENT "compiling the GSM alphabet")
target_sources(weft_net PRIVATE ${GEN}/gsm7_gen.h)
