# net: the HTTP server and the compression of answers.
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
target_link_libraries(weft_net PUBLIC PkgConfig::MICROHTTPD PkgConfig::CURL PkgConfig::GNUTLS PkgConfig::ZLIB)
