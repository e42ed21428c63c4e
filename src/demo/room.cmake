add_custom_command(OUTPUT ${GEN}/demo_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_demo.py
            ${CMAKE_SOURCE_DIR}/spec/demo/people.json ${GEN}/demo_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_demo.py ${CMAKE_SOURCE_DIR}/spec/demo/people.json)
target_sources(weft_demo PRIVATE ${GEN}/demo_gen.h)
pkg_check_modules(MOSQUITTO REQUIRED IMPORTED_TARGET libmosquitto)
target_link_libraries(weft_demo PUBLIC PkgConfig::MOSQUITTO)
