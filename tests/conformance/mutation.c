// SPDX-License-Identifier: MIT
/*
 * Which operands a call has, and other values for them.
 */
#include "mutation.h"

#include <string.h>

#include "gen/leaves.h"
#include "gen/structures.h"

#define PAGE_ADDRESS 0x000ffffffffff000ull
#define MBMD_ADDRESS 0x000fffffffffffffull
#define NEAR	     0xfff000ull /* other pages of the transcript's own lists */
#define WORD	     8u
#define RAX_FREE_BIT 16u /* RAX below it is the leaf */

enum area_kind {
	AREA_FLAT,  /* words at the address */
	AREA_LIST,  /* GPA_LIST_INFO: the words that it takes in */
	AREA_TDMRS, /* addresses of TDMR_INFO, and these */
	AREA_GUEST, /* words of the guest's */
};

/* Memory that a leaf reads. */
static const struct area {
	enum leaf_class side;
	uint16_t leaf;
	uint8_t reg, kind;
	uint64_t mask;
	unsigned words;
	uint64_t kept; /* bits that stay, for others make it another operand */
} areas[] = {
	{ LEAF_HOST, LEAF_TDH_MNG_INIT, REG_RDX, AREA_FLAT, PAGE_ADDRESS | 0xfff,
	  TD_PARAMS_SIZE / WORD, 0 },
	{ LEAF_HOST, LEAF_TDH_SYS_CONFIG, REG_RCX, AREA_TDMRS, PAGE_ADDRESS | 0xfff, 8, 0 },
	{ LEAF_HOST, LEAF_TDH_EXPORT_BLOCKW, REG_RCX, AREA_LIST, PAGE_ADDRESS, 4, 0 },
	{ LEAF_HOST, LEAF_TDH_EXPORT_RESTORE, REG_RCX, AREA_LIST, PAGE_ADDRESS, 4, 0 },
	{ LEAF_HOST, LEAF_TDH_EXPORT_MEM, REG_RCX, AREA_LIST, PAGE_ADDRESS, 4, 0 },
	{ LEAF_HOST, LEAF_TDH_EXPORT_MEM, REG_R9, AREA_FLAT, PAGE_ADDRESS, 4, NEAR },
	{ LEAF_HOST, LEAF_TDH_EXPORT_STATE_IMMUTABLE, REG_R9, AREA_FLAT, PAGE_ADDRESS, 4, NEAR },
	{ LEAF_HOST, LEAF_TDH_EXPORT_STATE_TD, REG_R9, AREA_FLAT, PAGE_ADDRESS, 4, NEAR },
	{ LEAF_HOST, LEAF_TDH_EXPORT_STATE_VP, REG_R9, AREA_FLAT, PAGE_ADDRESS, 4, NEAR },
	{ LEAF_HOST, LEAF_TDH_EXPORT_ABORT, REG_R8, AREA_FLAT, MBMD_ADDRESS, 4, 0 },
	{ LEAF_HOST, LEAF_TDH_IMPORT_MEM, REG_RCX, AREA_LIST, PAGE_ADDRESS, 4, 0 },
	{ LEAF_HOST, LEAF_TDH_IMPORT_MEM, REG_R8, AREA_FLAT, MBMD_ADDRESS, 4, 0 },
	{ LEAF_HOST, LEAF_TDH_IMPORT_MEM, REG_R9, AREA_FLAT, PAGE_ADDRESS, 4, NEAR },
	{ LEAF_HOST, LEAF_TDH_IMPORT_MEM, REG_R13, AREA_FLAT, PAGE_ADDRESS, 4, 1ull << 63 },
	{ LEAF_HOST, LEAF_TDH_IMPORT_TRACK, REG_R8, AREA_FLAT, MBMD_ADDRESS, 4, 0 },
	{ LEAF_HOST, LEAF_TDH_IMPORT_STATE_IMMUTABLE, REG_R8, AREA_FLAT, MBMD_ADDRESS, 4, 0 },
	{ LEAF_HOST, LEAF_TDH_IMPORT_STATE_IMMUTABLE, REG_R9, AREA_FLAT, PAGE_ADDRESS, 4, NEAR },
	{ LEAF_HOST, LEAF_TDH_IMPORT_STATE_TD, REG_R8, AREA_FLAT, MBMD_ADDRESS, 4, 0 },
	{ LEAF_HOST, LEAF_TDH_IMPORT_STATE_TD, REG_R9, AREA_FLAT, PAGE_ADDRESS, 4, NEAR },
	{ LEAF_HOST, LEAF_TDH_IMPORT_STATE_VP, REG_R8, AREA_FLAT, MBMD_ADDRESS, 4, 0 },
	{ LEAF_HOST, LEAF_TDH_IMPORT_STATE_VP, REG_R9, AREA_FLAT, PAGE_ADDRESS, 4, NEAR },
	{ LEAF_GUEST, LEAF_TDG_MR_VERIFYREPORT, REG_RCX, AREA_GUEST, PAGE_ADDRESS | 0xfff, 4, 0 },
	{ LEAF_GUEST, LEAF_TDG_VP_ENTER, REG_RDX, AREA_GUEST, PAGE_ADDRESS | 0xfff, 20, 0 },
};

uint64_t mutation_random(uint64_t *seed)
{
	uint64_t x = (*seed += 0x9e3779b97f4a7c15ull);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

void mutation_remember(struct mutation_pool *pool, const struct seamless_regs *regs)
{
	for (unsigned reg = 1; reg < 16; reg++) {
		unsigned n = pool->count[reg], i = 0;

		while (i < n && i < POOL_MAX && pool->value[reg][i] != regs->gpr[reg])
			i++;
		if (i == n || (n > POOL_MAX && i == POOL_MAX))
			pool->value[reg][pool->count[reg]++ % POOL_MAX] = regs->gpr[reg];
	}
}

struct lister {
	struct seamless_machine *m;
	const struct seamless_regs *in;
	uint64_t *seed;
	struct mutation *list;
	unsigned count;
	uint64_t kept;
};

static void add(struct lister *l, struct mutation u, uint64_t now)
{
	u.now = now ^ ((now ^ u.before) & l->kept);
	if (u.now != u.before && l->count < MUTATIONS_MAX)
		l->list[l->count++] = u;
}

/* One bit of each stretch turned over. */
static void add_flips(struct lister *l, struct mutation u, unsigned lowest)
{
	static const unsigned from[] = { 0, 6, 12, 24, 40, 52, 64 };

	for (unsigned i = 0; i + 1 < sizeof(from) / sizeof(from[0]); i++) {
		unsigned bit =
			from[i] + (unsigned)(mutation_random(l->seed) % (from[i + 1] - from[i]));

		if (bit >= lowest)
			add(l, u, u.before ^ 1ull << bit);
	}
}

static void add_register(struct lister *l, unsigned reg, const struct mutation_pool *pool)
{
	struct mutation u = { .reg = reg, .before = l->in->gpr[reg] };
	unsigned n = pool->count[reg] < POOL_MAX ? pool->count[reg] : POOL_MAX;

	add_flips(l, u, reg ? 0 : RAX_FREE_BIT);
	for (unsigned i = 0; n && i < 4; i++)
		add(l, u, pool->value[reg][mutation_random(l->seed) % n]);
}

static void add_word(struct lister *l, struct mutation u)
{
	if (u.private ? seamless_private_read(l->m, u.pa, &u.before, WORD)
		      : seamless_read(l->m, u.pa, &u.before, WORD))
		add_flips(l, u, 0);
}

static void add_words(struct lister *l, struct mutation u, unsigned words)
{
	uint64_t start = u.pa;

	for (unsigned i = 0; i < words; i++) {
		u.offset = i * WORD;
		u.pa = start + u.offset;
		add_word(l, u);
	}
}

static void add_list(struct lister *l, struct mutation u, unsigned words)
{
	uint64_t info = l->in->gpr[u.reg];
	unsigned first = info >> GPA_LIST_INFO_FIRST_ENTRY_SHIFT & 511;
	unsigned last = (unsigned)(info >> GPA_LIST_INFO_LAST_ENTRY_SHIFT);

	u.pa += first * WORD;
	add_words(l, u, last < first ? 0 : last - first + 1 < words ? last - first + 1 : words);
}

static void add_tdmrs(struct lister *l, struct mutation u, unsigned words)
{
	uint64_t list = u.pa, count = l->in->gpr[REG_RDX] < 4 ? l->in->gpr[REG_RDX] : 4;

	add_words(l, u, (unsigned)count);
	for (uint64_t i = 0; i < count; i++) {
		if (seamless_read(l->m, list + i * WORD, &u.pa, WORD))
			add_words(l, u, words);
	}
}

static void add_area(struct lister *l, const struct area *a)
{
	struct mutation u = { .memory = true, .reg = a->reg, .pa = l->in->gpr[a->reg] & a->mask };
	uint64_t gpa = u.pa;
	bool shared;

	l->kept = a->kept;
	switch ((enum area_kind)a->kind) {
	case AREA_FLAT: add_words(l, u, a->words); break;
	case AREA_LIST: add_list(l, u, a->words); break;
	case AREA_TDMRS: add_tdmrs(l, u, a->words); break;
	case AREA_GUEST:
		u.private = seamless_guest_translate(gpa, &u.pa, &shared);
		if (u.private)
			add_words(l, u, a->words);
		break;
	}
}

unsigned mutation_list(struct seamless_machine *m, const struct transcript_event *e,
		       const struct seamless_regs *in, const struct mutation_pool *pool,
		       uint64_t *seed, struct mutation list[MUTATIONS_MAX])
{
	enum leaf_class side = e->kind == TRANSCRIPT_SEAMCALL ? LEAF_HOST : LEAF_GUEST;
	const struct leaf_desc *leaf = leaf_by_number(side, in->gpr[0] & 0xffff);
	struct lister l = { .m = m, .in = in, .seed = seed, .list = list };
	unsigned version = in->gpr[0] >> 16 & 1;

	for (unsigned reg = 0; reg < 16; reg++) {
		if (!reg || (leaf && leaf->in_mask[version] & 1u << reg))
			add_register(&l, reg, pool);
	}
	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		if (areas[i].side == side && areas[i].leaf == (in->gpr[0] & 0xffff))
			add_area(&l, &areas[i]);
	}
	return l.count;
}

bool mutation_may_stay(const struct transcript_event *e)
{
	uint64_t leaf = e->call.in.gpr[0].lo & 0xffff;

	return e->kind == TRANSCRIPT_SEAMCALL && leaf >= LEAF_TDH_EXPORT_ABORT &&
	       leaf <= LEAF_TDH_IMPORT_STATE_VP;
}

void mutation_apply(struct seamless_machine *m, const struct mutation *u, bool back,
		    struct seamless_regs *regs)
{
	uint64_t value = back ? u->before : u->now;

	if (!u->memory)
		regs->gpr[u->reg] = value;
	else if (u->private)
		seamless_private_write(m, u->pa, &value, WORD);
	else
		seamless_write(m, u->pa, &value, WORD);
}
