set(survey_spec ${CMAKE_SOURCE_DIR}/spec/survey)
file(GLOB survey_rows CONFIGURE_DEPENDS ${survey_spec}/*.csv)
add_custom_command(OUTPUT ${GEN}/survey_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_survey.py ${survey_spec} ${GEN}/survey_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_survey.py ${CMAKE_SOURCE_DIR}/tools/gen_say.py ${survey_rows})
target_sources(weft_survey PRIVATE ${GEN}/survey_gen.h)
