/* SPDX-License-Identifier: MIT */
/* A call made with other operands, and what is to be said about the answers. */
#ifndef CONFORMANCE_PROBE_H
#define CONFORMANCE_PROBE_H

#include "mutation.h"

#define ERROR_BIT    (1ull << 63)
#define SENTENCE_LEN 320
#define PAIRS	     4096

struct answer {
	bool made, same_side;
	uint64_t status;
	char sentence[SENTENCE_LEN];
};

struct pair {
	unsigned side, leaf;
	uint64_t status;
	unsigned calls; /* in this file */
	bool judged;
};

struct prober {
	uint64_t seed;
	const char *file;
	struct mutation_pool pool;
	struct answer *answer; /* shared with the copies; [0]: the call as it is */
	struct mutation list[MUTATIONS_MAX];
	struct pair pair[PAIRS];
	unsigned pairs;
	unsigned long calls, refusals, judged, wrong;
};

/* The count of a leaf and a status; NULL: too many. */
struct pair *pair_of(struct prober *p, const struct transcript_event *e, uint64_t status);

/* Makes the call as it is and with each mutation of the list, on copies of the machine. False: a
 * copy crashed. */
bool probe_call(struct prober *p, struct seamless_machine *m, const struct transcript_event *e,
		const struct seamless_regs *in, unsigned count);

/* Judges the answers, and prints what is wrong. */
void judge_answers(struct prober *p, const struct transcript_event *e, unsigned count);

#endif
