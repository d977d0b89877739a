// SPDX-License-Identifier: MIT
/*
 * The call layer in a translation unit without a C library, in C and in C++: builds.sh compiles it
 * in many ways.
 */
#include "tdx/tdx.h"

#ifdef __cplusplus
extern "C" {
#endif

tdx_status_t host(tdx_gpa_t gpa, tdx_tdr_t tdr, tdx_hpa_t page, tdx_shared_hpa_t source,
		  struct tdx_sept_error *ext);
tdx_status_t migrate(struct tdh_import_mem_args args, tdx_gpa_list_t *next);
tdx_status_t l2(tdx_u64 vm, tdx_gpa_t state, struct tdg_vp_enter_out *out);
tdx_answer_t guest(tdx_u64 port, tdx_u64 *data);
tdx_status_t run(tdx_tdvpr_t vp, struct tdx_module_args *regs);

tdx_status_t host(tdx_gpa_t gpa, tdx_tdr_t tdr, tdx_hpa_t page, tdx_shared_hpa_t source,
		  struct tdx_sept_error *ext)
{
	tdx_status_t status = tdh_mem_page_add(gpa, tdr, page, source, ext);

	return tdx_status_ok(status) ? tdh_mem_track(tdr) : status;
}

tdx_status_t migrate(struct tdh_import_mem_args args, tdx_gpa_list_t *next)
{
	return tdh_import_mem(args, next);
}

tdx_status_t l2(tdx_u64 vm, tdx_gpa_t state, struct tdg_vp_enter_out *out)
{
	return tdg_vp_enter(vm, state, out);
}

tdx_answer_t guest(tdx_u64 port, tdx_u64 *data)
{
	return tdg_vp_vmcall_instruction_io(tdx_width(1), TDX_READ, tdx_port(port), 0, data);
}

tdx_status_t run(tdx_tdvpr_t vp, struct tdx_module_args *regs)
{
	return tdh_vp_enter(vp, 0, regs);
}

#ifdef __cplusplus
}
#endif
