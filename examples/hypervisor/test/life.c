// SPDX-License-Identifier: MIT
/*
 * Each thing that can go wrong is looked at, and the first that did is kept.
 */
#include "life.h"

#include <stdio.h>

#include "sharing.h"

void life_complain(struct life *life, const char *problem)
{
	if (problem && !life->problem[0])
		snprintf(life->problem, sizeof(life->problem), "%s: %s",
			 life->rule ? life->rule : "no fault", problem);
}

static struct seamless_fault *inject(struct life *life, struct world *world)
{
	char err[300];
	struct seamless_fault *fault;

	if (!life->rule)
		return NULL;
	fault = seamless_fault_add(world->machine, life->rule, err, sizeof(err));
	life_complain(life, fault ? NULL : err);
	return fault;
}

static void end_fault(struct life *life, struct world *world, struct seamless_fault *fault)
{
	if (fault)
		life->happened = seamless_fault_happened(world->machine, fault);
	seamless_fault_clear(world->machine);
}

void live_in(struct life *life, struct world *world)
{
	struct seamless_fault *fault = inject(life, world);
	struct sharing s = part_of_large(world);

	if (world_run(world, share_and_take_back, &s) == HV_HALTED)
		life_complain(life, life->for_good ? "the TD went on" : sharing_wrong(&s));
	else
		life_complain(life, life->for_good ? NULL : "the TD failed");
	if (life->for_good)
		end_fault(life, world, fault);
	life_complain(life, world_end(world));
	if (!life->for_good)
		end_fault(life, world, fault);
}

void *live(void *opaque)
{
	struct life *life = opaque;
	struct world *world = world_open(life->platform);

	if (world)
		live_in(life, world);
	else
		life_complain(life, "no machine, or no TD");
	world_close(world);
	return NULL;
}
