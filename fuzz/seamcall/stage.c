// SPDX-License-Identifier: MIT
/*
 * The stages: each brought up once, and restored after each run.
 */
#include <stdlib.h>
#include <string.h>

#include "gen/leaves.h"
#include "migration.h"
#include "module/td.h"
#include "stage.h"

static void advance(struct seamless_machine *m, enum stage stage)
{
	if (stage >= STAGE_SYSTEM)
		bring_up_system(m);
	if (stage >= STAGE_TD)
		bring_up_td_with(m, stage == STAGE_MIGRATION ? TD_ATTR_MIGRATABLE : TD_ATTR_DEBUG,
				 0);
	if (stage >= STAGE_RUNNABLE)
		bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	if (stage == STAGE_MIGRATION)
		migration_begin(m);
	if (stage == STAGE_GUEST)
		bring_up_call(LEAF_TDH_VP_ENTER, TDVPR, 0, 0, 0);
}

static struct seamless_machine *make(enum stage stage)
{
	static const char more[] = "\nlps 4\ntsc start 1000000000 event 0x100000 read 1\n";
	struct seamless_config config = { .name = "fuzz", .guest = SEAMLESS_GUEST_SCRIPTED };
	struct seamless_machine *m;
	const char *text;
	char *all, err[300];
	size_t len;

	text = seamless_platform_text("default", &len);
	all = malloc(len + sizeof(more));
	if (!all)
		abort();
	memcpy(all, text, len);
	memcpy(all + len, more, sizeof(more));
	config.text = all;
	config.len = len + sizeof(more) - 1;
	m = seamless_create(&config, err, sizeof(err));
	free(all);
	if (!m || !seamless_lp_enter(m, 0))
		abort();
	advance(m, stage);
	seamless_lp_leave();
	return m;
}

/* A machine at its stage, to which each run returns: bringing one up takes longer than a run. */
static struct saved {
	struct seamless_machine *m;
	struct seamless_snapshot *snapshot;
} saved[STAGES];

static void save(enum stage stage)
{
	struct saved *s = &saved[stage];
	char err[300];
	size_t len;

	s->m = make(stage);
	s->snapshot = seamless_snapshot_take(s->m, err, sizeof(err));
	if (!s->snapshot || !seamless_snapshot_bytes(s->snapshot, &len))
		abort();
	stage_restore(stage);
}

void stages_make(void)
{
	for (unsigned i = 0; i < STAGES; i++)
		save((enum stage)i);
}

const struct seamless_snapshot *stage_snapshot(enum stage stage)
{
	return saved[stage].snapshot;
}

struct seamless_machine *stage_machine(enum stage stage)
{
	return saved[stage].m;
}

void stage_restore(enum stage stage)
{
	char err[300];

	if (!seamless_snapshot_restore(saved[stage].snapshot, saved[stage].m, err, sizeof(err)))
		abort();
}
