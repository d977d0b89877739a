// SPDX-License-Identifier: MIT
/*
 * Metadata lists as an import reads them, once their MAC was found right: the lists of a TD with a
 * handful of words changed. Whatever they then say, reading ends with a status, and what was
 * written can be read and run.
 */
#include <stdlib.h>
#include <string.h>

#include "gen/leaves.h"
#include "lib/machine_impl.h"
#include "module/md_list.h"
#include "module/state.h"
#include "stage.h"

#define PATCHES 16u
#define WORDS	(4096u / 8)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How each kind of list is made and read. */
static const struct kind {
	enum md_ctx ctx;
	enum md_reader exporter, importer;
} kinds[] = {
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

static void take(struct call *c, const struct kind *k, const uint8_t *data, size_t size)
{
	struct md_access a = { .c = c,
			       .ctx = k->ctx,
			       .reader = k->exporter,
			       .td = &c->td,
			       .vp = k->ctx == MD_VP ? &c->vp : NULL };
	uint64_t list[WORDS], next = MD_NONE, expected = MD_NONE, info[2];
	bool more = true;

	for (unsigned n = 0; more && n < 8; n++) {
		memset(list, 0, sizeof(list));
		a.reader = k->exporter;
		more = md_dump_list(&a, next, list, sizeof(list), &next) ==
		       TDX_METADATA_LIST_OVERFLOW;
		for (unsigned i = 0; i < PATCHES && size >= 11; i++, data += 11, size -= 11)
			patch(list, data);
		a.reader = k->importer;
		md_take_list(&a, expected, list, !more, &expected, info);
	}
	read_all(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seamless_machine *m = stage_machine(STAGE_RUNNABLE);
	struct seamless_regs guest = { 0 }, exit_regs = { 0 };
	struct seamless_vm_exit exit = { .reason = 1, .intr_info = 0x80000020 };
	struct cpu_regs regs = { 0 };
	struct call c = { .m = m->module, .lp = &m->module->lp[0], .regs = &regs };

	if (!size || !seamless_lp_enter(m, 0))
		return 0;
	td_load(c.m, TDR, &c.td);
	vcpu_load(c.m, TDVPR, &c.vp);
	take(&c, &kinds[data[0] % 4], data + 1, size - 1);
	guest.gpr[0] = LEAF_TDH_VP_ENTER;
	guest.gpr[1] = TDVPR;
	if (seamless_seamcall(&guest) == SEAMLESS_TO_GUEST)
		seamless_vm_exit(&exit, &exit_regs);
	seamless_lp_leave();
	return 0;
}
