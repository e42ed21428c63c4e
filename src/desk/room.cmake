add_custom_command(OUTPUT ${GEN}/desk_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_desk.py
            ${CMAKE_SOURCE_DIR}/spec/desk/outcomes.csv ${GEN}/desk_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_desk.py ${CMAKE_SOURCE_DIR}/spec/desk/outcomes.csv)
target_sources(weft_desk PRIVATE ${GEN}/desk_gen.h)
