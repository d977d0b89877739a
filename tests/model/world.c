// SPDX-License-Identifier: MIT
/*
 * The machine: bringing it up and making the model's calls on it.
 */
#include "world.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "places.h"

/* Numbers of the leaves, by the specification. */
enum {
	VP_ENTER = 0,
	MNG_ADDCX = 1,
	MEM_PAGE_ADD = 2,
	MEM_SEPT_ADD = 3,
	VP_ADDCX = 4,
	MEM_PAGE_RELOCATE = 5,
	MEM_PAGE_AUG = 6,
	MEM_RANGE_BLOCK = 7,
	MNG_KEY_CONFIG = 8,
	MNG_CREATE = 9,
	VP_CREATE = 10,
	MEM_PAGE_DEMOTE = 15,
	MR_EXTEND = 16,
	MR_FINALIZE = 17,
	VP_FLUSH = 18,
	MNG_VPFLUSHDONE = 19,
	MNG_KEY_FREEID = 20,
	MNG_INIT = 21,
	VP_INIT = 22,
	MEM_PAGE_PROMOTE = 23,
	PHYMEM_PAGE_RECLAIM = 28,
	MEM_PAGE_REMOVE = 29,
	MEM_SEPT_REMOVE = 30,
	SYS_KEY_CONFIG = 31,
	SYS_INIT = 33,
	SYS_LP_INIT = 35,
	SYS_TDMR_INIT = 36,
	MEM_TRACK = 38,
	MEM_RANGE_UNBLOCK = 39,
	PHYMEM_CACHE_WB = 40,
	SYS_CONFIG = 45,
	GUEST_ACCEPT = 6,
};

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11 };

#define REASON_INTERRUPT     1u
#define REASON_EPT_VIOLATION 48u
#define ERROR		     (1ull << 63)

bool world_differs(struct world *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(w->why, sizeof(w->why), format, args);
	va_end(args);
	return false;
}

/* The calling thread is processor @lp from now on. */
static void be(struct world *w, unsigned lp)
{
	if (seamless_lp_machine() == w->machine && seamless_lp_number() == lp)
		return;
	seamless_lp_leave();
	seamless_lp_enter(w->machine, lp);
}

static enum seamless_where call(struct world *w, unsigned lp, struct seamless_regs *regs)
{
	be(w, lp);
	return seamless_seamcall(regs);
}

uint64_t world_call(struct world *w, unsigned lp, uint64_t leaf, const uint64_t in[4],
		    struct seamless_regs *regs)
{
	*regs = (struct seamless_regs){ .gpr = { [RAX] = leaf,
						 [RCX] = in[0],
						 [RDX] = in[1],
						 [R8] = in[2],
						 [R9] = in[3],
						 [R10] = UINT64_MAX,
						 [R11] = UINT64_MAX } };
	call(w, lp, regs);
	return regs->gpr[RAX];
}

/* ---- bringing up ---- */

static bool must(struct world *w, unsigned lp, uint64_t leaf, uint64_t rcx, uint64_t rdx,
		 uint64_t r8)
{
	struct seamless_regs regs;
	char why[400];

	if (!world_call(w, lp, leaf, (uint64_t[4]){ rcx, rdx, r8 }, &regs))
		return true;
	seamless_reason(why, sizeof(why));
	return world_differs(w, "the machine does not come up: leaf %u: %s", (unsigned)leaf, why);
}

static bool bring_up(struct world *w)
{
	const uint64_t tdmr[] = { TDMR,	  1ull << 30,	    PAMTS,   0x1000, PAMTS + 0x2000,
				  0x2000, PAMTS + 0x400000, 0x400000 };
	const uint64_t list = BUFFERS;
	bool ok = must(w, 0, SYS_INIT, 0, 0, 0);

	for (unsigned lp = 0; lp < LPS && ok; lp++)
		ok = must(w, lp, SYS_LP_INIT, 0, 0, 0);
	seamless_write(w->machine, BUFFERS, tdmr, sizeof(tdmr));
	seamless_write(w->machine, BUFFERS + SIZE_4K, &list, sizeof(list));
	ok = ok && must(w, 0, SYS_CONFIG, BUFFERS + SIZE_4K, 1, GLOBAL_HKID);
	for (unsigned package = 0; package < PACKAGES && ok; package++)
		ok = must(w, package, SYS_KEY_CONFIG, 0, 0, 0);
	for (unsigned i = 0; i < 256 && ok; i++)
		ok = must(w, 0, SYS_TDMR_INIT, TDMR, 0, 0);
	return ok;
}

/* The parameters of a TD, and the pages that PAGE.ADD copies from: each filled with its byte. */
static void write_buffers(struct world *w)
{
	uint8_t params[1024] = { [8] = 3, [16] = 1, [24] = 0x1e, [40] = 40 };

	seamless_write(w->machine, PARAMS, params, sizeof(params));
	for (unsigned i = 0; i < GPAS; i++)
		seamless_fill(w->machine, SOURCE(i), SIZE_4K, (uint8_t)(0x40 + i));
	for (unsigned i = 0; i < CANARIES; i++)
		seamless_fill(w->machine, canary_pa(i), SIZE_4K, CANARY_BYTE);
	for (int i = 0; i < PAGES; i++)
		seamless_fill(w->machine, page_pa(i), SIZE_4K, 0);
}

bool world_open(struct world *w)
{
	static const char more[] = "\nencryption on\nlps 4\npackages 2\n";
	struct seamless_config config = { .name = "model", .guest = SEAMLESS_GUEST_SCRIPTED };
	const char *base = seamless_platform_text("transcripts", &config.len);
	char text[32768];

	memset(w, 0, sizeof(*w));
	if (config.len + sizeof(more) > sizeof(text))
		return world_differs(w, "the platform file is too long");
	memcpy(text, base, config.len);
	memcpy(text + config.len, more, sizeof(more) - 1);
	config.len += sizeof(more) - 1;
	config.text = text;
	w->machine = seamless_create(&config, w->why, sizeof(w->why));
	if (!w->machine || !bring_up(w))
		return false;
	write_buffers(w);
	return true;
}

void world_close(struct world *w)
{
	seamless_lp_leave();
	seamless_destroy(w->machine);
	for (unsigned i = 0; i < TDS; i++)
		EVP_MD_CTX_free(w->mrtd[i]);
}

/* ---- calls ---- */

/* A slot without a TD or vCPU: a page that is never one. */
static uint64_t tdr_of(const struct model *m, const struct op *op)
{
	return m->td[op->td].tdr == NONE ? NEVER : page_pa(m->td[op->td].tdr);
}

static uint64_t vcpu_of(const struct model *m, const struct op *op)
{
	return m->td[op->td].vcpu == NONE ? NEVER : page_pa(m->td[op->td].vcpu);
}

static uint64_t gpa_at(const struct op *op, unsigned level)
{
	return (gpa_of(op->gpa) & ~((SIZE_4K << 9 * level) - 1)) | level;
}

/* Leaf, RCX, RDX, R8, R9. */
struct operands {
	uint64_t leaf, in[4];
};

static struct operands on_memory(const struct model *m, const struct op *op)
{
	uint64_t gpa = gpa_at(op, op->level), tdr = tdr_of(m, op), page = page_pa(op->page);

	switch (op->kind) {
	case OP_SEPT_ADD: return (struct operands){ MEM_SEPT_ADD, { gpa, tdr, page } };
	case OP_PAGE_ADD:
		return (struct operands){ MEM_PAGE_ADD,
					  { gpa_at(op, 0), tdr, page, SOURCE(op->gpa) } };
	case OP_EXTEND: return (struct operands){ MR_EXTEND, { gpa_at(op, 0), tdr } };
	case OP_AUG:
		return (struct operands){ MEM_PAGE_AUG,
					  { gpa, tdr,
					    op->level == 1 ? chunk_pa(op->page % CHUNKS) : page } };
	case OP_BLOCK: return (struct operands){ MEM_RANGE_BLOCK, { gpa, tdr } };
	case OP_UNBLOCK: return (struct operands){ MEM_RANGE_UNBLOCK, { gpa, tdr } };
	case OP_TRACK: return (struct operands){ MEM_TRACK, { tdr } };
	case OP_REMOVE: return (struct operands){ MEM_PAGE_REMOVE, { gpa, tdr } };
	case OP_RELOCATE: return (struct operands){ MEM_PAGE_RELOCATE, { gpa, tdr, page } };
	case OP_DEMOTE: return (struct operands){ MEM_PAGE_DEMOTE, { gpa, tdr, page, UINT64_MAX } };
	case OP_PROMOTE: return (struct operands){ MEM_PAGE_PROMOTE, { gpa, tdr } };
	default: return (struct operands){ MEM_SEPT_REMOVE, { gpa, tdr } };
	}
}

static struct operands operands_of(const struct model *m, const struct op *op)
{
	uint64_t tdr = tdr_of(m, op), vcpu = vcpu_of(m, op), page = page_pa(op->page);

	switch (op->kind) {
	case OP_CREATE: return (struct operands){ MNG_CREATE, { page, FIRST_HKID + op->hkid } };
	case OP_KEY_CONFIG: return (struct operands){ MNG_KEY_CONFIG, { tdr } };
	case OP_ADDCX: return (struct operands){ MNG_ADDCX, { page, tdr } };
	case OP_INIT: return (struct operands){ MNG_INIT, { tdr, PARAMS } };
	case OP_VP_CREATE: return (struct operands){ VP_CREATE, { page, tdr } };
	case OP_VP_ADDCX: return (struct operands){ VP_ADDCX, { page, vcpu } };
	case OP_VP_INIT: return (struct operands){ VP_INIT, { vcpu } };
	case OP_FINALIZE: return (struct operands){ MR_FINALIZE, { tdr } };
	case OP_ENTER: return (struct operands){ VP_ENTER, { vcpu } };
	case OP_FLUSH: return (struct operands){ VP_FLUSH, { vcpu } };
	case OP_FLUSHDONE: return (struct operands){ MNG_VPFLUSHDONE, { tdr } };
	case OP_CACHE_WB: return (struct operands){ PHYMEM_CACHE_WB, { 0 } };
	case OP_FREEID: return (struct operands){ MNG_KEY_FREEID, { tdr } };
	case OP_RECLAIM: return (struct operands){ PHYMEM_PAGE_RECLAIM, { page } };
	default: return on_memory(m, op);
	}
}

static enum outcome outcome_of(uint64_t rax)
{
	return rax & ERROR ? REFUSED : rax ? NOTED : OK;
}

static enum outcome by_host(struct world *w, const struct model *m, const struct op *op)
{
	struct operands o = operands_of(m, op);
	struct seamless_regs regs = { .gpr = { [RAX] = o.leaf,
					       [RCX] = o.in[0],
					       [RDX] = o.in[1],
					       [R8] = o.in[2],
					       [R9] = o.in[3],
					       [R10] = UINT64_MAX,
					       [R11] = UINT64_MAX } };

	if (call(w, op->lp, &regs) != SEAMLESS_TO_GUEST)
		return outcome_of(regs.gpr[RAX]);
	seamless_guest_64bit();
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_RIP, 0x1000 * ++w->steps);
	w->guest[op->td] = regs;
	return ENTERED;
}

static enum outcome accept(struct world *w, const struct op *op)
{
	const struct seamless_vm_exit tdcall = { .reason = SEAMLESS_EXIT_TDCALL,
						 .instr_length = 4 };
	struct seamless_regs *regs = &w->guest[op->td];

	regs->gpr[RAX] = GUEST_ACCEPT;
	regs->gpr[RCX] = gpa_at(op, op->level);
	if (seamless_vm_exit(&tdcall, regs) == SEAMLESS_TO_GUEST)
		return outcome_of(regs->gpr[RAX]);
	return (uint32_t)regs->gpr[RAX] == REASON_EPT_VIOLATION ? LEFT : SKIPPED;
}

static enum outcome interrupt(struct world *w, const struct op *op)
{
	const struct seamless_vm_exit e = { .reason = REASON_INTERRUPT, .intr_info = 0x80000020 };

	seamless_advance_tsc(w->machine, 1 << 20); /* at once it would look like single-stepping */
	return seamless_vm_exit(&e, &w->guest[op->td]) == SEAMLESS_TO_HOST ? OK : REFUSED;
}

/* The guest writes where its address leads. */
static enum outcome guest_write(struct world *w, const struct model *m, const struct op *op)
{
	int page = model_translate(&m->td[op->td], op->gpa);
	uint64_t pa;
	bool shared;

	if (!seamless_guest_translate(gpa_of(op->gpa), &pa, &shared))
		return REFUSED;
	if (page == NONE || pa != page_pa(page) || shared)
		return LEFT; /* which nobody predicts */
	seamless_private_write(w->machine, pa + SECRET_AT, SECRET, sizeof(SECRET));
	return OK;
}

enum outcome world_do(struct world *w, const struct model *m, const struct op *op)
{
	switch (op->kind) {
	case OP_HOST_CLEAR:
		return seamless_fill(w->machine, page_pa(op->page), SIZE_4K, 0) ? OK : REFUSED;
	case OP_ACCEPT:
	case OP_EXIT:
	case OP_GUEST_WRITE:
		be(w, (unsigned)m->td[op->td].on);
		return op->kind == OP_ACCEPT ? accept(w, op)
		       : op->kind == OP_EXIT ? interrupt(w, op)
					     : guest_write(w, m, op);
	default: return by_host(w, m, op);
	}
}
