set(campaign_spec ${CMAKE_SOURCE_DIR}/spec/campaign)
file(GLOB campaign_rows CONFIGURE_DEPENDS ${campaign_spec}/*.csv ${campaign_spec}/journeys/*.json)
add_custom_command(OUTPUT ${GEN}/campaign_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_campaign.py
            ${campaign_spec} ${GEN}/campaign_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_campaign.py ${campaign_rows})
target_sources(weft_campaign PRIVATE ${GEN}/campaign_gen.h)
add_custom_command(OUTPUT ${GEN}/audience_gen.h
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/gen_audience.py
            ${campaign_spec} ${GEN}/audience_gen.h
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/gen_audience.py ${campaign_spec}/chips.csv ${campaign_spec}/left-out.csv
            ${campaign_spec}/lint.csv ${campaign_spec}/plain-words.csv ${campaign_spec}/identifying.csv)
target_sources(weft_campaign PRIVATE ${GEN}/audience_gen.h)
# Figures for make bench; not part of the tests.
add_executable(campaign_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/campaign_bench.c)
target_link_libraries(campaign_bench PRIVATE weft_campaign)
add_executable(audience_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/audience_bench.c
    ${CMAKE_SOURCE_DIR}/bench/crowd.c)
target_link_libraries(audience_bench PRIVATE weft_campaign)
set_target_properties(audience_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
