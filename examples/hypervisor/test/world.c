// SPDX-License-Identifier: MIT
/*
 * Opening and closing what tests need. Failures are told on stderr with the module's own reason.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- beginning ---- */

static void report(void *opaque, const struct seamless_strict_report *report)
{
	struct world *world = opaque;

	if (world->problem[0])
		return;
	fputs(report->text, stderr);
	snprintf(world->problem, sizeof(world->problem), "strict memory reported %s at 0x%llx",
		 report->kind, (unsigned long long)report->pa);
}

/* The built-in platform, changed: of two lines that say the same thing the later one counts. */
static struct seamless_machine *make_machine(const char *changes)
{
	struct seamless_config config = { .name = "default", .guest = SEAMLESS_GUEST_SCRIPTED };
	const char *text = seamless_platform_text("default", &config.len);
	char changed[16384], err[200];
	struct seamless_machine *machine;

	if (changes) {
		config.len = (size_t)snprintf(changed, sizeof(changed), "%.*s%s", (int)config.len,
					      text, changes);
		config.name = "changed";
		config.text = changed;
	}
	machine = seamless_create(&config, err, sizeof(err));
	if (!machine)
		fprintf(stderr, "seamless: %s\n", err);
	return machine;
}

/* The last refusal of a call, which is why something failed. */
static void say_why(const char *what)
{
	char why[400];

	seamless_reason(why, sizeof(why));
	fprintf(stderr, "%s failed: %s\n", what, why);
}

static bool bring_up(struct world *world)
{
	if (hv_start(&world->hv)) {
		say_why("hv_start");
		return false;
	}
	world->pages = hv_count(&world->hv.pool);
	if (hv_create_td(&world->hv)) {
		say_why("hv_create_td");
		return false;
	}
	return true;
}

struct world *world_open(const char *platform)
{
	struct world *world = calloc(1, sizeof(*world));

	if (!world)
		return NULL;
	world->machine = make_machine(platform);
	if (!world->machine) {
		free(world);
		return NULL;
	}
	if (!seamless_strict_start(world->machine, report, world) ||
	    !seamless_lp_enter(world->machine, 0) || !bring_up(world)) {
		world_close(world);
		return NULL;
	}
	return world;
}

/* ---- */

enum hv_end world_run(struct world *world, void (*code)(void *opaque), void *opaque)
{
	return seamless_play(world->machine, 0, code, opaque) ? hv_run(&world->hv, 0) : HV_FAILED;
}

/* ---- end ---- */

/* No page of the pool is the module's, and all that there were are there. */
static bool all_back(struct world *world)
{
	const struct hv_pool *pool = &world->hv.pool;
	struct tdh_phymem_page_rdmd_out page;

	for (unsigned i = 0; i < pool->smalls; i++) {
		if (!tdx_status_ok(tdh_phymem_page_rdmd(tdx_hpa(pool->small[i]), &page)) ||
		    page.page_type != TDX_PT_NDA)
			return false;
	}
	return hv_count(pool) == world->pages;
}

static void keep(void *opaque, const struct seamless_finding *finding)
{
	struct world *world = opaque;

	snprintf(world->problem, sizeof(world->problem), "%s: %s", finding->rule, finding->text);
}

const char *world_end(struct world *world)
{
	if (world->problem[0])
		return world->problem;
	if (hv_destroy_td(&world->hv)) {
		say_why("hv_destroy_td");
		return "the TD could not be taken apart";
	}
	if (!all_back(world))
		return "a page is lost, or still the module's";
	seamless_check(world->machine, keep, world);
	return world->problem[0] ? world->problem : NULL;
}

void world_close(struct world *world)
{
	if (!world)
		return;
	seamless_lp_leave();
	seamless_strict_stop(world->machine);
	seamless_destroy(world->machine);
	pthread_mutex_destroy(&world->hv.lock);
	free(world);
}
