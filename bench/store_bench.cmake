# The store beside bare SQLite; run by `make bench`.
add_executable(store_bench ${CMAKE_SOURCE_DIR}/bench/store_bench.c)
target_link_libraries(store_bench PRIVATE weft_store)
