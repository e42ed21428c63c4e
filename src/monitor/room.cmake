add_custom_command(OUTPUT ${GEN}/monitor_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_monitor.py
            ${CMAKE_SOURCE_DIR}/spec/monitor/rules.json ${GEN}/monitor_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_monitor.py ${CMAKE_SOURCE_DIR}/spec/monitor/rules.json)
target_sources(weft_monitor PRIVATE ${GEN}/monitor_gen.h)
pkg_check_modules(MOSQUITTO REQUIRED IMPORTED_TARGET libmosquitto)
target_link_libraries(weft_monitor PUBLIC PkgConfig::MOSQUITTO)
add_custom_command(OUTPUT ${GEN}/omh_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_omh.py
            ${CMAKE_SOURCE_DIR}/spec/omh ${GEN}/omh_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_omh.py ${CMAKE_SOURCE_DIR}/spec/omh/schemas.jsonl
            ${CMAKE_SOURCE_DIR}/spec/omh/codes.csv ${CMAKE_SOURCE_DIR}/spec/omh/units.csv)
target_sources(weft_monitor PRIVATE ${GEN}/omh_gen.h)
add_custom_command(OUTPUT ${GEN}/mdc_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_mdc.py
            ${CMAKE_SOURCE_DIR}/spec/monitor/mdc.csv ${GEN}/mdc_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_mdc.py ${CMAKE_SOURCE_DIR}/spec/monitor/mdc.csv)
target_sources(weft_monitor PRIVATE ${GEN}/mdc_gen.h)
