# rules: the sentences that change a rule are data.
add_custom_command(OUTPUT ${GEN}/sentences_gen.h ${GEN}/words_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_sentences.py ${CMAKE_SOURCE_DIR}/spec ${GEN}
    DEPENDS ${policy_spec} ${CMAKE_SOURCE_DIR}/tools/gen_sentences.py
            ${CMAKE_SOURCE_DIR}/tools/access_table.py)
target_sources(weft_rules PRIVATE ${GEN}/sentences_gen.h ${GEN}/words_gen.h)
