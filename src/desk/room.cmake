set(DESK_ROWS ${CMAKE_SOURCE_DIR}/spec/desk/outcomes.csv ${CMAKE_SOURCE_DIR}/spec/desk/looks.csv
    ${CMAKE_SOURCE_DIR}/spec/desk/clocks.csv ${CMAKE_SOURCE_DIR}/spec/desk/breach-words.csv
    ${CMAKE_SOURCE_DIR}/spec/desk/states.csv)
add_custom_command(OUTPUT ${GEN}/desk_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_desk.py ${DESK_ROWS} ${GEN}/desk_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_desk.py ${DESK_ROWS})
target_sources(weft_desk PRIVATE ${GEN}/desk_gen.h)

set(rights_spec ${CMAKE_SOURCE_DIR}/spec/desk/rights.csv ${CMAKE_SOURCE_DIR}/spec/desk/places.csv
    ${CMAKE_SOURCE_DIR}/spec/desk/rights-words.csv)
add_custom_command(OUTPUT ${GEN}/rights_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_rights.py
            ${CMAKE_SOURCE_DIR}/spec/desk ${GEN}/rights_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_rights.py ${rights_spec})
target_sources(weft_desk PRIVATE ${GEN}/rights_gen.h)

set(case_words ${CMAKE_SOURCE_DIR}/spec/desk/case-words.csv)
add_custom_command(OUTPUT ${GEN}/say_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_say.py ${case_words} ${GEN}/say_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_say.py ${case_words})
target_sources(weft_desk PRIVATE ${GEN}/say_gen.h)

set(chain_spec ${CMAKE_SOURCE_DIR}/spec/desk/hours.csv ${CMAKE_SOURCE_DIR}/spec/desk/chain.csv)
add_custom_command(OUTPUT ${GEN}/chain_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_chain.py ${chain_spec} ${GEN}/chain_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_chain.py ${chain_spec}
            ${CMAKE_SOURCE_DIR}/spec/rules/dev.json)
target_sources(weft_desk PRIVATE ${GEN}/chain_gen.h)

set(emergency_rows ${CMAKE_SOURCE_DIR}/spec/desk/emergency.csv)
add_custom_command(OUTPUT ${GEN}/emergency_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_emergency.py ${emergency_rows} ${GEN}/emergency_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_emergency.py ${emergency_rows})
target_sources(weft_desk PRIVATE ${GEN}/emergency_gen.h)
