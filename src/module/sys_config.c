// SPDX-License-Identifier: MIT
/*
 * TDH.SYS.CONFIG: the memory that TDs may use, where its PAMT goes, and the module's own key.
 */
#include "gen/checks.h"
#include "module/keyid.h"
#include "module/state.h"
#include "platform/platform.h"

#include <string.h>

#define TDMR_INFO_BYTES 512u
#define GIB PAGE_SIZE_OF(PAGE_SIZE_1G)

struct tdmr_info {
	uint64_t base, size;
	struct { uint64_t base, size; } pamt[NUM_PAGE_SIZES]; /* 1G, 2M, 4K */
	struct { uint64_t offset, size; } rsvd[MAX_RSVD_AREAS];
};

struct range {
	uint64_t base, size;
};

static bool overlap(struct range a, struct range b)
{
	return a.base < b.base + b.size && b.base < a.base + a.size;
}

/* A range whose end neither wraps nor reaches into the key id bits. */
static bool plain_range(struct call *c, uint64_t base, uint64_t size)
{
	return base + size >= base && !(base >> c->m->hkid_shift) && (base + size - 1) >> c->m->hkid_shift == 0;
}

/* Reads TDMR_INFO @i once: what is checked is what is used. */
static uint64_t read_info(struct call *c, unsigned i, struct tdmr_info *info)
{
	uint64_t pa = 0, st;
	const void *from = shared_in(c, c->in[GPR_RCX] + i * sizeof(pa), sizeof(pa), &pa);

	if (from)
		memmove(&pa, from, sizeof(pa));
	st = check_shared(c, GPR_RCX, pa, TDMR_INFO_BYTES);
	if (st)
		return st;
	from = shared_in(c, pa, sizeof(*info), info);
	if (!from)
		return fail(c, TDX_OPERAND_INVALID | GPR_RCX, "there is no memory at %x (TDMR_INFO %u)", pa, i);
	memmove(info, from, sizeof(*info));
	return TDX_SUCCESS;
}

static uint64_t check_tdmr_range(struct call *c, unsigned i, const struct tdmr_info *info)
{
	const struct tdmr *prev = i ? &c->m->tdmr[i - 1] : NULL;

	if (prev && info->base + info->size >= info->base && info->base < prev->base + prev->size)
		return fail(c, TDX_NON_ORDERED_TDMR | i, "TDMR %u at %x starts before the end of the one before, %x", i,
			    info->base, prev->base + prev->size);
	if (info->base % GIB || info->size % GIB || !info->size || !plain_range(c, info->base, info->size))
		return fail(c, TDX_INVALID_TDMR | i,
			    "TDMR %u at %x of %x bytes: both must be multiples of 1 GiB without key id bits", i,
			    info->base, info->size);
	return TDX_SUCCESS;
}

static uint64_t check_reserved(struct call *c, unsigned i, const struct tdmr_info *info, struct tdmr *t)
{
	uint64_t end = 0;
	bool ended = false;

	for (unsigned j = 0; j < MAX_RSVD_AREAS; j++) {
		uint64_t offset = info->rsvd[j].offset, size = info->rsvd[j].size;

		if (!size) {
			ended = true;
			continue;
		}
		if (ended)
			return fail(c, TDX_NON_ORDERED_RESERVED_IN_TDMR | i | (j - 1) << 8,
				    "TDMR %u: reserved area %u follows an empty one", i, j);
		if (offset + size >= offset && offset < end)
			return fail(c, TDX_NON_ORDERED_RESERVED_IN_TDMR | i | j << 8,
				    "TDMR %u: reserved area %u at offset %x starts before %x, the end of the one before",
				    i, j, offset, end);
		if ((offset | size) % PAGE_BYTES || offset + size < offset || offset + size > info->size)
			return fail(c, TDX_INVALID_RESERVED_IN_TDMR | i | j << 8,
				    "TDMR %u: reserved area %u at offset %x of %x bytes is unaligned or outside", i, j,
				    offset, size);
		end = offset + size;
		t->rsvd[j].offset = offset;
		t->rsvd[j].size = size;
		t->num_rsvd = j + 1;
	}
	return TDX_SUCCESS;
}

static uint64_t check_pamt_sizes(struct call *c, unsigned i, const struct tdmr_info *info, struct tdmr *t)
{
	for (int size = PAGE_SIZE_1G; size >= PAGE_SIZE_4K; size--) {
		uint64_t base = info->pamt[PAGE_SIZE_1G - size].base, have = info->pamt[PAGE_SIZE_1G - size].size;
		uint64_t need = info->size / PAGE_SIZE_OF(size) * sizeof(struct pamt_entry);

		if ((base | have) % PAGE_BYTES || !plain_range(c, base, have) || have < need)
			return fail(c, TDX_INVALID_PAMT | i | (unsigned)size << 8,
				    "TDMR %u: the PAMT at %x of %x bytes is unaligned or smaller than %x", i, base, have,
				    need);
		t->pamt_base[size] = base;
		t->pamt_size[size] = have;
	}
	return TDX_SUCCESS;
}

static struct range pamt_range(const struct tdmr *t, int size)
{
	return (struct range){ t->pamt_base[size], t->pamt_size[size] };
}

/* Whether any page of @r is usable memory of the TDMR, that is not in a reserved area. */
static bool overlaps_tdmr(struct range r, const struct tdmr *t)
{
	uint64_t at = t->base;

	for (unsigned j = 0; j <= t->num_rsvd; j++) {
		uint64_t hole = j < t->num_rsvd ? t->base + t->rsvd[j].offset : t->base + t->size;

		if (hole > at && overlap(r, (struct range){ at, hole - at }))
			return true;
		at = hole + (j < t->num_rsvd ? t->rsvd[j].size : 0);
	}
	return false;
}

/* @with: the memory or the PAMT of TDMR @j that the PAMT overlaps. */
static uint64_t pamt_overlap(struct call *c, unsigned i, int size, unsigned j, struct range with)
{
	return fail(c, TDX_PAMT_OVERLAP | i | (unsigned)size << 8 | j << 16,
		    "the PAMT of %x bytes at %x overlaps the %x bytes at %x that are memory or a PAMT of a TDMR",
		    c->m->tdmr[i].pamt_size[size], c->m->tdmr[i].pamt_base[size], with.size, with.base);
}

/* PAMTs of @i against the memory of @j. */
static uint64_t check_pamt_in_tdmr(struct call *c, unsigned i, unsigned j)
{
	for (int size = PAGE_SIZE_4K; size <= PAGE_SIZE_1G; size++) {
		const struct tdmr *t = &c->m->tdmr[j];

		if (overlaps_tdmr(pamt_range(&c->m->tdmr[i], size), t))
			return pamt_overlap(c, i, size, j, (struct range){ t->base, t->size });
	}
	return TDX_SUCCESS;
}

/* PAMTs of @i against those of @j, or against each other. */
static uint64_t check_pamt_in_pamt(struct call *c, unsigned i, unsigned j)
{
	for (int size = PAGE_SIZE_4K; size <= PAGE_SIZE_1G; size++) {
		for (int other = i == j ? size + 1 : PAGE_SIZE_4K; other <= PAGE_SIZE_1G; other++) {
			struct range with = pamt_range(&c->m->tdmr[j], other);

			if (overlap(pamt_range(&c->m->tdmr[i], size), with))
				return pamt_overlap(c, i, size, j, with);
		}
	}
	return TDX_SUCCESS;
}

static uint64_t check_pamt_overlaps(struct call *c, unsigned i)
{
	uint64_t st = TDX_SUCCESS;

	for (unsigned j = 0; j <= i && !st; j++)
		st = check_pamt_in_pamt(c, i, j);
	for (unsigned j = 0; j <= i && !st; j++) {
		st = check_pamt_in_tdmr(c, i, j);
		if (!st)
			st = check_pamt_in_tdmr(c, j, i);
	}
	return st;
}

/* Convertible, and really there: in one CMR, or on into the next where they touch. */
static bool in_cmr(struct call *c, struct range r)
{
	const struct platform_config *cfg = &c->m->plat->config;
	uint64_t at = r.base;

	for (unsigned i = 0; i < cfg->n_cmr; i++)
		if (at - cfg->cmr[i].base < cfg->cmr[i].size)
			at = cfg->cmr[i].base + cfg->cmr[i].size;
	return at >= r.base + r.size && mem_contains(&c->m->plat->mem, r.base, r.size);
}

static uint64_t check_pamt_cmrs(struct call *c, unsigned i)
{
	for (int size = PAGE_SIZE_1G; size >= PAGE_SIZE_4K; size--) {
		if (!in_cmr(c, pamt_range(&c->m->tdmr[i], size)))
			return fail(c, TDX_PAMT_OUTSIDE_CMRS | i | (unsigned)size << 8,
				    "TDMR %u: the PAMT (size %u) at %x is not in convertible memory", i, (unsigned)size,
				    c->m->tdmr[i].pamt_base[size]);
	}
	return TDX_SUCCESS;
}

static uint64_t check_tdmr_cmrs(struct call *c, unsigned i)
{
	const struct tdmr *t = &c->m->tdmr[i];
	uint64_t at = t->base;

	for (unsigned j = 0; j <= t->num_rsvd; j++) {
		uint64_t hole = j < t->num_rsvd ? t->base + t->rsvd[j].offset : t->base + t->size;

		if (hole > at && !in_cmr(c, (struct range){ at, hole - at }))
			return fail(c, TDX_TDMR_OUTSIDE_CMRS | i,
				    "TDMR %u: memory from %x to %x is neither convertible nor reserved", i, at, hole);
		at = hole + (j < t->num_rsvd ? t->rsvd[j].size : 0);
	}
	return TDX_SUCCESS;
}

static uint64_t check_tdmr(struct call *c, unsigned i)
{
	struct tdmr *t = &c->m->tdmr[i];
	struct tdmr_info info;
	uint64_t st = read_info(c, i, &info);

	if (!st)
		st = check_tdmr_range(c, i, &info);
	if (st)
		return st;
	*t = (struct tdmr){ .base = info.base, .size = info.size, .next = info.base };
	st = check_reserved(c, i, &info, t);
	if (!st)
		st = check_pamt_sizes(c, i, &info, t);
	if (!st)
		st = check_pamt_overlaps(c, i);
	if (!st)
		st = check_pamt_cmrs(c, i);
	if (!st)
		st = check_tdmr_cmrs(c, i);
	return st;
}

/*
 * The TDMR table is filled while it is checked; num_tdmrs stays 0 until all of it is right. The key id is no TD's from
 * here on, even if the call is refused and another one follows with another key id.
 */
uint64_t sys_config_tdmrs(struct call *c)
{
	uint64_t st = TDX_SUCCESS;

	c->m->global_hkid = (unsigned)c->in[GPR_R8];
	c->m->kot[c->m->global_hkid].state = KOT_STATE_RESERVED;
	for (unsigned i = 0; i < c->in[GPR_RDX] && !st; i++)
		st = check_tdmr(c, i);
	return st;
}

void tdh_sys_config(struct call *c)
{
	struct module *m = c->m;

	m->num_tdmrs = (unsigned)c->in[GPR_RDX];
	for (unsigned i = 0; i < m->num_tdmrs; i++) {
		for (int size = PAGE_SIZE_4K; size <= PAGE_SIZE_1G; size++)
			keyid_tag(m, m->tdmr[i].pamt_base[size], m->tdmr[i].pamt_size[size], m->global_hkid);
	}
	__atomic_store_n(&m->sys_state, SYS_STATE_CONFIG_DONE, __ATOMIC_RELEASE);
}
