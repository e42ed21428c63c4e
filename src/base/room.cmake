# base: JSON parser, calendars and zones, random numbers; the configuration table.
pkg_check_modules(YAJL REQUIRED IMPORTED_TARGET yajl)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-i18n icu-uc)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
target_link_libraries(weft_base PUBLIC PkgConfig::YAJL PkgConfig::ICU PkgConfig::SODIUM)
