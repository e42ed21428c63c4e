add_custom_command(OUTPUT ${GEN}/monitor_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_monitor.py
            ${CMAKE_SOURCE_DIR}/spec/monitor/rules.json ${GEN}/monitor_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_monitor.py ${CMAKE_SOURCE_DIR}/spec/monitor/rules.json)
target_sources(weft_monitor PRIVATE ${GEN}/monitor_gen.h)
pkg_check_modules(MOSQUITTO REQUIRED IMPORTED_TARGET libmosquitto)
target_link_libraries(weft_monitor PUBLIC PkgConfig::MOSQUITTO)
# Figures for make bench; not part of the tests.
add_executable(monitor_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/monitor_bench.c)
target_link_libraries(monitor_bench PRIVATE weft_monitor)
