/* SPDX-License-Identifier: MIT */
/* Other values for the operands of a call: registers, and what they point to. */
#ifndef CONFORMANCE_MUTATION_H
#define CONFORMANCE_MUTATION_H

#include "replay/transcript.h"
#include "seamless/seamless.h"

#define MUTATIONS_MAX 2048
#define POOL_MAX      64

struct mutation {
	bool memory, private; /* private: the guest's */
	unsigned reg;	      /* the operand, or where its memory was found */
	uint64_t pa;	      /* memory: of eight bytes */
	unsigned offset;      /* memory: within what the register points to */
	uint64_t before, now;
};

/* Values that a register had in earlier calls of a transcript. */
struct mutation_pool {
	unsigned count[16];
	uint64_t value[16][POOL_MAX];
};

void mutation_remember(struct mutation_pool *pool, const struct seamless_regs *regs);

/* Mutations of a call, chosen by *seed, which moves on. The result is their number. */
unsigned mutation_list(struct seamless_machine *m, const struct transcript_event *e,
		       const struct seamless_regs *in, const struct mutation_pool *pool,
		       uint64_t *seed, struct mutation list[MUTATIONS_MAX]);

/* Puts the new value, or the old one, into registers or memory. */
void mutation_apply(struct seamless_machine *m, const struct mutation *u, bool back,
		    struct seamless_regs *regs);

/* Whether a refusal of this call can leave traces: those of the migration leaves do. */
bool mutation_may_stay(const struct transcript_event *e);

uint64_t mutation_random(uint64_t *seed);

#endif
