# store: the embedded database, the door to PostgreSQL, compression of documents; sealing comes with base (libsodium).
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(P11 REQUIRED p11-kit-1) # the header of PKCS#11; a token's module is loaded at run time
target_include_directories(weft_store PRIVATE ${P11_INCLUDE_DIRS})
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls)
target_link_libraries(weft_store PUBLIC PkgConfig::SQLITE PkgConfig::PQ PkgConfig::ZSTD PkgConfig::GNUTLS)
set_source_files_properties(src/store/dictionary.c PROPERTIES
    COMPILE_OPTIONS "-Wa,-I${CMAKE_SOURCE_DIR}/spec"
    OBJECT_DEPENDS ${CMAKE_SOURCE_DIR}/spec/store/fhir.dict)
