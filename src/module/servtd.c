// SPDX-License-Identifier: MIT
/*
 * Service TDs: TDH.SERVTD.BIND and PREBIND tie a service TD to a slot of a target TD; TDG.SERVTD.RD and WR let the
 * service TD at the target's metadata.
 */
#include "module/servtd.h"

#include <string.h>
#include "gen/checks.h"
#include "module/guest.h"
#include "module/metadata.h"
#include "module/report.h"
#include "module/state.h"
#include "platform/crypto.h"

#define IGNORE_SHIFT 32 /* of the attributes: TDINFO_IGNORE_* */
#define IGNORE_MASK 0xffffu
#define HASH_RECORD_BYTES 58u

/* OP_STATEs in which a TD can become a service TD. */
#define OP_STATE_SET(s) (1u << OP_STATE_##s)
#define SERVICE_TD_STATES (OP_STATE_SET(RUNNABLE) | OP_STATE_SET(LIVE_EXPORT) | OP_STATE_SET(PAUSED_EXPORT) | \
			   OP_STATE_SET(POST_EXPORT) | OP_STATE_SET(POST_IMPORT) | OP_STATE_SET(LIVE_IMPORT))

static bool is_bound_to(const struct servtd_binding *b, const struct td *service)
{
	return !memcmp(b->uuid, service->tdr->uuid, sizeof(b->uuid));
}

static void uuid_out(struct call *c, const uint64_t uuid[4])
{
	memcpy(&c->regs->gpr[GPR_R10], uuid, 4 * sizeof(*uuid));
}

bool servtd_hash(struct tdcs *tdcs)
{
	uint8_t records[SERVTD_SLOTS * HASH_RECORD_BYTES], *end = records;

	for (unsigned i = 0; i < SERVTD_SLOTS; i++) {
		const struct servtd_binding *b = &tdcs->servtd_bindings[i];

		if (b->state == SERVTD_STATE_NOT_BOUND)
			continue;
		memcpy(end, b->info_hash, 48);
		memcpy(end + 48, &b->type, 2);
		memcpy(end + 50, &b->attributes, 8);
		end += HASH_RECORD_BYTES;
	}
	memset(tdcs->servtd_hash, 0, sizeof(tdcs->servtd_hash));
	return end == records || sha384_of(records, (size_t)(end - records), tdcs->servtd_hash);
}

/* ---- the other TD of a call ---- */

/* The page and the state of a TD that @operand names, both locked shared, as if it were the call's. */
static uint64_t other_td(struct call *c, unsigned operand, uint64_t pa, unsigned op_states, struct td *td)
{
	struct td own = c->td;
	struct page_ref page;
	uint64_t st = check_page(c, operand, pa, PT_TDR, LOCK_SHARED, &page);

	if (st)
		return st;
	td_load(c->m, pa, &c->td);
	st = check_td_state_in(c, LOCK_SHARED, op_states);
	*td = c->td;
	c->td = own;
	return st;
}

/* TEE_INFO_HASH of a service TD but for what the binding's attributes ignore. */
static uint64_t service_hash(struct call *c, const struct td *service, uint64_t attributes, uint8_t hash[48])
{
	struct tdinfo info;
	uint16_t *lock = &service->tdcs->rtmr_lock;
	uint64_t st = c->guest ? guest_lock(c, lock, LOCK_SHARED, TDX_OPERAND_ID_RTMR, "the TD's RTMRs") :
				 call_lock_or_busy(c, lock, HELD_HOST_PRIO, LOCK_SHARED, TDX_OPERAND_ID_RTMR,
						   "the service TD's RTMRs");

	if (st)
		return st;
	if (!tdinfo_fill(service->tdcs, attributes >> IGNORE_SHIFT & IGNORE_MASK, &info, hash))
		memset(hash, 0, 48);
	return TDX_SUCCESS;
}

static uint64_t hash_mismatch(struct call *c, const struct td *service, const struct td *target, uint64_t attributes)
{
	return fail(c, TDX_SERVTD_INFO_HASH_MISMATCH, "the TDINFO of the service TD at %x, but for what attributes %x "
		    "ignore, is not what the slot of the TD at %x was bound to", service->pa, attributes, target->pa);
}

/* ---- TDH.SERVTD.BIND, PREBIND ---- */

uint64_t servtd_service(struct call *c)
{
	struct td service;
	uint64_t st = other_td(c, GPR_RDX, c->in[GPR_RDX], SERVICE_TD_STATES, &service);

	c->scratch[0] = c->in[GPR_RDX];
	return st;
}

static void bind_slot(struct call *c, struct servtd_binding *b, const uint8_t hash[48])
{
	b->type = (uint16_t)c->in[GPR_R9];
	b->attributes = c->in[GPR_R10];
	memcpy(b->info_hash, hash, 48);
	c->td.tdcs->servtd_num++;
}

/* A slot that is taken already can be bound (again) to what it was taken for. */
static uint64_t check_rebinding(struct call *c, const struct servtd_binding *b, const struct td *service,
				const uint8_t hash[48])
{
	bool instance = b->attributes & SERVTD_ATTR_INSTANCE_BINDING_MASK;

	if (b->type != c->in[GPR_R9])
		return fail(c, TDX_SERVTD_TYPE_MISMATCH, "type %x: the slot is taken by one of type %x",
			    c->in[GPR_R9], b->type);
	if (b->attributes != c->in[GPR_R10])
		return fail(c, TDX_SERVTD_ATTR_MISMATCH, "attributes %x: the slot was taken with %x",
			    c->in[GPR_R10], b->attributes);
	if (b->state == SERVTD_STATE_BOUND && instance)
		return is_bound_to(b, service) ? TDX_SUCCESS :
		       fail(c, TDX_SERVTD_UUID_MISMATCH, "the TD at %x is not the one that the slot is bound to",
			    service->pa);
	return memcmp(b->info_hash, hash, 48) ? hash_mismatch(c, service, &c->td, b->attributes) : TDX_SUCCESS;
}

static uint64_t check_first_binding(struct call *c)
{
	uint32_t op_state = c->td.tdcs->op_state;

	if (op_state != OP_STATE_UNINITIALIZED && op_state != OP_STATE_INITIALIZED)
		return fail(c, TDX_OP_STATE_INCORRECT,
			    "the TD at %x is in OP_STATE %o: a free slot can only be bound before TDH.MR.FINALIZE",
			    c->td.pa, op_state);
	return TDX_SUCCESS;
}

uint64_t tdh_servtd_bind(struct call *c)
{
	struct servtd_binding *b = &c->td.tdcs->servtd_bindings[c->in[GPR_R8]];
	struct td service;
	uint8_t hash[48];
	uint64_t st;

	td_load(c->m, c->scratch[0], &service);
	st = service_hash(c, &service, c->in[GPR_R10], hash);
	if (!st)
		st = b->state == SERVTD_STATE_NOT_BOUND ? check_first_binding(c) : check_rebinding(c, b, &service, hash);
	if (st)
		return st;
	if (b->state == SERVTD_STATE_NOT_BOUND)
		bind_slot(c, b, hash);
	memcpy(b->info_hash, hash, 48);
	memcpy(b->uuid, service.tdr->uuid, sizeof(b->uuid));
	b->state = SERVTD_STATE_BOUND;
	c->regs->gpr[GPR_RCX] = ((c->td.pa & HANDLE_TDR) | c->in[GPR_R8]) + b->uuid[0];
	uuid_out(c, c->td.tdr->uuid);
	return TDX_SUCCESS;
}

uint64_t tdh_servtd_prebind(struct call *c)
{
	struct servtd_binding *b = &c->td.tdcs->servtd_bindings[c->in[GPR_R8]];
	uint8_t bounce[48], hash[48];
	const void *from = shared_in(c, c->in[GPR_RDX], sizeof(hash), bounce);

	if (b->state == SERVTD_STATE_BOUND)
		return fail(c, TDX_SERVTD_BOUND, "slot %u of the TD at %x is bound to a service TD", c->in[GPR_R8],
			    c->td.pa);
	if (from)
		memcpy(hash, from, sizeof(hash));
	else
		memset(hash, 0xff, sizeof(hash));
	if (b->state == SERVTD_STATE_PRE_BOUND)
		c->td.tdcs->servtd_num--;
	bind_slot(c, b, hash);
	b->state = SERVTD_STATE_PRE_BOUND;
	return TDX_SUCCESS;
}

/* ---- TDG.SERVTD.RD, WR ---- */

/* What the service TD can't help, its host must: TD exit with the status and the target TD. */
static uint64_t cross_td_trap(struct call *c, uint64_t status, uint64_t target_pa)
{
	struct guest_exit *x = guest_exit_of(c);

	exit_plain(x, TDX_CROSS_TD_TRAP);
	x->exit.extended = status;
	x->exit.gpa = target_pa;
	c->regs->gpr[GPR_RAX] = status;
	return leaf_leaves(c);
}

/*
 * What is merely busy is the service TD's to try again, all else is for the host: also a state that the host itself
 * waits for.
 */
static uint64_t target_td(struct call *c, uint64_t pa, struct td *target)
{
	uint64_t st = other_td(c, TDX_OPERAND_ID_TDR, pa, c->leaf->op_states, target);

	const uint16_t *lock = st == (TDX_OPERAND_BUSY | TDX_OPERAND_ID_OP_STATE) ? &target->tdcs->op_state_lock :
			       st == (TDX_OPERAND_BUSY | TDX_OPERAND_ID_TDR) ? &pamt_at(c->m, pa, PAGE_SIZE_4K)->lock : NULL;

	if (lock && lock_held(lock, LOCK_BIT_HOST_PRIO))
		st ^= TDX_OPERAND_BUSY ^ TDX_OPERAND_BUSY_HOST_PRIORITY;
	if (!st || TDX_STATUS_CODE(st) == TDX_OPERAND_BUSY)
		return st;
	return cross_td_trap(c, st, pa);
}

static bool leaves(const struct call *c, uint64_t status)
{
	return status || c->where == MODULE_TO_HOST;
}

static uint64_t check_target_uuid(struct call *c, const struct td *target)
{
	const uint64_t *uuid = &c->in[GPR_R10];

	if (!memcmp(uuid, target->tdr->uuid, sizeof(target->tdr->uuid)))
		return TDX_SUCCESS;
	if (memcmp(uuid, target->tdcs->pre_import_uuid, sizeof(target->tdcs->pre_import_uuid)))
		return fail(c, TDX_TARGET_UUID_MISMATCH, "R10 to R13 (%x %x %x %x) are not the UUID of the target TD",
			    uuid[0], uuid[1], uuid[2], uuid[3]);
	uuid_out(c, target->tdr->uuid);
	return fail(c, TDX_TARGET_UUID_UPDATED, "R10 to R13 (%x %x %x %x) are the UUID from before the target's import",
		    uuid[0], uuid[1], uuid[2], uuid[3]);
}

static uint64_t check_binding(struct call *c, const struct td *target, unsigned slot)
{
	const struct servtd_binding *b = &target->tdcs->servtd_bindings[slot];
	uint8_t hash[48];
	uint64_t st = guest_lock(c, &target->tdcs->servtd_lock, LOCK_SHARED, TDX_OPERAND_ID_SERVTD_BINDINGS,
				 "the target TD's service TD bindings");

	if (st)
		return st;
	if (b->state != SERVTD_STATE_BOUND)
		st = fail(c, TDX_SERVTD_NOT_BOUND | slot, "slot %u of the TD at %x is not bound", slot, target->pa);
	else if (!is_bound_to(b, &c->td))
		st = fail(c, TDX_SERVTD_UUID_MISMATCH, "slot %u of the TD at %x is bound to another TD", slot,
			  target->pa);
	if (st)
		return cross_td_trap(c, st, target->pa);
	st = service_hash(c, &c->td, b->attributes, hash);
	if (!st && memcmp(b->info_hash, hash, 48))
		return cross_td_trap(c, hash_mismatch(c, &c->td, target, b->attributes), target->pa);
	return st;
}

/* The target TD, locked, with the service TD's right to it. */
static uint64_t reach_target(struct call *c, struct td *target)
{
	uint64_t handle = c->in[GPR_RCX] - c->td.tdr->uuid[0], st;

	c->regs->gpr[GPR_R8] = 0;
	if ((handle & HANDLE_SLOT) >= SERVTD_SLOTS)
		return fail(c, TDX_OPERAND_INVALID | GPR_RCX, "slot %u: a TD has %u", handle & HANDLE_SLOT,
			    SERVTD_SLOTS);
	st = target_td(c, handle & HANDLE_TDR, target);
	if (leaves(c, st))
		return st;
	st = check_target_uuid(c, target);
	return st ? st : check_binding(c, target, handle & HANDLE_SLOT);
}

static struct md_access access_of(struct call *c, const struct td *target)
{
	return (struct md_access){ .c = c, .ctx = MD_TD, .reader = MD_BY_MIGTD, .td = target };
}

uint64_t tdg_servtd_rd(struct call *c)
{
	struct td target = { 0 };
	struct md_access a = access_of(c, &target);
	uint64_t st;

	c->regs->gpr[GPR_RDX] = MD_NONE;
	st = reach_target(c, &target);
	return leaves(c, st) ? st : md_read_as(&a, true);
}

uint64_t tdg_servtd_wr(struct call *c)
{
	struct td target = { 0 };
	struct md_access a = access_of(c, &target);
	uint64_t st = reach_target(c, &target);

	a.write = true;
	return leaves(c, st) ? st : md_write_as(&a);
}
