add_custom_command(OUTPUT ${GEN}/topics_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_topics.py
            ${CMAKE_SOURCE_DIR}/spec/partners/topics.json ${GEN}/topics_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_topics.py ${CMAKE_SOURCE_DIR}/spec/partners/topics.json)
target_sources(weft_partners PRIVATE ${GEN}/topics_gen.h)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
target_link_libraries(weft_partners PUBLIC PkgConfig::CURL)
