// SPDX-License-Identifier: MIT
/*
 * Bringing the machine up. A bring-up that does not work would make every run vacuous, so it
 * aborts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

#include "gen/leaves.h"
#include "lib/machine_impl.h"
#include "module/state.h"
#include "stage.h"

#define LPS	    4u
#define TDMR_INFO   SHARED_BASE
#define TDMR_LIST   (SHARED_BASE + 0x1000)
#define TD_PARAMS   (SHARED_BASE + 0x2000)
#define PAGE_SOURCE (SHARED_BASE + 0x3000)
#define TDCS_PAGES  6u
#define TDVPS_PAGES 5u
#define TDMR_CALLS  256u	/* TDH.SYS.TDMR.INIT until a gigabyte is done */
#define TOUCHED	    (64u << 20) /* bring-up stays below this address */

static uint64_t page(unsigned n)
{
	return PAGES_BASE + n * 4096ull;
}

static enum seamless_where call(uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8, uint64_t r9)
{
	struct seamless_regs regs = {
		.gpr = { [0] = leaf, [1] = rcx, [2] = rdx, [8] = r8, [9] = r9 }
	};
	enum seamless_where where = seamless_seamcall(&regs);
	char reason[500];

	if (where == SEAMLESS_TO_GUEST || !regs.gpr[0])
		return where;
	seamless_reason(reason, sizeof(reason));
	fprintf(stderr, "bring-up: leaf %u gives %llx: %s\n", (unsigned)leaf,
		(unsigned long long)regs.gpr[0], reason);
	abort();
}

/* One TDMR over the first gigabyte; its low 32 MiB, with PAMT and shared buffers, are reserved. */
static void write_tdmr(struct seamless_machine *m)
{
	const uint64_t info[10] = { 0,	    1ull << 30, 0x100000, 0x1000, 0x101000,
				    0x2000, 0x400000,	0x400000, 0,	  PAGES_BASE };
	const uint64_t list = TDMR_INFO;

	seamless_write(m, TDMR_INFO, info, sizeof(info));
	seamless_write(m, TDMR_LIST, &list, sizeof(list));
}

static void bring_up_system(struct seamless_machine *m)
{
	call(LEAF_TDH_SYS_INIT, 0, 0, 0, 0);
	for (unsigned lp = 0; lp < LPS; lp++) {
		seamless_lp_leave();
		seamless_lp_enter(m, lp);
		call(LEAF_TDH_SYS_LP_INIT, 0, 0, 0, 0);
	}
	seamless_lp_leave();
	seamless_lp_enter(m, 0);
	write_tdmr(m);
	call(LEAF_TDH_SYS_CONFIG, TDMR_LIST, 1, FIRST_HKID, 0);
	call(LEAF_TDH_SYS_KEY_CONFIG, 0, 0, 0, 0);
	for (unsigned i = 0; i < TDMR_CALLS; i++)
		call(LEAF_TDH_SYS_TDMR_INIT, 0, 0, 0, 0);
}

/* ATTRIBUTES.DEBUG, XFAM x87 and SSE, 4 vCPUs, 4-level EPT with write-back walks, TSC of 1.6 GHz.
 */
static void write_td_params(struct seamless_machine *m)
{
	uint8_t params[1024] = { [0] = 1, [8] = 3, [16] = 4, [24] = 0x1e, [40] = 0x40 };

	seamless_write(m, TD_PARAMS, params, sizeof(params));
}

static void build_td(struct seamless_machine *m)
{
	write_td_params(m);
	call(LEAF_TDH_MNG_CREATE, TDR, FIRST_HKID + 1, 0, 0);
	call(LEAF_TDH_MNG_KEY_CONFIG, TDR, 0, 0, 0);
	for (unsigned i = 0; i < TDCS_PAGES; i++)
		call(LEAF_TDH_MNG_ADDCX, page(1 + i), TDR, 0, 0);
	call(LEAF_TDH_MNG_INIT, TDR, TD_PARAMS, 0, 0);
	call(LEAF_TDH_VP_CREATE, TDVPR, TDR, 0, 0);
	for (unsigned i = 0; i < TDVPS_PAGES; i++)
		call(LEAF_TDH_VP_ADDCX, page(9 + i), TDVPR, 0, 0);
	call(LEAF_TDH_VP_INIT, TDVPR, 0, 0, 0);
	for (unsigned level = 3; level > 0; level--)
		call(LEAF_TDH_MEM_SEPT_ADD, level, TDR, page(16 + level), 0);
	call(LEAF_TDH_MEM_PAGE_ADD, GPA_PAGE, TDR, page(20), PAGE_SOURCE);
}

static void advance(struct seamless_machine *m, enum stage stage)
{
	if (stage >= STAGE_SYSTEM)
		bring_up_system(m);
	if (stage >= STAGE_TD)
		build_td(m);
	if (stage >= STAGE_RUNNABLE)
		call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	if (stage >= STAGE_GUEST)
		call(LEAF_TDH_VP_ENTER, TDVPR, 0, 0, 0);
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
