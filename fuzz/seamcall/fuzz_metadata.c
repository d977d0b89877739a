// SPDX-License-Identifier: MIT
/*
 * Metadata lists as an import reads them, once their MAC was found right: the lists of a TD with a
 * handful of words changed. Whatever they then say, reading ends with a status, and what was
 * written can be read and run.
 */
#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"
#include "gen/leaves.h"
#include "lib/machine_impl.h"
#include "module/md_list.h"
#include "module/state.h"
#include "stage.h"

#define PATCHES 16u
#define LISTS	8u
#define KINDS	4u
#define WORDS	(4096u / 8)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How each kind of list is made and read. */
static const struct kind {
	enum md_ctx ctx;
	enum md_reader exporter, importer;
} kinds[KINDS] = {
	{ MD_SYS, MD_EXPORT_IMMUTABLE, MD_IMPORT_IMMUTABLE },
	{ MD_TD, MD_EXPORT_IMMUTABLE, MD_IMPORT_IMMUTABLE },
	{ MD_TD, MD_EXPORT_MUTABLE, MD_IMPORT_MUTABLE },
	{ MD_VP, MD_EXPORT_MUTABLE, MD_IMPORT_MUTABLE },
};

/* One word of the list: replaced, or single bits of it turned. 11 bytes of input each. */
static void patch(uint64_t list[WORDS], const uint8_t *p)
{
	unsigned at = (p[0] | p[1] << 8) % WORDS;
	uint64_t value;

	memcpy(&value, p + 3, sizeof(value));
	if (p[2] & 1)
		list[at] = value;
	else
		list[at] ^= 1ull << (value & 63);
	/* reading bounds the list by its page, as the leaf does before */
	if ((list[0] & 0xffff) > sizeof(uint64_t) * WORDS)
		list[0] = (list[0] & ~0xffffull) | sizeof(uint64_t) * WORDS;
}

static void read_all(struct md_access a)
{
	uint64_t list[WORDS], next = MD_NONE;

	a.reader = MD_BY_HOST;
	while (md_dump_list(&a, next, list, sizeof(list), &next) == TDX_METADATA_LIST_OVERFLOW)
		;
}

/* The lists as the untouched machine exports them. */
static struct lists {
	unsigned count;
	uint64_t list[LISTS][WORDS];
} exported[KINDS];

static struct md_access access_to(struct call *c, const struct kind *k, enum md_reader reader)
{
	return (struct md_access){ .c = c,
				   .ctx = k->ctx,
				   .reader = reader,
				   .td = &c->td,
				   .vp = k->ctx == MD_VP ? &c->vp : NULL };
}

/* Reading everything is most of a run, so every second kind of input does it. */
static void take(struct call *c, const struct kind *k, bool read, const uint8_t *data, size_t size)
{
	const struct lists *from = &exported[k - kinds];
	const struct md_access a = access_to(c, k, k->importer);
	uint64_t list[WORDS], expected = MD_NONE, info[2];

	for (unsigned n = 0; n < from->count; n++) {
		memcpy(list, from->list[n], sizeof(list));
		for (unsigned i = 0; i < PATCHES && size >= 11; i++, data += 11, size -= 11)
			patch(list, data);
		md_take_list(&a, expected, list, n + 1 == from->count, &expected, info);
	}
	if (read)
		read_all(a);
}

static struct call call_of(struct seamless_machine *m, struct cpu_regs *regs)
{
	struct call c = { .m = m->module, .lp = &m->module->lp[0], .regs = regs };

	td_load(c.m, TDR, &c.td);
	vcpu_load(c.m, TDVPR, &c.vp);
	return c;
}

static void export(struct call *c, const struct kind *k, struct lists *to)
{
	const struct md_access a = access_to(c, k, k->exporter);
	uint64_t next = MD_NONE;

	do
		HOLDS(to->count < LISTS);
	while (md_dump_list(&a, next, to->list[to->count++], sizeof(*to->list), &next) ==
	       TDX_METADATA_LIST_OVERFLOW);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct cpu_regs regs = { 0 };
	struct call c;

	(void)argc;
	(void)argv;
	stages_make();
	c = call_of(stage_machine(STAGE_RUNNABLE), &regs);
	for (unsigned i = 0; i < KINDS; i++)
		export(&c, &kinds[i], &exported[i]);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seamless_machine *m = stage_machine(STAGE_RUNNABLE);
	struct seamless_regs guest = { .gpr = { LEAF_TDH_VP_ENTER, TDVPR } }, exit_regs = { 0 };
	struct seamless_vm_exit exit = { .reason = 1, .intr_info = 0x80000020 };
	struct cpu_regs regs = { 0 };
	struct call c = call_of(m, &regs);

	if (!size || !seamless_lp_enter(m, 0))
		return 0;
	take(&c, &kinds[data[0] % KINDS], data[0] & 4, data + 1, size - 1);
	if (seamless_seamcall(&guest) == SEAMLESS_TO_GUEST)
		seamless_vm_exit(&exit, &exit_regs);
	seamless_lp_leave();
	stage_restore(STAGE_RUNNABLE);
	return 0;
}
