# base: JSON parser, calendars and zones, random numbers; the configuration table.
pkg_check_modules(YAJL REQUIRED IMPORTED_TARGET yajl)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-i18n icu-uc)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
target_link_libraries(weft_base PUBLIC PkgConfig::YAJL PkgConfig::ICU PkgConfig::SODIUM)

add_custom_command(OUTPUT ${GEN}/config_rows.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_config.py
            ${CMAKE_SOURCE_DIR}/spec/config.csv ${GEN}/config_rows.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_config.py ${CMAKE_SOURCE_DIR}/spec/config.csv)
target_sources(weft_base PRIVATE ${GEN}/config_rows.h)
