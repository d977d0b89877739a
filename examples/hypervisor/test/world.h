/* SPDX-License-Identifier: MIT */
/*
 * What each test needs: a machine, watched for mistakes with memory, the hypervisor on it, and a
 * TD.
 */
#ifndef WORLD_H
#define WORLD_H

#include <seamless/seamless.h>

#include "hv.h"

struct world {
	struct seamless_machine *machine;
	struct hv hv;
	unsigned pages; /* of the hypervisor's pool, before there was a TD */
	char problem[400];
};

/*
 * A machine of this platform (NULL: the built-in "default"; otherwise lines that change it) with a
 * TD that can run. The calling thread is processor 0 from then on. NULL: why is on stderr.
 */
struct world *world_open(const char *platform);
void world_close(struct world *world);

/* Runs vCPU 0 with this code as its guest. */
enum hv_end world_run(struct world *world, void (*code)(void *opaque), void *opaque);

/*
 * Takes the TD apart and looks whether anything is left of it, and whether anything was done wrong
 * with memory in all that time. NULL: no; else what.
 */
const char *world_end(struct world *world);

#endif
