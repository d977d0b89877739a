/* SPDX-License-Identifier: MIT */
/*
 * A machine on which the calls of the model are made, and what the host, the guest and the checker
 * of the library then see of it.
 */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

#include "model.h"
#include "seamless/seamless.h"

struct world {
	struct seamless_machine *machine;
	uint64_t steps; /* gives each entry a RIP of its own */
	struct seamless_regs guest[TDS];
	struct evp_md_ctx_st *mrtd[TDS]; /* hash under way, by the specification's words */
	uint8_t final[TDS][48];
	char why[600]; /* of the first difference */
};

/* Brought up to the point where TDs can be made. False: w->why. */
bool world_open(struct world *w);
void world_close(struct world *w);

/* Makes the call. @m: as before it. */
enum outcome world_do(struct world *w, const struct model *m, const struct op *op);
/* After a call that ended as predicted: what only this side has to remember, and can ask at once.
 */
bool world_note(struct world *w, const struct model *m, const struct op *op);
/* Whether all that can be seen is as the model says. */
bool world_compare(struct world *w, const struct model *m);
/* Whether the library's checker finds nothing. */
bool world_check(struct world *w);

#endif
