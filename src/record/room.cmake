# The list of resource types that may name several patients, as a C table.
add_custom_command(OUTPUT ${GEN}/multi_patient_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_record.py
            ${CMAKE_SOURCE_DIR}/spec/record/multi-patient.csv ${GEN}/multi_patient_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_record.py ${CMAKE_SOURCE_DIR}/spec/record/multi-patient.csv)
target_sources(weft_record PRIVATE ${GEN}/multi_patient_gen.h)
