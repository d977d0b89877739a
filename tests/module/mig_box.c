// SPDX-License-Identifier: MIT
/*
 * Two TDs and their migration TD.
 */
#include "mig_box.h"

#include "module/gpa_list.h"
#include "module/guest.h"
#include "vmx/vmcs.h"

#define ATTR_MIGRATABLE (1ull << 29)
#define RESUME (1ull << 63)
#define FIELD_MRTD	   0x1310000300000000ull
#define FIELD_CPUID_VALUES 0x9410000300000000ull
#define FIELD_MIG_DEC_KEY 0x9810000300000010ull
#define FIELD_MIG_VERSION 0x9810000100000020ull
#define MBMD_OPERAND (MIG_MBMD | 48ull << 52)
#define GPA_LIST_OPERAND (MIG_GPAS | (uint64_t)(MIG_PAGES - 1) << 55)

enum { RCX, RDX, R8, R9, R10, R11, R12, R13 };

static void load(struct cpu_regs *regs, uint64_t leaf, const uint64_t in[8])
{
	memset(regs, 0, sizeof(*regs));
	regs->gpr[GPR_RAX] = leaf;
	regs->gpr[GPR_RCX] = in[RCX];
	regs->gpr[GPR_RDX] = in[RDX];
	memcpy(&regs->gpr[GPR_R8], in + R8, 6 * sizeof(uint64_t));
}

static enum module_where seamcall(struct mig_box *m)
{
	return m->seamcall ? m->seamcall(m) : module_seamcall(m->b->m, 0, &m->b->regs);
}

/* An error that the same call, made again, need not meet. */
static bool passes(uint64_t status)
{
	return status >> 62 == 2 && status != TDX_INTERRUPTED_RESUMABLE;
}

uint64_t mig_call(struct mig_box *m, uint64_t leaf, const uint64_t in[8])
{
	uint64_t again[8];
	bool list = leaf == LEAF_TDH_EXPORT_MEM || leaf == LEAF_TDH_IMPORT_MEM ||
		    leaf == LEAF_TDH_EXPORT_RESTORE;

	memcpy(again, in, sizeof(again));
	platform_set_interrupt(m->b->p, m->interrupts);
	for (;;) {
		load(&m->b->regs, leaf, again);
		assert_int_equal(seamcall(m), MODULE_TO_HOST);
		if (m->seamcall && passes(m->b->regs.gpr[GPR_RAX]))
			continue;
		if (m->b->regs.gpr[GPR_RAX] != TDX_INTERRUPTED_RESUMABLE)
			break;
		again[R10] |= RESUME;
		if (list)
			again[RCX] = m->b->regs.gpr[GPR_RCX];
	}
	platform_set_interrupt(m->b->p, false);
	return m->b->regs.gpr[GPR_RAX];
}

static void ok(struct mig_box *m, uint64_t leaf, uint64_t rcx, uint64_t rdx)
{
	assert_int_equal(mig_call(m, leaf, (uint64_t[8]){ rcx, rdx }), TDX_SUCCESS);
}

uint64_t mig_peek(struct mig_box *m, uint64_t pa)
{
	uint64_t value;

	memcpy(&value, mem_ptr(&m->b->p->mem, pa, 8), 8);
	return value;
}

void mig_poke(struct mig_box *m, uint64_t pa, uint64_t value)
{
	assert_true(mem_host_write(&m->b->p->mem, MEM_NO_LP, pa, &value, 8));
}

uint64_t mig_md(struct mig_box *m, uint64_t tdr, uint64_t field)
{
	ok(m, LEAF_TDH_MNG_RD, tdr, field);
	return m->b->regs.gpr[GPR_R8];
}

/* ---- the migration TD ---- */

static void enter(struct mig_box *m)
{
	struct vcpu vp;
	struct vmcs *vmcs;

	load(&m->b->regs, LEAF_TDH_VP_ENTER, (uint64_t[8]){ m->migtd_vp });
	assert_int_equal(module_seamcall(m->b->m, 1, &m->b->regs), MODULE_TO_GUEST);
	vcpu_load(m->b->m, m->migtd_vp, &vp);
	vmcs = vcpu_vmcs(m->b->m, &vp, 0);
	vmcs_write(vmcs, VMCS_GUEST_EFER, 0xd01);
	vmcs_write(vmcs, VMCS_GUEST_CS_RIGHTS, 0xa09b);
}

static void leave(struct mig_box *m)
{
	const struct vm_exit e = { .reason = EXIT_REASON_EXTERNAL_INTERRUPT, .intr_info = 0x80000020 };

	platform_tsc_advance(m->b->p, 1 << 20); /* an interrupt at once looks like single-stepping */
	assert_int_equal(module_vm_exit(m->b->m, 1, &m->b->regs, &e), MODULE_TO_HOST);
}

uint64_t mig_tdcall(struct mig_box *m, const struct mig_td *td, uint64_t leaf, uint64_t field, uint64_t value)
{
	const struct vm_exit e = { .reason = EXIT_REASON_TDCALL, .instr_length = 4 };
	enum module_where where;
	uint64_t status, result;

	enter(m);
	load(&m->b->regs, leaf, (uint64_t[8]){ td->handle, field, value, UINT64_MAX, td->uuid[0], td->uuid[1],
					       td->uuid[2], td->uuid[3] });
	where = module_vm_exit(m->b->m, 1, &m->b->regs, &e);
	status = m->b->regs.gpr[GPR_RAX];
	result = m->b->regs.gpr[GPR_R8];
	if (where == MODULE_TO_GUEST)
		leave(m);
	m->b->regs.gpr[GPR_R8] = result;
	return status;
}

static void give_key(struct mig_box *m, const struct mig_td *from, const struct mig_td *to)
{
	uint64_t part;

	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(mig_tdcall(m, from, LEAF_TDG_SERVTD_RD, FIELD_MIG_ENC_KEY + i, 0), TDX_SUCCESS);
		part = m->b->regs.gpr[GPR_R8];
		assert_int_equal(mig_tdcall(m, to, LEAF_TDG_SERVTD_WR, FIELD_MIG_DEC_KEY + i, part), TDX_SUCCESS);
	}
	assert_int_equal(mig_tdcall(m, to, LEAF_TDG_SERVTD_WR, FIELD_MIG_VERSION, 0), TDX_SUCCESS);
}

void mig_exchange_keys(struct mig_box *m)
{
	give_key(m, &m->src, &m->dst);
	give_key(m, &m->dst, &m->src);
}

/* ---- building ---- */

static void bind(struct mig_box *m, struct mig_td *td, uint64_t migtd)
{
	ok(m, LEAF_TDH_SERVTD_BIND, td->tdr, migtd);
	td->handle = m->b->regs.gpr[GPR_RCX];
	memcpy(td->uuid, &m->b->regs.gpr[GPR_R10], sizeof(td->uuid));
	for (unsigned i = 0; i < 2; i++)
		ok(m, LEAF_TDH_MIG_STREAM_CREATE, box_page(m->b), td->tdr);
}

static void empty_td(struct mig_box *m, unsigned hkid)
{
	m->dst.tdr = box_page(m->b);
	ok(m, LEAF_TDH_MNG_CREATE, m->dst.tdr, hkid);
	for (unsigned pkg = 0; pkg < m->b->p->config.packages; pkg++)
		box_ok(m->b, pkg, LEAF_TDH_MNG_KEY_CONFIG, m->dst.tdr, 0, 0, 0);
	for (unsigned i = 0; i < 6; i++)
		ok(m, LEAF_TDH_MNG_ADDCX, box_page(m->b), m->dst.tdr);
}

void mig_open(struct mig_box *m)
{
	mig_open_on(m, "");
}

void mig_open_on(struct mig_box *m, const char *more_config)
{
	mig_open_in(m, box_create(more_config));
}

void mig_open_in(struct mig_box *m, struct box *b)
{
	uint64_t migtd;

	memset(m, 0, sizeof(*m));
	m->b = b;
	box_boot(m->b);
	migtd = box_td(m->b, BOX_HKID, &m->migtd_vp);
	ok(m, LEAF_TDH_MR_FINALIZE, migtd, 0);
	ok(m, LEAF_TDH_VP_FLUSH, m->migtd_vp, 0);
	m->b->attributes = ATTR_MIGRATABLE;
	m->src.tdr = box_td(m->b, BOX_HKID + 1, &m->src.vp);
	for (unsigned i = 0; i + 1 < MIG_PAGES; i++)
		box_add_page(m->b, m->src.tdr, i * 4096, (uint8_t)MIG_BYTE(i));
	empty_td(m, BOX_HKID + 2);
	for (unsigned i = 0; i < MIG_PAGES; i++)
		m->buffer[i] = box_page(m->b);
	bind(m, &m->src, migtd);
	bind(m, &m->dst, migtd);
	ok(m, LEAF_TDH_MR_FINALIZE, m->src.tdr, 0);
	box_ok(m->b, 0, LEAF_TDH_MEM_PAGE_AUG, (MIG_PAGES - 1) * 4096, m->src.tdr, box_page(m->b), 0);
	mig_exchange_keys(m);
}

void mig_close(struct mig_box *m)
{
	box_destroy(m->b);
}

void mig_add_tables(struct mig_box *m)
{
	for (unsigned level = 3; level; level--)
		box_ok(m->b, 0, LEAF_TDH_MEM_SEPT_ADD, level, m->dst.tdr, box_page(m->b), 0);
}

static void add_vcpu(struct mig_box *m)
{
	m->dst.vp = box_page(m->b);
	ok(m, LEAF_TDH_VP_CREATE, m->dst.vp, m->dst.tdr);
	for (unsigned i = 0; i < 5; i++)
		ok(m, LEAF_TDH_VP_ADDCX, box_page(m->b), m->dst.vp);
}

/* ---- bundles ---- */

static void list_buffers(struct mig_box *m, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		mig_poke(m, MIG_LIST + 8 * i, MIG_BUFFERS + i * 4096);
}

uint64_t mig_export_state(struct mig_box *m, uint64_t leaf, uint64_t object)
{
	uint64_t st;

	list_buffers(m, 16);
	st = mig_call(m, leaf, (uint64_t[8]){ object, 0, MBMD_OPERAND, MIG_LIST | 15ull << 55 });
	m->pages = (unsigned)m->b->regs.gpr[GPR_RDX];
	return st;
}

uint64_t mig_import_state(struct mig_box *m, uint64_t leaf, uint64_t object)
{
	list_buffers(m, 16);
	return mig_call(m, leaf, (uint64_t[8]){ object, 0, MBMD_OPERAND, MIG_LIST | (m->pages - 1ull) << 55 });
}

static void list_page_buffers(struct mig_box *m)
{
	for (unsigned i = 0; i < MIG_PAGES; i++)
		mig_poke(m, MIG_LIST + 8 * i, m->buffer[i]);
}

uint64_t mig_export_mem(struct mig_box *m, unsigned op)
{
	list_page_buffers(m);
	for (uint64_t i = 0; i < MIG_PAGES; i++)
		mig_poke(m, MIG_GPAS + 8 * i, i << 12 | (uint64_t)op << 52);
	return mig_call(m, LEAF_TDH_EXPORT_MEM, (uint64_t[8]){ GPA_LIST_OPERAND, m->src.tdr, MBMD_OPERAND, MIG_LIST, 0,
							       MIG_MACS, UINT64_MAX });
}

uint64_t mig_import_mem(struct mig_box *m, bool in_place)
{
	list_page_buffers(m);
	for (unsigned i = 0; i < MIG_PAGES && !in_place; i++)
		mig_poke(m, MIG_NEW + 8 * i, box_page(m->b));
	return mig_call(m, LEAF_TDH_IMPORT_MEM, (uint64_t[8]){ GPA_LIST_OPERAND, m->dst.tdr, MBMD_OPERAND, MIG_LIST, 0,
							       MIG_MACS, UINT64_MAX, in_place ? UINT64_MAX : MIG_NEW });
}

static void track(struct mig_box *m, uint64_t leaf, uint64_t tdr, uint64_t r10)
{
	assert_int_equal(mig_call(m, leaf, (uint64_t[8]){ tdr, 0, MBMD_OPERAND, 0, r10 }), TDX_SUCCESS);
}

void mig_all(struct mig_box *m, bool in_place)
{
	assert_int_equal(mig_export_state(m, LEAF_TDH_EXPORT_STATE_IMMUTABLE, m->src.tdr), TDX_SUCCESS);
	assert_int_equal(mig_import_state(m, LEAF_TDH_IMPORT_STATE_IMMUTABLE, m->dst.tdr), TDX_SUCCESS);
	mig_add_tables(m);
	ok(m, LEAF_TDH_EXPORT_PAUSE, m->src.tdr, 0);
	assert_int_equal(mig_export_mem(m, GPA_LIST_OP_MIGRATE), TDX_SUCCESS);
	assert_int_equal(mig_import_mem(m, in_place), TDX_SUCCESS);
	assert_int_equal(mig_export_state(m, LEAF_TDH_EXPORT_STATE_TD, m->src.tdr), TDX_SUCCESS);
	assert_int_equal(mig_import_state(m, LEAF_TDH_IMPORT_STATE_TD, m->dst.tdr), TDX_SUCCESS);
	add_vcpu(m);
	assert_int_equal(mig_export_state(m, LEAF_TDH_EXPORT_STATE_VP, m->src.vp), TDX_SUCCESS);
	assert_int_equal(mig_import_state(m, LEAF_TDH_IMPORT_STATE_VP, m->dst.vp), TDX_SUCCESS);
	track(m, LEAF_TDH_EXPORT_TRACK, m->src.tdr, RESUME);
	track(m, LEAF_TDH_IMPORT_TRACK, m->dst.tdr, 0);
	ok(m, LEAF_TDH_IMPORT_END, m->dst.tdr, 0);
}

/* ---- what arrived ---- */

uint64_t mig_page_of(struct mig_box *m, uint64_t tdr, uint64_t gpa, uint64_t *state)
{
	assert_int_equal(mig_call(m, LEAF_TDH_MEM_SEPT_RD, (uint64_t[8]){ gpa, tdr }), TDX_SUCCESS);
	*state = m->b->regs.gpr[GPR_RDX] >> 8 & 0xff;
	return m->b->regs.gpr[GPR_RCX] & SEPT_PA;
}

void mig_check_arrival(struct mig_box *m)
{
	uint64_t state, pa;

	assert_int_equal(mig_md(m, m->dst.tdr, FIELD_OP_STATE), OP_STATE_RUNNABLE);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(mig_md(m, m->dst.tdr, FIELD_MRTD + i),
				 mig_md(m, m->src.tdr, FIELD_MRTD + i));
	assert_int_equal(mig_md(m, m->dst.tdr, FIELD_ATTRIBUTES),
			 mig_md(m, m->src.tdr, FIELD_ATTRIBUTES));
	assert_int_equal(mig_md(m, m->dst.tdr, FIELD_CPUID_VALUES + 0x300),
			 mig_md(m, m->src.tdr, FIELD_CPUID_VALUES + 0x300));
	for (unsigned i = 0; i < MIG_PAGES; i++) {
		pa = mig_page_of(m, m->dst.tdr, i * 4096, &state);
		assert_int_equal(state, i + 1 < MIG_PAGES ? 4 : 2);
		assert_int_equal(mem_key(&m->b->p->mem, pa), BOX_HKID + 2);
		for (unsigned at = 0; at < 4096 && i + 1 < MIG_PAGES; at += 8)
			assert_int_equal(mig_peek(m, pa + at), MIG_BYTE(i) * 0x0101010101010101ull);
	}
	memset(&m->b->regs, 0, sizeof(m->b->regs));
	m->b->regs.gpr[GPR_RCX] = m->dst.vp;
	assert_int_equal(module_seamcall(m->b->m, 0, &m->b->regs), MODULE_TO_GUEST);
	assert_int_equal(m->b->regs.gpr[GPR_RBX], 48);
	module_vm_exit(m->b->m, 0, &m->b->regs,
		       &(struct vm_exit){ .reason = 1, .intr_info = 0x80000020 });
}
