// SPDX-License-Identifier: MIT
/*
 * What must not compile: CASE 0 and the one after the last are right, every other CASE has one
 * mistake. mustfail.sh tries them all.
 */
#include "tdx/tdx.h"

tdx_status_t page_add(tdx_gpa_t gpa, tdx_tdr_t tdr, tdx_hpa_t page, tdx_shared_hpa_t source, tdx_level_t level,
		      tdx_hkid_t hkid, tdx_field_t field, tdx_tdvpr_t tdvpr, tdx_status_t status);

tdx_status_t page_add(tdx_gpa_t gpa, tdx_tdr_t tdr, tdx_hpa_t page, tdx_shared_hpa_t source, tdx_level_t level,
		      tdx_hkid_t hkid, tdx_field_t field, tdx_tdvpr_t tdvpr, tdx_status_t status)
{
	tdx_u64 value = 0;

	/* A name left unused would be a mistake of its own and hide that the one of the CASE is taken. */
	(void)gpa, (void)tdr, (void)page, (void)source, (void)level, (void)hkid, (void)field, (void)tdvpr;
	(void)status, (void)value;
#if CASE == 0
	status = tdh_mem_page_add(gpa, tdr, page, source, NULL);
	status = tdh_mem_page_aug(gpa, level, tdr, page, NULL);
	status = tdh_mng_create(tdr, hkid);
	status = tdh_mng_rd(tdr, field, &value);
	if (tdx_status_is(status, TDX_OPERAND_BUSY))
		status = tdh_vp_flush(tdvpr);
	return tdx_answer_ok(tdg_vp_vmcall_instruction_hlt(0)) ? status : tdx_status(TDX_SUCCESS);
#elif CASE == 1 /* page and source swapped */
	return tdh_mem_page_add(gpa, tdr, source, page, NULL);
#elif CASE == 2 /* GPA and TDR swapped */
	return tdh_mem_page_add(tdr, gpa, page, source, NULL);
#elif CASE == 3 /* operand missing */
	return tdh_mem_page_add(gpa, tdr, page, NULL);
#elif CASE == 4 /* operand too many */
	return tdh_mem_page_add(gpa, tdr, page, source, hkid, NULL);
#elif CASE == 5 /* a bare number for an address */
	return tdh_mem_page_add(0x1000, tdr, page, source, NULL);
#elif CASE == 6 /* level and TDR swapped */
	return tdh_mem_page_aug(gpa, tdr, level, page, NULL);
#elif CASE == 7 /* a status for a key id */
	return tdh_mng_create(tdr, status);
#elif CASE == 8 /* a TDR for a TDVPR */
	return tdh_vp_flush(tdr);
#elif CASE == 9 /* a bare number for a field id */
	return tdh_mng_rd(tdr, 0x9110000300000000ULL, &value);
#elif CASE == 10 /* an address with a key id for one without */
	return tdh_phymem_page_reclaim(tdx_hpa_keyed(page.value), NULL);
#elif CASE == 11 /* an assembler offset of a slot that holds no operand */
	return tdx_status(TDX_ARGS_RAX);
#elif CASE == 12
	return tdx_status(TDX_ARGS_RBP);
#elif CASE == 13
	return tdx_status(TDX_ARGS_RSP);
#elif CASE == 14 /* registers out of order */
	TDX_ASSERT_REGS_LAYOUT(tdx_u64, 0, 2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	return status;
#elif CASE == 15 /* R8 to R15 not contiguous */
	TDX_ASSERT_REGS_LAYOUT(tdx_u64, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 14);
	return status;
#elif CASE == 16 /* 32-bit elements */
	TDX_ASSERT_REGS_LAYOUT(unsigned int, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	return status;
#elif CASE == 17 /* a leaf that does nothing has no call */
	return tdh_sys_lp_shutdown();
#elif CASE == 18 /* a status for an address */
	return tdh_mem_page_add(status, tdr, page, source, NULL);
#elif CASE == 19 /* a status compared with a number */
	return status == TDX_OPERAND_BUSY ? status : tdh_mng_create(tdr, hkid);
#elif CASE == 20 /* a status as a truth value */
	return status ? status : tdh_mng_create(tdr, hkid);
#elif CASE == 21
	return !status ? status : tdh_mng_create(tdr, hkid);
#elif CASE == 22 /* a number for a status */
	return TDX_SUCCESS;
#elif CASE == 23 /* a status for a number */
	value = tdh_mng_create(tdr, hkid);
	return tdx_status(value);
#elif CASE == 24 /* the name of a status for a status */
	return tdx_status_ok(TDX_SUCCESS) ? status : tdh_mng_create(tdr, hkid);
#elif CASE == 25 /* two statuses put together */
	return status | tdh_mng_create(tdr, hkid);
#elif CASE == 26 /* the VMM's answer for a status */
	return tdg_vp_vmcall_instruction_hlt(0);
#elif CASE == 27 /* a status for the VMM's answer */
	return tdx_answer_ok(status) ? status : tdh_mng_create(tdr, hkid);
#elif CASE == 28 /* the VMM's answer compared with a number */
	return tdg_vp_vmcall_instruction_hlt(0) == TDX_VMCALL_RETRY ? status : tdh_mng_create(tdr, hkid);
#elif CASE == 29 /* value and mask swapped */
	return tdh_mng_wr(tdr, field, tdx_mask(1), value, NULL);
#elif CASE == 30 /* report and data swapped */
	return tdg_mr_report(tdx_report_data(1), gpa, 0);
#elif CASE == 31 /* type and attributes of a service TD swapped */
	return tdh_servtd_prebind(tdr, source, 0, tdx_servtd_attr(0), tdx_servtd_type(0));
#elif CASE == 32 /* a number for a GPA in a TDVMCALL */
	return tdx_status(tdg_vp_vmcall_map_gpa(0x1000, 4096, NULL).value);
#elif CASE == 33 /* GPA and size swapped */
	return tdx_status(tdg_vp_vmcall_map_gpa(4096, gpa, NULL).value);
#elif CASE == 34 /* an MSR and its value swapped */
	return tdx_status(tdg_vp_vmcall_instruction_wrmsr(value, tdx_msr(0x1b)).value);
#elif CASE == 35 /* a level for a status */
	return level;
#elif CASE == 36 /* an address with a key id as a shared one */
	return tdh_mem_page_add(gpa, tdr, page, tdx_hpa_keyed(1), NULL);
#elif CASE == 37 /* operands of one type: they go by name */
	return tdx_status(tdg_vp_vmcall_instruction_cpuid(value, 0, NULL).value);
#elif CASE == 38 /* port and width swapped */
	return tdx_status(tdg_vp_vmcall_instruction_io(tdx_port(0x80), TDX_WRITE, tdx_width(1), 0, NULL).value);
#else /* no mistake: mustfail.sh tries the number after the last, so its count is right and nothing else fails */
	return status;
#endif
}
