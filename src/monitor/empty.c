/* Placeholder until this room has its first verb. */
typedef int weft_monitor_empty;
