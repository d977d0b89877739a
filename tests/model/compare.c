// SPDX-License-Identifier: MIT
/*
 * What can be seen of the machine, against the model.
 */
#include "places.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { RAX, RCX, RDX, R8 = 8 };
enum { MNG_RD = 11, PHYMEM_PAGE_RDMD = 24, MEM_SEPT_RD = 25 };

#define FIELD_CHLDCNT	0x8010000300000004ull
#define FIELD_LIFECYCLE 0x8010000200000005ull
#define FIELD_OP_STATE	0x9010000200000004ull
#define FIELD_NUM_ASSOC 0x9010000200000002ull
#define FIELD_MRTD	0x1310000300000000ull
#define ADDRESS		0x000ffffffffff000ull
#define BLOCK_BYTES	128u
#define CHUNK_BYTES	256u

typedef unsigned long long ull;

/* A processor that is not inside a guest. */
static unsigned idle_lp(const struct model *m)
{
	for (unsigned lp = 0; lp < LPS; lp++) {
		bool busy = false;

		for (int i = 0; i < TDS; i++)
			busy |= m->td[i].inside && m->td[i].on == (int)lp;
		if (!busy)
			return lp;
	}
	return 0;
}

/* ---- pages ---- */

static bool compare_page(struct world *w, const struct model *m, int page)
{
	static const unsigned type[] = { [IS_FREE] = 0,	 [IS_TDR] = 4, [IS_TDCX] = 5,
					 [IS_TDVPR] = 6, [IS_EPT] = 8, [IS_REG] = 3 };
	struct seamless_regs r;
	bool large;
	int td;
	enum page_is is = model_page(m, page, &td, &large);
	uint64_t owner = is == IS_FREE || is == IS_TDR ? 0 : page_pa(m->td[td].tdr);

	if (world_call(w, idle_lp(m), PHYMEM_PAGE_RDMD, (uint64_t[4]){ page_pa(page) }, &r))
		return world_differs(w, "page %d: its metadata can't be read: %llx", page,
				     (ull)r.gpr[RAX]);
	if (r.gpr[RCX] != type[is] || r.gpr[R8] != large || (is != IS_FREE && r.gpr[RDX] != owner))
		return world_differs(w,
				     "page %d (0x%llx) must have type %u, owner 0x%llx, size %d; "
				     "it has type %llu, owner 0x%llx, "
				     "size %llu",
				     page, (ull)page_pa(page), type[is], (ull)owner, large,
				     (ull)r.gpr[RCX], (ull)r.gpr[RDX], (ull)r.gpr[R8]);
	return true;
}

static bool all_bytes(const uint8_t *page, int byte)
{
	for (unsigned i = 0; i < SIZE_4K; i++) {
		if (page[i] != byte)
			return false;
	}
	return true;
}

/* What the TD has in it, and what the host sees of it. */
static bool compare_content(struct world *w, const struct model *m, int page)
{
	const struct m_page *p = &m->page[page];
	uint8_t bytes[SIZE_4K];

	if (p->fill != NONE && p->is == IS_REG) {
		seamless_private_read(w->machine, page_pa(page), bytes, SIZE_4K);
		if (!all_bytes(bytes, p->fill))
			return world_differs(
				w, "page %d: its TD must find bytes %x in it and does not", page,
				p->fill);
	}
	seamless_read(w->machine, page_pa(page), bytes, SIZE_4K);
	if (p->clear != NONE && p->is == IS_FREE && model_covered(m, page) == NONE &&
	    !all_bytes(bytes, p->clear))
		return world_differs(
			w, "page %d is the host's and was no operand, yet it was written", page);
	if (p->secret && memmem(bytes, SIZE_4K, SECRET, sizeof(SECRET) - 1))
		return world_differs(w, "page %d: the host sees what the guest wrote there", page);
	if (p->fill > 0 && p->is == IS_REG && all_bytes(bytes, p->fill))
		return world_differs(w, "page %d: the host sees what was added to the TD there",
				     page);
	return true;
}

static bool compare_canaries(struct world *w)
{
	uint8_t bytes[SIZE_4K];

	for (unsigned i = 0; i < CANARIES; i++) {
		seamless_read(w->machine, canary_pa(i), bytes, SIZE_4K);
		if (!all_bytes(bytes, CANARY_BYTE))
			return world_differs(
				w, "host memory at 0x%llx was no operand, yet it was written",
				(ull)canary_pa(i));
	}
	return true;
}

/* ---- secure EPT ---- */

/* The state that SEPT.RD gives, and the page. */
static unsigned state_of(const struct m_entry *e, unsigned level, uint64_t *pa)
{
	*pa = 0;
	if (e->is == E_FREE)
		return 0;
	if (e->is == E_TABLE)
		return e->blocked ? 129 : 132;
	*pa = level ? chunk_pa(e->page) : page_pa(e->page);
	return e->pending ? (e->blocked ? 3 : 2) : (e->blocked ? 1 : 4);
}

static bool compare_entry(struct world *w, const struct model *m, int td, unsigned gpa,
			  unsigned level)
{
	const struct m_td *t = &m->td[td];
	uint64_t size = SIZE_4K << 9 * level, pa, at = (gpa_of(gpa) & ~(size - 1)) | level;
	unsigned state = state_of(model_entry(t, gpa, level), level, &pa);
	bool reached = model_reached(t, gpa, level);
	struct seamless_regs r;
	bool error =
		world_call(w, idle_lp(m), MEM_SEPT_RD, (uint64_t[4]){ at, page_pa(t->tdr) }, &r) >>
		63;

	if (error != !reached)
		return world_differs(
			w,
			"TD %d, address %u, level %u: a walk must %s there, and the answer is %llx",
			td, gpa, level, reached ? "get" : "not get", (ull)r.gpr[RAX]);
	if (reached &&
	    (r.gpr[RDX] >> 8 != state || (r.gpr[RCX] & ADDRESS & ~(size - 1) * !!pa) != pa))
		return world_differs(w,
				     "TD %d, address %u, level %u must be in state %u with page "
				     "0x%llx; it is in state %llu with 0x%llx",
				     td, gpa, level, state, (ull)pa, (ull)r.gpr[RDX] >> 8,
				     (ull)r.gpr[RCX]);
	return true;
}

static bool compare_memory(struct world *w, const struct model *m, int td)
{
	for (unsigned gpa = 0; gpa < GPAS; gpa++) {
		for (unsigned level = 0; level <= 3; level++) {
			if ((level >= 1 && gpa % PARTS) || (level >= 2 && gpa))
				continue;
			if (!compare_entry(w, m, td, gpa, level))
				return false;
		}
	}
	return true;
}

/* ---- fields ---- */

static bool compare_field(struct world *w, const struct model *m, int td, uint64_t field,
			  uint64_t value, const char *name)
{
	struct seamless_regs r;

	if (world_call(w, idle_lp(m), MNG_RD, (uint64_t[4]){ page_pa(m->td[td].tdr), field }, &r) >>
	    63)
		return world_differs(w, "TD %d: %s can't be read: %llx", td, name, (ull)r.gpr[RAX]);
	if (r.gpr[R8] != value)
		return world_differs(w, "TD %d: %s must be %llx, is %llx", td, name, (ull)value,
				     (ull)r.gpr[R8]);
	return true;
}

static bool compare_mrtd(struct world *w, const struct model *m, int td)
{
	uint64_t words[6];

	memcpy(words, w->final[td], sizeof(words));
	for (unsigned i = 0; i < 6; i++) {
		if (!compare_field(w, m, td, FIELD_MRTD + i, words[i], "MRTD"))
			return false;
	}
	return true;
}

static bool compare_td(struct world *w, const struct model *m, int td)
{
	const struct m_td *t = &m->td[td];

	if (!model_works(t) || t->state == STATE_UNINITIALIZED)
		return true;
	return compare_field(w, m, td, FIELD_OP_STATE, t->state, "OP_STATE") &&
	       compare_field(w, m, td, FIELD_LIFECYCLE, t->life, "LIFECYCLE_STATE") &&
	       compare_field(w, m, td, FIELD_CHLDCNT, t->children, "CHLDCNT") &&
	       compare_field(w, m, td, FIELD_NUM_ASSOC, t->on != NONE, "NUM_ASSOC_VCPUS") &&
	       (t->state != STATE_RUNNABLE || compare_mrtd(w, m, td)) && compare_memory(w, m, td);
}

bool world_compare(struct world *w, const struct model *m)
{
	for (int page = 0; page < PAGES; page++) {
		if (!compare_page(w, m, page) || !compare_content(w, m, page))
			return false;
	}
	for (int td = 0; td < TDS; td++) {
		if (!compare_td(w, m, td))
			return false;
	}
	return compare_canaries(w);
}

/* ---- the measurement, by the specification's words ---- */

static void measure(struct world *w, int td, const char *what, uint64_t gpa)
{
	uint8_t block[BLOCK_BYTES] = { 0 };

	memcpy(block, what, strlen(what));
	memcpy(block + 16, &gpa, sizeof(gpa));
	EVP_DigestUpdate(w->mrtd[td], block, sizeof(block));
}

static bool start_measuring(struct world *w, int td)
{
	EVP_MD_CTX_free(w->mrtd[td]);
	w->mrtd[td] = EVP_MD_CTX_new();
	return EVP_DigestInit_ex(w->mrtd[td], EVP_sha384(), NULL) ||
	       world_differs(w, "libcrypto has no SHA-384");
}

static void extend(struct world *w, const struct model *m, const struct op *op)
{
	uint8_t bytes[CHUNK_BYTES];

	memset(bytes, m->page[m->td[op->td].entry[0][op->gpa].page].fill, sizeof(bytes));
	measure(w, op->td, "MR.EXTEND", gpa_of(op->gpa));
	EVP_DigestUpdate(w->mrtd[op->td], bytes, sizeof(bytes));
}

bool world_note(struct world *w, const struct model *m, const struct op *op)
{
	switch (op->kind) {
	case OP_INIT: return start_measuring(w, op->td);
	case OP_PAGE_ADD: measure(w, op->td, "MEM.PAGE.ADD", gpa_of(op->gpa)); break;
	case OP_EXTEND: extend(w, m, op); break;
	case OP_FINALIZE: EVP_DigestFinal_ex(w->mrtd[op->td], w->final[op->td], NULL); break;
	default: break;
	}
	return true;
}

/* ---- the checker ---- */

static void first_finding(void *opaque, const struct seamless_finding *f)
{
	struct world *w = opaque;

	if (!w->why[0])
		world_differs(w, "%s: %s", f->rule, f->text);
}

bool world_check(struct world *w)
{
	w->why[0] = 0;
	return !seamless_check(w->machine, first_finding, w);
}
