# The list of resource types that may name several patients, as a C table.
add_custom_command(OUTPUT ${GEN}/multi_patient_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_record.py
            ${CMAKE_SOURCE_DIR}/spec/record/multi-patient.csv ${GEN}/multi_patient_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_record.py ${CMAKE_SOURCE_DIR}/spec/record/multi-patient.csv)
target_sources(weft_record PRIVATE ${GEN}/multi_patient_gen.h)
# What the store marks of a type's resources, as a C table.
add_custom_command(OUTPUT ${GEN}/marks_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_record.py
            ${CMAKE_SOURCE_DIR}/spec/record/marks.csv ${GEN}/marks_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_record.py ${CMAKE_SOURCE_DIR}/spec/record/marks.csv)
target_sources(weft_record PRIVATE ${GEN}/marks_gen.h)

# The record without HTTP; run by `make bench`.
add_executable(record_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/record_bench.c)
target_link_libraries(record_bench PRIVATE weft_record)
add_executable(operations_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/operations_bench.c)
target_link_libraries(operations_bench PRIVATE weft_record)
add_executable(trail_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/trail_bench.c)
target_link_libraries(trail_bench PRIVATE weft_record)
# The weights of Patient/$match and the short forms of names.
add_custom_command(OUTPUT ${GEN}/match_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_match.py
            ${CMAKE_SOURCE_DIR}/spec/record/match.csv ${CMAKE_SOURCE_DIR}/spec/record/nicknames.csv
            ${GEN}/match_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_match.py ${CMAKE_SOURCE_DIR}/spec/record/match.csv
            ${CMAKE_SOURCE_DIR}/spec/record/nicknames.csv)
target_sources(weft_record PRIVATE ${GEN}/match_gen.h)
