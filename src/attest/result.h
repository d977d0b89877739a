/* SPDX-License-Identifier: MIT */
/*
 * What a verification found: one link per thing compared, in the order of the chain of trust.
 */
#ifndef ATTEST_RESULT_H
#define ATTEST_RESULT_H

#include <stdbool.h>
#include <stddef.h>

enum attest_verdict {
	ATTEST_HOLDS,	    /* compared, and it is so */
	ATTEST_FAILS,	    /* compared, and it is not so */
	ATTEST_NOT_CHECKED, /* what it takes was not supplied, or nobody outside the CPU has it */
	ATTEST_NOTE,	    /* worth knowing; no claim that could fail */
};

struct attest_link {
	enum attest_verdict verdict;
	char name[40];	/* what is linked: "QE report binding" */
	char text[320]; /* what was compared with what, and what was seen */
};

#define ATTEST_MAX_LINKS 64

struct attest_links {
	size_t count;
	struct attest_link link[ATTEST_MAX_LINKS];
};

/*
 * Adds a link. A result that is full turns its last link into a failure, so that none is lost in
 * silence.
 */
void attest_add(struct attest_links *links, enum attest_verdict verdict, const char *name,
		const char *text, ...) __attribute__((format(printf, 4, 5)));

/* The same, for a comparison that came out as `holds`. Returns `holds`. */
bool attest_check(struct attest_links *links, bool holds, const char *name, const char *text, ...)
	__attribute__((format(printf, 4, 5)));

/* How many links have this verdict. The whole holds when none fails. */
size_t attest_count(const struct attest_links *links, enum attest_verdict verdict);

/* "holds", "FAILS", "not checked", "note" */
const char *attest_verdict_name(enum attest_verdict verdict);

#endif
