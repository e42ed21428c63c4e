# terms: R4's own terminologies, packed by a tool made from this very room and linked in.
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
target_link_libraries(weft_terms PUBLIC PkgConfig::ZLIB)
file(GLOB terms_spec CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/spec/terms/*.jsonl)
add_executable(weft_pack_terms ${CMAKE_SOURCE_DIR}/tools/pack_terms.c)
# By file, not by target: the tool uses the parts that need no packed data.
add_dependencies(weft_pack_terms weft_terms)
target_link_libraries(weft_pack_terms PRIVATE weft_flags $<TARGET_FILE:weft_terms> weft_base
    PkgConfig::ZLIB)
add_custom_command(OUTPUT ${GEN}/terms_r4.bin
    COMMAND weft_pack_terms ${GEN}/terms_r4.bin ${terms_spec}
    DEPENDS weft_pack_terms ${terms_spec}
    COMMENT "R4 terminologies"
    VERBATIM)
file(WRITE ${GEN}/terms_r4.S ".section .rodata\n.balign 16\n.global terms_r4\nterms_r4:\n"
    ".incbin \"${GEN}/terms_r4.bin\"\nterms_r4_end:\n.balign 8\n.global terms_r4_size\n"
    "terms_r4_size:\n.quad terms_r4_end - terms_r4\n"
    ".section .note.GNU-stack,\"\",@progbits\n")
set_source_files_properties(${GEN}/terms_r4.S PROPERTIES OBJECT_DEPENDS ${GEN}/terms_r4.bin)
add_library(weft_terms_r4 STATIC ${GEN}/terms_r4.S)
target_link_libraries(weft_terms INTERFACE weft_terms_r4)
