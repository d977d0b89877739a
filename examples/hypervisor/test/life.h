/* SPDX-License-Identifier: MIT */
/*
 * A TD's life under a fault, from its machine to its end, without cmocka: its thread may be any.
 */
#ifndef LIFE_H
#define LIFE_H

#include "world.h"

/* A TD that shares a part of a 2 MiB page and takes it back, from its machine to its end. */
struct life {
	const char *platform, *rule; /* of a fault; NULL: none */
	bool for_good;		     /* the fault does not pass: the TD is to fail, and no more */
	uint64_t happened;	     /* how often the fault did */
	char problem[500];	     /* what was not as it should be */
};

/* Keeps it, if it is the first; NULL is none. */
void life_complain(struct life *life, const char *problem);

/* In a world that is there already: to the end of its TD. */
void live_in(struct life *life, struct world *world);

/* With a machine of its own. A thread's function: takes a struct life, returns NULL. */
void *live(void *life);

#endif
