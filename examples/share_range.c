// SPDX-License-Identifier: MIT
/*
 * A guest's TDVMCALL: asks the VMM to make a range of guest-physical memory shared or private
 * (MapGPA; the shared bit of gpa says which). The VMM may do a part and say where it stopped. It is
 * not trusted: what it says is checked before it is used.
 */
#include <tdx/tdx.h>

#define PAGE	       0x1000UL
#define TRIES_PER_STOP 1000

int share_range(tdx_u64 gpa, tdx_u64 size);

int share_range(tdx_u64 gpa, tdx_u64 size)
{
	const tdx_u64 end = gpa + size;
	unsigned int tries = TRIES_PER_STOP;
	tdx_answer_t answer;
	tdx_gpa_t stopped;

	for (;;) {
		answer = tdg_vp_vmcall_map_gpa(tdx_gpa(gpa), end - gpa, &stopped);
		if (tdx_answer_ok(answer))
			return 0;
		if (!tdx_answer_is(answer, TDX_VMCALL_RETRY))
			return -1;
		if (stopped.value < gpa || stopped.value >= end || stopped.value % PAGE)
			return -1; /* it answers for memory that it was not asked about */
		if (stopped.value == gpa && --tries == 0)
			return -1; /* it gets nowhere */
		if (stopped.value != gpa)
			tries = TRIES_PER_STOP;
		gpa = stopped.value;
	}
}
