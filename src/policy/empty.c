/* Placeholder until this room has its first verb. */
typedef int weft_policy_empty;
