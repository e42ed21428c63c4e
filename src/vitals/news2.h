/* National Early Warning Score 2, exact (Royal College of Physicians, NEWS2, December 2017, chart
 * 1; reproduced with acknowledgement). A parameter that was not measured is never filled in: the
 * score is then partial, a lower bound, and says what is missing. Pure. */
#ifndef WEFT_VITALS_NEWS2_H
#define WEFT_VITALS_NEWS2_H

#include <math.h>
#include <stdbool.h>

enum news2_part {
    NEWS2_RESPIRATION, /* breaths a minute */
    NEWS2_SPO2,        /* % */
    NEWS2_OXYGEN,      /* 0 air, more: supplemental oxygen */
    NEWS2_SYSTOLIC,    /* mmHg */
    NEWS2_PULSE,       /* a minute */
    NEWS2_CONSCIOUS,   /* 0 alert; more: new confusion, or responds to voice, pain, or not */
    NEWS2_TEMPERATURE, /* degrees Celsius */
    NEWS2_PARTS
};
/* Chart 2 of the RCP: what the total asks for. */
enum news2_risk { NEWS2_LOW, NEWS2_LOW_MEDIUM, NEWS2_MEDIUM, NEWS2_HIGH };

struct news2 {
    int total;             /* of what was measured: a lower bound when something is missing */
    int part[NEWS2_PARTS]; /* 0 … 3, -1 missing */
    int measured;          /* of NEWS2_PARTS */
    bool red;              /* one parameter alone scores 3 */
    enum news2_risk risk;
};

/* value: NAN is missing. scale: 1, or 2 for patients whose target is 88 to 92 % by a clinician's
 * decision (hypercapnic failure). On scale 2 a saturation of 93 or more cannot be scored without
 * knowing whether oxygen is given: it is missing then. Values are read at the chart's own
 * resolution: whole numbers, temperature to 0.1. */
struct news2 news2_of(const double value[NEWS2_PARTS], int scale);

#endif
