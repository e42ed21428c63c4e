target_link_libraries(weft_vitals PUBLIC m)
