// SPDX-License-Identifier: MIT
/*
 * The life of a TD: see life.h.
 */
#define TDX_WANT_IDLE_LEAVES
#include "life.h"

#include <stdio.h>
#include <string.h>

#include "../typed_calls.h"

#define PAMT_4K	    0x30000000ULL
#define PAMT_2M	    0x30400000ULL
#define PAMT_1G	    0x30402000ULL
#define RESERVED    0x10000000ULL /* from PAMT_4K: PAMTs and the host's buffers */
#define LIST	    0x38000000ULL
#define TDMR_INFO   0x38001000ULL
#define PARAMS	    0x38002000ULL
#define SOURCE	    0x38003000ULL
#define FIRST_TD    0x1000000ULL
#define SECOND_TD   0x1100000ULL
#define TD	    tdx_tdr(base)
#define VCPU	    tdx_tdvpr(base + 0x10000)
#define HKID	    tdx_hkid(33)
#define SEPT_PAGE   0x1020000ULL /* three, then the TD's one page */
#define PAGE	    0x1030000ULL
#define PAGE_GPA    0x7000ULL
#define INIT_VALUE  0x123456789ABCULL
#define NUM_VMCALLS (sizeof(typed_vmcalls) / sizeof(typed_vmcalls[0]))
#define DONE	    0x5EA1 /* R11 of the guest's last TDVMCALL */

/* What guest and host put into register reg around call n. */
#define OPERAND(n, reg) (0xC0DE000000000000ULL | (tdx_u64)(n) << 16 | (reg))
#define ANSWER(n, reg)	(0xA5A5000000000000ULL | (tdx_u64)(n) << 16 | (reg))

#define MUST(call)                                                                                 \
	do {                                                                                       \
		tdx_status_t status_ = (call);                                                     \
		if (!tdx_status_ok(status_)) {                                                     \
			printf("%s: status 0x%016llx\n", #call,                                    \
			       (unsigned long long)status_.value);                                 \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

#define RIGHT(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("line %d: not so: %s\n", __LINE__, #condition);                     \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

static tdx_u64 base = FIRST_TD; /* of the TD's pages */

/* The guest's findings. Host and guest are one program: they share its memory. */
static volatile tdx_u64 guest_initial, guest_failures;

static int bring_up(const struct life *program)
{
	tdx_hpa_t next = tdx_hpa(0);

	MUST(tdh_sys_init(0, NULL));
	MUST(tdh_sys_lp_init(NULL));
	program->put64(LIST, TDMR_INFO);
	program->put64(TDMR_INFO + TDX_TDMR_INFO_TDMR_SIZE_OFFSET, LIFE_MEMORY);
	program->put64(TDMR_INFO + TDX_TDMR_INFO_PAMT_1G_BASE_OFFSET, PAMT_1G);
	program->put64(TDMR_INFO + TDX_TDMR_INFO_PAMT_1G_SIZE_OFFSET, 0x1000);
	program->put64(TDMR_INFO + TDX_TDMR_INFO_PAMT_2M_BASE_OFFSET, PAMT_2M);
	program->put64(TDMR_INFO + TDX_TDMR_INFO_PAMT_2M_SIZE_OFFSET, 0x2000);
	program->put64(TDMR_INFO + TDX_TDMR_INFO_PAMT_4K_BASE_OFFSET, PAMT_4K);
	program->put64(TDMR_INFO + TDX_TDMR_INFO_PAMT_4K_SIZE_OFFSET, 0x400000);
	program->put64(TDMR_INFO + TDX_TDMR_INFO_RSVD_AREAS_OFFSET + 8,
		       0x100000); /* the first MiB is no CMR */
	program->put64(TDMR_INFO + TDX_TDMR_INFO_RSVD_AREAS_OFFSET + 16, PAMT_4K);
	program->put64(TDMR_INFO + TDX_TDMR_INFO_RSVD_AREAS_OFFSET + 24, RESERVED);
	MUST(tdh_sys_config(tdx_shared_hpa(LIST), 1, tdx_hkid(32)));
	MUST(tdh_sys_key_config());
	while (next.value < LIFE_MEMORY)
		MUST(tdh_sys_tdmr_init(tdx_hpa(0), &next));
	return 0;
}

/* Calls that read: outputs in their places, and the operand of a refusal. */
static int read_platform(void)
{
	struct tdh_phymem_page_rdmd_out page;
	tdx_field_t next;
	tdx_u64 value = 0;
	tdx_status_t status;

	MUST(tdh_sys_rd(tdx_field(TDX_MD_SYS_MAX_TDMRS), &next, &value));
	RIGHT(value >= 1 && next.value != 0);
	MUST(tdh_phymem_page_rdmd(tdx_hpa(TD.value), &page));
	RIGHT(page.page_type == TDX_PT_TDR && page.size == 0);
	status = tdh_phymem_page_rdmd(tdx_hpa(TD.value + 1), &page);
	RIGHT(tdx_status_is_with(status, TDX_OPERAND_INVALID, TDX_OPERAND_ID_RCX));
	return 0;
}

static int create_td(const struct life *program, tdx_u64 params)
{
	MUST(tdh_mng_create(TD, HKID));
	MUST(tdh_mng_key_config(TD));
	for (tdx_u64 i = 0; i < 6; i++)
		MUST(tdh_mng_addcx(tdx_hpa(TD.value + 0x1000 + i * 4096), TD));
	program->put64(params, 1); /* ATTRIBUTES: DEBUG */
	program->put64(params + TDX_TD_PARAMS_XFAM_OFFSET, 3);
	program->put64(params + TDX_TD_PARAMS_MAX_VCPUS_OFFSET, 1);
	program->put64(params + TDX_TD_PARAMS_EPTP_CONTROLS_OFFSET,
		       0x1E); /* write-back, four levels */
	program->put64(params + TDX_TD_PARAMS_TSC_FREQUENCY_OFFSET, 40); /* of 25 MHz */
	MUST(tdh_mng_init(TD, tdx_shared_hpa(params), NULL));
	MUST(tdh_vp_create(VCPU, TD));
	for (tdx_u64 i = 0; i < 5; i++)
		MUST(tdh_vp_addcx(tdx_hpa(VCPU.value + 0x1000 + i * 4096), VCPU));
	MUST(tdh_vp_init(VCPU, INIT_VALUE));
	return 0;
}

/* The TD's one page: a walk that fails says how far it came, a read gives what the source had. */
static int add_memory(const struct life *program)
{
	struct tdx_sept_error ext;
	tdx_status_t status;
	tdx_u64 value = 0;

	program->put64(SOURCE, SOURCE);
	status = tdh_mem_page_add(tdx_gpa(PAGE_GPA), TD, tdx_hpa(PAGE), tdx_shared_hpa(SOURCE),
				  &ext);
	RIGHT(tdx_status_is_with(status, TDX_EPT_WALK_FAILED, TDX_OPERAND_ID_RCX) &&
	      (ext.info & 7) == 3);
	for (tdx_u64 level = 3; level; level--)
		MUST(tdh_mem_sept_add(tdx_gpa(0), tdx_level(level), TD, 0,
				      tdx_hpa(SEPT_PAGE + level * 4096), NULL));
	MUST(tdh_mem_page_add(tdx_gpa(PAGE_GPA), TD, tdx_hpa(PAGE), tdx_shared_hpa(SOURCE), NULL));
	for (tdx_u64 at = 0; at < 4096; at += 256)
		MUST(tdh_mr_extend(tdx_gpa(PAGE_GPA + at), TD, NULL));
	MUST(tdh_mr_finalize(TD));
	MUST(tdh_mem_rd(tdx_gpa(PAGE_GPA), TD, &value, NULL));
	RIGHT(value == SOURCE);
	return 0;
}

static unsigned int exposed_by(const struct leaf_desc *leaf)
{
	return leaf->in_mask[0] | leaf->out_mask[0] | 1u << REG_R10 | 1u << REG_R11;
}

static int has_operand(const struct leaf_desc *leaf, unsigned int reg)
{
	for (unsigned int i = 0; i < leaf->num_ins; i++)
		if (leaf->ins[i].reg == reg)
			return 1;
	return 0;
}

/* The host's view of TDVMCALL n: what is exposed, by register index, and nothing else. */
static int operands_arrived(unsigned int n, const tdx_u64 regs[16])
{
	const struct leaf_desc *leaf = leaf_by_number(LEAF_VMCALL, typed_vmcalls[n].number);
	unsigned int exposed = exposed_by(leaf);

	RIGHT(regs[REG_RCX] == exposed && regs[REG_R11] == leaf->number);
	for (unsigned int reg = REG_RDX; reg < 16; reg++) {
		if (reg == REG_RSP || reg == REG_RBP || reg == REG_R11)
			continue;
		if (regs[reg] != (has_operand(leaf, reg) ? OPERAND(n, reg) : 0)) {
			printf("%s: %s is 0x%llx in the host\n", typed_vmcalls[n].name,
			       abi_reg_names[reg], (unsigned long long)regs[reg]);
			return 1;
		}
	}
	return 0;
}

/* Enters until the guest is done, and answers each of its calls in every register. */
static int run(void)
{
	tdx_u64 regs[16] = { 0 };

	for (unsigned int n = 0;; n++) {
		tdx_status_t status = tdh_vp_enter(VCPU, 0, regs);

		RIGHT(tdx_status_is_with(status, TDX_SUCCESS, TDX_EXIT_REASON_TDCALL));
		if (regs[REG_R11] == DONE)
			return n != NUM_VMCALLS;
		if (n == NUM_VMCALLS || operands_arrived(n, regs))
			return 1;
		for (unsigned int reg = 0; reg < 16; reg++)
			regs[reg] = ANSWER(n, reg);
	}
}

static int tear_down(void)
{
	MUST(tdh_vp_flush(VCPU));
	MUST(tdh_mng_vpflushdone(TD));
	MUST(tdh_phymem_cache_wb(0));
	MUST(tdh_mng_key_freeid(TD));
	for (tdx_u64 i = 1; i < 7; i++)
		MUST(tdh_phymem_page_reclaim(tdx_hpa(TD.value + i * 4096), NULL));
	for (tdx_u64 i = 0; i < 6; i++)
		MUST(tdh_phymem_page_reclaim(tdx_hpa(VCPU.value + i * 4096), NULL));
	for (tdx_u64 i = 1; i < 4; i++)
		MUST(tdh_phymem_page_reclaim(tdx_hpa(SEPT_PAGE + i * 4096), NULL));
	MUST(tdh_phymem_page_reclaim(tdx_hpa(PAGE), NULL));
	MUST(tdh_phymem_page_reclaim(tdx_hpa(TD.value), NULL));
	return 0;
}

int life(const struct life *program)
{
	if (bring_up(program) || create_td(program, PARAMS) || read_platform() ||
	    add_memory(program))
		return 1;
	program->start_guest();
	if (run())
		return 1;
	RIGHT(guest_initial == INIT_VALUE);
	RIGHT(guest_failures == 0);
	return tear_down();
}

int life_again(const struct life *program)
{
	const tdx_u64 reused = FIRST_TD + 0x1000;

	if (life(program))
		return 1;
	for (tdx_u64 at = 0; at < 4096; at += 8)
		program->put64(reused + at, 0);
	base = SECOND_TD;
	return create_td(program, reused) || add_memory(program) || tear_down();
}

/* One TDVMCALL by its typed call: the VMM's answers arrive where the tables say. */
static void vmcall(unsigned int n)
{
	tdx_u64 in[16];
	struct probe p = { 0 };

	for (unsigned int reg = 0; reg < 16; reg++)
		in[reg] = OPERAND(n, reg);
	typed_vmcalls[n].run(in, &p);
	if (p.status != ANSWER(n, REG_R10))
		guest_failures++;
	for (unsigned int reg = 0; reg < 16; reg++)
		if (p.out_mask >> reg & 1 && p.out[reg] != ANSWER(n, reg))
			guest_failures++;
}

/* Leaves that the module answers: it is not the VMM that says this. */
static void ask_the_module(void)
{
	struct tdg_vp_info_out info;
	tdx_u64 value = 0;

	if (!tdx_status_ok(tdg_vp_info(&info)) || info.vcpus != (1ULL | 1ULL << 32) ||
	    info.attributes != 1)
		guest_failures++;
	if (!tdx_status_ok(tdg_vm_rd(TDX_SELF, tdx_field(TDX_MD_TD_ATTRIBUTES), &value)) ||
	    value != 1)
		guest_failures++;
	if (!tdx_status_is(tdg_vp_veinfo_get(NULL), TDX_NO_VALID_VE_INFO))
		guest_failures++;
	if (!tdx_status_ok(tdg_mr_rtmr_extend(tdx_gpa(PAGE_GPA), 2)))
		guest_failures++;
	if (!tdx_status_is_with(tdg_mr_rtmr_extend(tdx_gpa(PAGE_GPA), 4), TDX_OPERAND_INVALID,
				TDX_OPERAND_ID_RDX))
		guest_failures++;
	if (!tdx_status_is(tdg_mem_page_accept(tdx_gpa(PAGE_GPA), TDX_LEVEL_4K),
			   TDX_PAGE_ALREADY_ACCEPTED))
		guest_failures++;
}

void life_guest(tdx_u64 initial)
{
	guest_initial = initial;
	ask_the_module();
	for (unsigned int n = 0; n < NUM_VMCALLS; n++)
		vmcall(n);
	for (;;) {
		struct tdx_module_args args = { 0 };

		args.rcx = TDX_VMCALL_R10 | TDX_VMCALL_R11;
		args.r11 = DONE;
		tdvmcall(&args);
	}
}
