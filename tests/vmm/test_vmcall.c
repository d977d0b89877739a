// SPDX-License-Identifier: MIT
/*
 * TDVMCALLs as a guest sees them: what is served, what is refused, and that no register changes
 * that the call does not return. No TD runs: the vCPU's registers are set by hand.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tdx/tdvmcall.h"
#include "vmm/regs.h"
#include "vmm/vm.h"

#define SHARED (1ull << 47) /* GPAW 48 */

struct fixture {
	struct vmm_host host;
	struct vmm_image image;
	struct vmm_vm vm;
	char console[16];
	size_t printed;
	uint64_t before[16];
};

static void collect(void *opaque, uint8_t byte)
{
	struct fixture *f = opaque;

	if (f->printed < sizeof(f->console) - 1)
		f->console[f->printed++] = (char)byte;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct vm_config config = { .vcpus = 2, .console = collect, .console_opaque = f };

	*state = f;
	if (!f)
		return -1;
	f->host.machine = seamless_create(NULL, NULL, 0);
	if (!f->host.machine)
		return -1;
	image_set_ram(&f->image, 64 << 20);
	vm_init(&f->vm, &f->host, &f->image, &config);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	seamless_destroy(f->host.machine);
	free(f);
	return 0;
}

/*
 * Calls with R12 to R15 and returns R10; the other registers hold marks, and their names in
 * `changes` may change.
 */
static uint64_t call(struct fixture *f, unsigned vcpu, uint64_t number, const uint64_t operand[4],
		     unsigned changes)
{
	uint64_t *regs = f->vm.vcpu[vcpu].regs;

	for (unsigned i = 0; i < 16; i++)
		regs[i] = 0x1111111111111111ull * i;
	regs[R10] = 0;
	regs[R11] = number;
	memcpy(&regs[R12], operand, 4 * sizeof(*operand));
	memcpy(f->before, regs, sizeof(f->before));
	vmcall_serve(&f->vm.vcpu[vcpu]);
	for (unsigned i = 0; i < 16; i++) {
		if (i != R10 && !(changes >> i & 1))
			assert_true(regs[i] == f->before[i]);
	}
	return regs[R10];
}

#define CALL(vcpu, number, changes, ...)                                                           \
	call(f, vcpu, number, (const uint64_t[4]){ __VA_ARGS__ }, changes)
#define REG(index, reg) (f->vm.vcpu[index].regs[reg])

static void console_and_ports(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(CALL(0, TDX_VMCALL_FN_INSTRUCTION_IO, 0, 1, 1, 0x3f8, 'x'), 0);
	assert_string_equal(f->console, "x");
	assert_int_equal(CALL(0, TDX_VMCALL_FN_INSTRUCTION_IO, 1 << R11, 1, 0, 0x3fd, 0), 0);
	assert_int_equal(REG(0, R11), 0x60);
	assert_int_equal(CALL(0, TDX_VMCALL_FN_INSTRUCTION_IO, 1 << R11, 4, 0, 0x1234, 0), 0);
	assert_true(REG(0, R11) == 0xffffffff);
	assert_int_equal(CALL(0, TDX_VMCALL_FN_INSTRUCTION_IO, 1 << R11, 1, 0, 0x42, 0), 0);
	assert_int_equal(REG(0, R11), 0);
	assert_true(CALL(0, TDX_VMCALL_FN_INSTRUCTION_IO, 0, 3, 0, 0x42, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
	assert_true(CALL(0, TDX_VMCALL_FN_INSTRUCTION_IO, 0, 0, 0, 0x42, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
	assert_true(CALL(0, TDX_VMCALL_FN_INSTRUCTION_IO, 0, 1, 2, 0x42, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
	assert_true(CALL(0, TDX_VMCALL_FN_INSTRUCTION_IO, 0, 1, 0, 0x10042, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
}

#define ALL_RESULTS (1 << R12 | 1 << R13 | 1 << R14 | 1 << R15)

static void cpuid(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(CALL(0, TDX_VMCALL_FN_INSTRUCTION_CPUID, ALL_RESULTS, 0x40000000, 0, 0, 0),
			 0);
	assert_true(REG(0, R12) == 0x40000001 && REG(0, R13) == 0x4b4d564b && REG(0, R15) == 0x4d);
	assert_int_equal(CALL(1, TDX_VMCALL_FN_INSTRUCTION_CPUID, ALL_RESULTS, 0xb, 0, 0, 0), 0);
	assert_int_equal(REG(1, R15), 1);
	assert_int_equal(CALL(0, TDX_VMCALL_FN_INSTRUCTION_CPUID, ALL_RESULTS, 0x12345, 0, 0, 0),
			 0);
	assert_true(!REG(0, R12) && !REG(0, R13) && !REG(0, R14) && !REG(0, R15));
}

static uint64_t rdmsr(struct fixture *f, unsigned vcpu, uint64_t msr)
{
	assert_int_equal(CALL(vcpu, TDX_VMCALL_FN_INSTRUCTION_RDMSR, 1 << R11, msr, 0, 0, 0), 0);
	return REG(vcpu, R11);
}

static void msrs(void **state)
{
	struct fixture *f = *state;

	assert_true(rdmsr(f, 0, 0x1b) == 0xfee00d00 && rdmsr(f, 1, 0x1b) == 0xfee00c00);
	assert_true(rdmsr(f, 1, 0x802) == 1 && rdmsr(f, 0, 0x2ff) == 0);
	assert_int_equal(CALL(0, TDX_VMCALL_FN_INSTRUCTION_WRMSR, 0, 0x2ff, 0xc06, 0, 0), 0);
	assert_true(rdmsr(f, 0, 0x2ff) == 0xc06 && rdmsr(f, 1, 0x2ff) == 0);
	assert_int_equal(CALL(0, TDX_VMCALL_FN_INSTRUCTION_WRMSR, 0, 0x26f, 0x0606, 0, 0), 0);
	assert_true(rdmsr(f, 0, 0x26f) == 0x0606 && rdmsr(f, 0, 0x268) == 0);
	assert_true(CALL(0, TDX_VMCALL_FN_INSTRUCTION_RDMSR, 0, 0x33, 0, 0, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
	assert_true(CALL(0, TDX_VMCALL_FN_INSTRUCTION_RDMSR, 0, 0x10000001bull, 0, 0, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
	assert_true(CALL(0, TDX_VMCALL_FN_INSTRUCTION_WRMSR, 0, 0x1b, 0, 0, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
}

#define ECAM(device, reg) (SHARED | (BOARD_ECAM_BASE + ((device) << 15) + (reg)))

static void mmio(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		CALL(0, TDX_VMCALL_FN_REQUEST_MMIO, 1 << R11, 8, 0, SHARED | 0xfed00000, 0), 0);
	assert_true(REG(0, R11) == UINT64_MAX);
	assert_int_equal(CALL(0, TDX_VMCALL_FN_REQUEST_MMIO, 1 << R11, 2, 0, ECAM(0, 2), 0), 0);
	assert_int_equal(REG(0, R11), 0x29c0);
	assert_int_equal(CALL(0, TDX_VMCALL_FN_REQUEST_MMIO, 0, 4, 1, ECAM(0x1f, 0x40), 0x601), 0);
	assert_int_equal(CALL(0, TDX_VMCALL_FN_REQUEST_MMIO, 1 << R11, 4, 0, ECAM(0x1f, 0x40), 0),
			 0);
	assert_int_equal(REG(0, R11), 0x601);
	assert_int_equal(CALL(0, TDX_VMCALL_FN_REQUEST_MMIO, 1 << R11, 4, 0, ECAM(3, 0), 0), 0);
	assert_true(REG(0, R11) == 0xffffffff);
	assert_int_equal(CALL(0, TDX_VMCALL_FN_REQUEST_MMIO, 1 << R11, 4, 0, UINT64_MAX - 1, 0), 0);
	assert_true(CALL(0, TDX_VMCALL_FN_REQUEST_MMIO, 0, 5, 0, ECAM(0, 0), 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
}

static void notification_vector(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(CALL(1, TDX_VMCALL_FN_SETUP_EVENT_NOTIFY_INTERRUPT, 0, 0xff, 0, 0, 0), 0);
	assert_int_equal(f->vm.vcpu[1].notify_vector, 0xff);
	assert_int_equal(f->vm.vcpu[0].notify_vector, 0);
	assert_true(CALL(0, TDX_VMCALL_FN_SETUP_EVENT_NOTIFY_INTERRUPT, 0, 31, 0, 0, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
	assert_true(CALL(0, TDX_VMCALL_FN_SETUP_EVENT_NOTIFY_INTERRUPT, 0, 0x120, 0, 0, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
}

static void refused(void **state)
{
	struct fixture *f = *state;

	assert_true(CALL(0, 0x7777, 0, 1, 2, 3, 4) == TDX_VMCALL_INVALID_OPERAND);
	assert_true(CALL(0, TDX_VMCALL_FN_GET_QUOTE, 0, SHARED, 8192, 0, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
	assert_true(CALL(0, TDX_VMCALL_FN_SERVICE, 0, 1, 2, 3, 4) == TDX_VMCALL_INVALID_OPERAND);
	assert_true(CALL(0, TDX_VMCALL_FN_MAP_GPA, 0, 0x1001, 0x1000, 0, 0) ==
		    TDX_VMCALL_ALIGN_ERROR);
	assert_true(CALL(0, TDX_VMCALL_FN_MAP_GPA, 0, 0x1000, 0x1234, 0, 0) ==
		    TDX_VMCALL_ALIGN_ERROR);
	assert_true(CALL(0, TDX_VMCALL_FN_MAP_GPA, 0, 0x1000, 0, 0, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
	assert_true(CALL(0, TDX_VMCALL_FN_MAP_GPA, 0, 0x1000, ~0xfffull, 0, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
	assert_true(CALL(0, TDX_VMCALL_FN_MAP_GPA, 0, 1ull << 50, 0x1000, 0, 0) ==
		    TDX_VMCALL_INVALID_OPERAND);
	/* What is not RAM is shared as it is. */
	assert_int_equal(CALL(0, TDX_VMCALL_FN_MAP_GPA, 0, SHARED | 0xc0000000, 0x10000000, 0, 0),
			 0);
}

static size_t no_quote(void *opaque, const uint8_t *report, uint8_t *quote, size_t room)
{
	(void)opaque;
	(void)report;
	(void)quote;
	(void)room;
	fail_msg("asked for a quote");
	return 0;
}

/* Buffers that are refused without a look at them; guest/quote.c uses proper ones. */
static void quote_buffers(void **state)
{
	static const uint64_t bad[][2] = {
		{ 0x1000, 0x1000 }, /* private */
		{ SHARED | 0x1001, 0x1000 },
		{ SHARED | 0x1000, 0x1001 },
		{ SHARED | 0x1000, 0 },
		{ SHARED | 0x1000, ~0xfffull },
		{ SHARED | 0x1000, 64 << 20 }, /* goes a page beyond */
		{ SHARED | 1ull << 48 | 0x1000, 0x1000 },
		{ ~0xfffull, 0x1000 },
	};
	struct fixture *f = *state;

	f->vm.config.quote = no_quote;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(CALL(0, TDX_VMCALL_FN_GET_QUOTE, 0, bad[i][0], bad[i][1], 0, 0) ==
			    TDX_VMCALL_INVALID_OPERAND);
}

static void a_vendors_call_is_refused(void **state)
{
	struct fixture *f = *state;

	f->vm.vcpu[0].regs[R10] = 1;
	f->vm.vcpu[0].regs[R11] = TDX_VMCALL_FN_INSTRUCTION_HLT;
	vmcall_serve(&f->vm.vcpu[0]);
	assert_int_equal(f->vm.vcpu[0].halt, HALT_NOT);
	assert_true(REG(0, R10) == TDX_VMCALL_INVALID_OPERAND);
}

static void halting(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(CALL(0, TDX_VMCALL_FN_INSTRUCTION_HLT, 0, 1, 0, 0, 0), 0);
	assert_int_equal(f->vm.vcpu[0].halt, HALT_BLOCKED);
	assert_int_equal(CALL(0, TDX_VMCALL_FN_INSTRUCTION_HLT, 0, 0, 0, 0, 0), 0);
	assert_int_equal(f->vm.vcpu[0].halt, HALT_OPEN);
}

static void power_off_and_reset(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(CALL(0, TDX_VMCALL_FN_INSTRUCTION_IO, 0, 2, 1, 0x604, 1 << 13), 0);
	assert_int_equal(atomic_load(&f->vm.end), VM_POWERED_OFF);
	assert_int_equal(CALL(0, TDX_VMCALL_FN_INSTRUCTION_IO, 0, 1, 1, 0xcf9, 6), 0);
	assert_int_equal(atomic_load(&f->vm.end), VM_POWERED_OFF); /* the first end counts */
}

static void fatal_error_text_is_made_printable(void **state)
{
	struct fixture *f = *state;
	uint64_t *regs = f->vm.vcpu[0].regs;

	memset(regs, 0, sizeof(f->vm.vcpu[0].regs));
	regs[R11] = TDX_VMCALL_FN_REPORT_FATAL_ERROR;
	regs[R12] = 0x77;
	memcpy(&regs[R14], "ab\033[2Jcd", 8);
	memcpy(&regs[R15], "\n!\0hidden", 8);
	vmcall_serve(&f->vm.vcpu[0]);
	assert_int_equal(atomic_load(&f->vm.end), VM_FATAL_ERROR);
	assert_string_equal(f->vm.reason.text, "the guest reported a fatal error 0x77: ab[2Jcd!");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(console_and_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(cpuid, setup, teardown),
		cmocka_unit_test_setup_teardown(msrs, setup, teardown),
		cmocka_unit_test_setup_teardown(mmio, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(notification_vector, setup, teardown),
		cmocka_unit_test_setup_teardown(quote_buffers, setup, teardown),
		cmocka_unit_test_setup_teardown(a_vendors_call_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(halting, setup, teardown),
		cmocka_unit_test_setup_teardown(power_off_and_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(fatal_error_text_is_made_printable, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
