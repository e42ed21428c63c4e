set(programme_spec ${CMAKE_SOURCE_DIR}/spec/programme)
file(GLOB programme_rows CONFIGURE_DEPENDS ${programme_spec}/*.csv)
add_custom_command(OUTPUT ${GEN}/programme_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_programme.py ${programme_spec} ${GEN}/programme_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_programme.py ${CMAKE_SOURCE_DIR}/tools/gen_survey.py
            ${CMAKE_SOURCE_DIR}/tools/gen_say.py ${programme_rows})
target_sources(weft_programme PRIVATE ${GEN}/programme_gen.h)
