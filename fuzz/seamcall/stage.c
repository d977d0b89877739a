// SPDX-License-Identifier: MIT
/*
 * The stages: each brought up once, and restored for each run.
 */
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

#include "gen/leaves.h"
#include "lib/machine_impl.h"
#include "migration.h"
#include "module/state.h"
#include "stage.h"

#define LPS	4u
#define TOUCHED (64u << 20) /* bring-up stays below this address */

static void advance(struct seamless_machine *m, enum stage stage)
{
	if (stage >= STAGE_SYSTEM)
		bring_up_system(m);
	if (stage >= STAGE_TD)
		bring_up_td_with(m, stage == STAGE_MIGRATION ? TD_ATTR_MIGRATABLE : TD_ATTR_DEBUG, 0);
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
	struct platform platform;
	struct module module;
	struct lp_msrs msrs[LPS];
	int memory, keys; /* files that hold what was in memory */
} saved[STAGES];

static int save_memory(const void *from, size_t touched, size_t size)
{
	static const uint8_t zero[4096];
	const uint8_t *bytes = from;
	int file = memfd_create("stage", 0);

	if (file < 0 || ftruncate(file, (off_t)size))
		abort();
	for (size_t at = 0; at < touched; at += sizeof(zero)) {
		if (memcmp(bytes + at, zero, sizeof(zero)) &&
		    pwrite(file, bytes + at, sizeof(zero), (off_t)at) != sizeof(zero))
			abort();
	}
	return file;
}

static void restore_memory(void *to, size_t size, int file)
{
	if (mmap(to, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file,
		 0) == MAP_FAILED)
		abort();
}

static size_t keys_size(const struct platform *p)
{
	return p->mem.size / MEM_PAGE * sizeof(uint16_t);
}

static void save(struct saved *s, enum stage stage)
{
	struct platform *p;

	s->m = make(stage);
	p = s->m->platform;
	s->platform = *p;
	s->module = *s->m->module;
	memcpy(s->msrs, p->msrs, sizeof(s->msrs));
	s->memory = save_memory(p->mem.base, TOUCHED, p->mem.size);
	s->keys = save_memory((const void *)p->mem.keys, keys_size(p), keys_size(p));
}

struct seamless_machine *stage_machine(enum stage stage)
{
	struct saved *s = &saved[stage];
	struct platform *p;

	if (!s->m)
		save(s, stage);
	p = s->m->platform;
	restore_memory(p->mem.base, p->mem.size, s->memory);
	restore_memory((void *)p->mem.keys, keys_size(p), s->keys);
	memcpy(p->msrs, s->msrs, sizeof(s->msrs));
	*p = s->platform;
	*s->m->module = s->module;
	return s->m;
}
