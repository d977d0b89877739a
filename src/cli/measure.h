/* SPDX-License-Identifier: MIT */
/*
 * `seamless measure`: what it was asked, what it found, and how that is told.
 */
#ifndef CLI_MEASURE_H
#define CLI_MEASURE_H

#include <stdbool.h>

#include "cli/measure_subject.h"
#include "formats/tdreport.h"

struct measure {
	bool wanted[MRTD_ORDERS];
	bool json;
	bool match_mrtd, match_rtmr; /* is it asked for, and is it known of `expected`? */
	struct tdinfo expected;
	struct measure_kernel kernel;
	struct measure_subject subject[MEASURE_MAX_FILES];
	size_t count;
};

/* As in --order. */
const char *measure_order_name(enum mrtd_order order);

/* Is there an image that gives what --match names? */
bool measure_matches(const struct measure *m);

void measure_print_text(const struct measure *m);

/* Returns an exit status. */
int measure_print_json(const struct measure *m);

#endif
