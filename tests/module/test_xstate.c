// SPDX-License-Identifier: MIT
/*
 * What a guest has in its SSE registers while the host runs: MXCSR is there again even if all XMM registers are zero, whose
 * component is then in its initial state but for it.
 */
#include "guest_box.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>

#undef fail /* the module's and cmocka's differ */
#include <cmocka.h>

#define CR4_OSFXSR 0x200ull
#define READ 0x40
#define NEAREST_UP 0x5f80 /* rounds up, exceptions masked */

/* In flat 32-bit mode; HLT is a #VE, which ends the run. */
static const uint8_t code[1][VMM_4K] = { {
	0x0f, 0xae, 0x15, 0x80, 0x00, 0x10, 0x00, /* ldmxcsr [100080] */
	0xf4,                                     /* hlt */
	[READ] = 0x0f, 0xae, 0x1d, 0x84, 0x00, 0x10, 0x00, /* stmxcsr [100084] */
	0xa1, 0x84, 0x00, 0x10, 0x00,             /* mov eax, [100084] */
	0xf4,                                     /* hlt */
	[0x80] = NEAREST_UP & 0xff, NEAREST_UP >> 8,
} };

static void run_at(struct guest_box *b, uint64_t offset)
{
	seamless_set_guest_field(VMCS_GUEST_RIP, BOX_GPA + offset);
	seamless_set_guest_field(VMCS_ENTRY_INTR_INFO, 0); /* the #VE of the last run */
	seamless_set_guest_field(VMCS_GUEST_CR4, box_field(VMCS_GUEST_CR4) | CR4_OSFXSR);
	box_run(b);
	assert_int_equal(b->where, SEAMLESS_TO_GUEST);
}

static void mxcsr_over_a_td_exit(void **state)
{
	const struct td_config config = { .xfam = 3, .max_vcpus = 1, .tsc_frequency = 40 };
	struct seamless_vm_exit interrupt = { .reason = EXIT_REASON_EXTERNAL_INTERRUPT, .intr_info = 0x80000020 };
	struct guest_box b;

	(void)state;
	box_open_with(&b, &config, code, 1);
	box_enter(&b);
	run_at(&b, 0);
	b.where = seamless_vm_exit(&interrupt, &b.regs);
	assert_int_equal(b.where, SEAMLESS_TO_HOST);
	box_enter(&b);
	run_at(&b, READ);
	assert_int_equal(b.regs.gpr[GPR_RAX], NEAREST_UP);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mxcsr_over_a_td_exit),
	};

	return cmocka_run_group_tests_name("module-xstate", tests, NULL, NULL);
}
