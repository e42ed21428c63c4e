# store: the embedded database, compression of documents; sealing comes with base (libsodium).
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
target_link_libraries(weft_store PUBLIC PkgConfig::SQLITE PkgConfig::ZSTD)
set_source_files_properties(src/store/dictionary.c PROPERTIES
    COMPILE_OPTIONS "-Wa,-I${CMAKE_SOURCE_DIR}/spec"
    OBJECT_DEPENDS ${CMAKE_SOURCE_DIR}/spec/store/fhir.dict)
