set(fleet_spec ${CMAKE_SOURCE_DIR}/spec/fleet)
file(GLOB fleet_rows CONFIGURE_DEPENDS ${fleet_spec}/*.csv ${fleet_spec}/*.json)
add_custom_command(OUTPUT ${GEN}/fleet_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_fleet.py ${fleet_spec} ${GEN}/fleet_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_fleet.py ${fleet_rows}
            ${CMAKE_SOURCE_DIR}/spec/monitor/rules.json)
target_sources(weft_fleet PRIVATE ${GEN}/fleet_gen.h)
pkg_check_modules(MOSQUITTO REQUIRED IMPORTED_TARGET libmosquitto)
target_link_libraries(weft_fleet PUBLIC PkgConfig::MOSQUITTO)
