// SPDX-License-Identifier: MIT
/*
 * Instructions that may raise exceptions.
 */
#include "guest/attempt.h"

#define RET 0xc3

static uint8_t code_page[ATTEMPT_MAX + 1];
static size_t code_size;
static struct attempt *now;

static void on_exception(struct guest_frame *frame)
{
	if (frame->rip != (uint64_t)code_page)
		guest_fail("an exception of no instruction that was tried");
	now->vector = (unsigned)frame->vector;
	now->error = frame->error;
	if (frame->vector == VE && !tdx_status_ok(tdg_vp_veinfo_get(&now->ve)))
		guest_fail("#VE without information");
	frame->rip += code_size;
}

void attempt_begin(void)
{
	guest_on(UD, on_exception);
	guest_on(GP, on_exception);
	guest_on(PF, on_exception);
	guest_on(VE, on_exception);
}

unsigned attempt(struct attempt *a, const uint8_t *code, size_t size)
{
	if (size > ATTEMPT_MAX)
		guest_fail("an instruction of more than 15 bytes");
	memcpy(code_page, code, size);
	code_page[size] = RET;
	code_size = size;
	a->vector = NOTHING;
	now = a;
	__asm__ volatile("call *%[code]"
			 : "+a"(a->rax), "+b"(a->rbx), "+c"(a->rcx), "+d"(a->rdx), "+D"(a->rdi)
			 : [code] "r"(code_page), "S"(a->rdi)
			 : "memory", "cc");
	return a->vector;
}

bool attempt_is_ve(const struct attempt *a, uint64_t reason, uint64_t qualification, size_t size)
{
	return a->vector == VE && a->ve.exit_reason == reason &&
	       a->ve.exit_qualification == qualification &&
	       (uint32_t)a->ve.instr_len_info == size && !a->ve.gla && !a->ve.gpa.value;
}
