# api: the route table and the embedded web apps.
add_custom_command(OUTPUT ${GEN}/routes_gen.h ${GEN}/routes_gen.c
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_routes.py
            ${CMAKE_SOURCE_DIR}/spec/routes.csv ${CMAKE_SOURCE_DIR}/spec/route-params.csv ${GEN}/routes_gen.h ${GEN}/routes_gen.c
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_routes.py ${CMAKE_SOURCE_DIR}/spec/routes.csv
            ${CMAKE_SOURCE_DIR}/spec/route-params.csv)

# What refusals say in each language.
file(GLOB REFUSAL_ROWS ${CMAKE_SOURCE_DIR}/spec/words/refusals.csv ${CMAKE_SOURCE_DIR}/spec/rules/*.json
    ${CMAKE_SOURCE_DIR}/spec/rules/why.*.csv)
add_custom_command(OUTPUT ${GEN}/refusals_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_refusals.py
            ${CMAKE_SOURCE_DIR}/spec ${GEN}/refusals_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_refusals.py ${CMAKE_SOURCE_DIR}/tools/gen_say.py ${REFUSAL_ROWS})
target_sources(weft_api PRIVATE ${GEN}/refusals_gen.h)

# Evidence packs, files of patients and letters as PDF.
find_library(HPDF hpdf REQUIRED)
pkg_check_modules(FRIBIDI REQUIRED IMPORTED_TARGET fribidi)
target_link_libraries(weft_api PRIVATE ${HPDF} PkgConfig::FRIBIDI)

# web/dist is made by `npm run build` in web/; without it the table is empty and /console says so.
set(WEFT_UI_DIST ${CMAKE_SOURCE_DIR}/web/dist)
if(WEFT_UI)
    file(GLOB_RECURSE WEFT_UI_FILES CONFIGURE_DEPENDS ${WEFT_UI_DIST}/*)
endif()
add_custom_command(OUTPUT ${GEN}/ui_gen.c
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/embed_ui.py
            $<IF:$<BOOL:${WEFT_UI}>,${WEFT_UI_DIST},-> ${GEN}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/embed_ui.py ${WEFT_UI_FILES})
target_sources(weft_api PRIVATE ${GEN}/routes_gen.h ${GEN}/routes_gen.c ${GEN}/ui_gen.c)

# The style sheet of /docs, embedded as it is.
set_source_files_properties(src/api/docs.c PROPERTIES
    COMPILE_OPTIONS "-Wa,-I${CMAKE_SOURCE_DIR}/spec"
    OBJECT_DEPENDS ${CMAKE_SOURCE_DIR}/spec/docs.css)
# The examples of /docs/examples, too.
set_source_files_properties(src/api/docs_examples.c PROPERTIES
    COMPILE_OPTIONS "-Wa,-I${CMAKE_SOURCE_DIR}/spec"
    OBJECT_DEPENDS ${CMAKE_SOURCE_DIR}/spec/examples.txt)

# Figures for make bench, up to a nurse's console; not part of the tests.
add_executable(monitor_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/monitor_bench.c
    ${CMAKE_SOURCE_DIR}/bench/console.c)
target_include_directories(monitor_bench PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(monitor_bench PRIVATE weft_api)
