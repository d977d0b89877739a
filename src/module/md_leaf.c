// SPDX-License-Identifier: MIT
/*
 * The leaves that read and write single metadata fields: TDH.SYS.RD, MNG.RD, MNG.WR, VP.RD, VP.WR, TDG.SYS.RD, VM.RD,
 * VM.WR, VP.RD, VP.WR; and the lists of TDH.SYS.RDALL and TDG.SYS.RDALL.
 */
#include <string.h>
#include "gen/checks.h"
#include "module/guest.h"
#include "module/guest_mem.h"
#include "module/md_list.h"
#include "module/metadata.h"
#include "module/state.h"

/* ---- before anything else ---- */

/* Version 1 of a read returns the next field in RDX. */
uint64_t md_begin_versioned(struct call *c)
{
	if (c->version)
		c->regs->gpr[GPR_RDX] = MD_NONE;
	return check_version(c);
}

/* ---- reading and writing ---- */

static struct md_access access_of(struct call *c, enum md_ctx ctx)
{
	return (struct md_access){
		.c = c, .ctx = ctx, .reader = c->guest ? MD_BY_GUEST : MD_BY_HOST,
		.td = ctx == MD_SYS ? NULL : &c->td, .vp = ctx == MD_VP ? &c->vp : NULL,
	};
}

uint64_t md_read_as(const struct md_access *a, bool next)
{
	struct call *c = a->c;
	uint64_t id = md_in_context(c->in[GPR_RDX], a->ctx), value = 0, status;

	if (next && md_is_none(id)) {
		c->regs->gpr[GPR_RDX] = md_next(a, MD_NONE);
		return TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT;
	}
	if ((status = md_check_id(c, id)) || (status = md_read(a, id, &value)))
		return status;
	if (next)
		c->regs->gpr[GPR_RDX] = md_next(a, id);
	c->regs->gpr[GPR_R8] = value;
	return 0;
}

uint64_t md_write_as(const struct md_access *a)
{
	struct call *c = a->c;
	uint64_t id = md_in_context(c->in[GPR_RDX], a->ctx), old = 0, status;

	if ((status = md_check_id(c, id)) || (status = md_write(a, id, c->in[GPR_R8], c->in[GPR_R9], &old)))
		return status;
	c->regs->gpr[GPR_R8] = old;
	return 0;
}

/* A read that has versions returns the next field from version 1 on. */
uint64_t md_read_leaf(struct call *c)
{
	struct md_access a = access_of(c, (enum md_ctx)c->leaf->context);

	return md_read_as(&a, c->version || !c->leaf->max_version);
}

uint64_t md_write_leaf(struct call *c)
{
	struct md_access a = access_of(c, (enum md_ctx)c->leaf->context);

	return md_write_as(&a);
}

/* ---- lists ---- */

static uint64_t dump_sys(struct call *c, void *page)
{
	uint8_t list[PAGE_BYTES] __attribute__((aligned(8))) = { 0 };
	struct md_access a = access_of(c, MD_SYS);
	uint64_t status = md_dump_list(&a, c->in[GPR_R8], list, sizeof(list), &c->regs->gpr[GPR_R8]);

	if (!status || status == TDX_METADATA_LIST_OVERFLOW)
		memcpy(page, list, word_load(list, 2));
	return status;
}

uint64_t tdh_sys_rdall(struct call *c)
{
	void *page = shared_out(c, c->in[GPR_RDX], PAGE_BYTES);

	if (!page)
		return fail(c, TDX_OPERAND_INVALID | GPR_RDX, "there is no memory at %x for a list", c->in[GPR_RDX]);
	return dump_sys(c, page);
}

uint64_t tdg_sys_rdall(struct call *c)
{
	uint64_t gpa = c->in[GPR_RDX];
	void *page;

	if (gpa & (PAGE_BYTES - 1) || !guest_gpa_valid(&c->td, gpa, true))
		return fail(c, TDX_OPERAND_INVALID | GPR_RDX, "GPA %x is no page of the TD's private memory", gpa);
	page = guest_map(guest_exit_of(c), gpa, EPT_R | EPT_W);
	return page ? dump_sys(c, page) : leaf_leaves(c);
}
