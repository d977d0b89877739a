// SPDX-License-Identifier: MIT
/*
 * A TD's time stamp counter to the tick: the guest, on the interpreter, reads the machine's counter scaled to
 * TD_PARAMS.TSC_FREQUENCY, from 0 at TDH.MNG.INIT on.
 */
#include "guest_box.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include "lib/machine_impl.h"
#include "module/vcpu.h"
#include "platform/platform.h"
#include "tdx/metadata.h"
#include "tdx/status.h"

#undef fail /* the module's and cmocka's differ */
#include <cmocka.h>

#define LEAF_MNG_RD 11
#define UNIT_HZ 25000000ull
#define HOST_HZ 2000000000ull /* CPUID 0x15 of the default platform */
#define START 123456789012ull

/* In flat 32-bit mode; HLT is a #VE, which ends the run. */
static const uint8_t code[1][VMM_4K] = { {
	0x0f, 0x31,                   /* rdtsc */
	0x89, 0xc6, 0x89, 0xd7,       /* mov esi, eax; mov edi, edx */
	0xb9, 0x10, 0x00, 0x00, 0x00, /* mov ecx, 0x10 */
	0x0f, 0x32,                   /* rdmsr */
	0x89, 0xc3, 0x89, 0xd5,       /* mov ebx, eax; mov ebp, edx */
	0x0f, 0x01, 0xf9,             /* rdtscp */
	0xf4,                         /* hlt */
	[0x100] = 0xb8, 0x15, 0x00, 0x00, 0x00, /* mov eax, 0x15 */
	0x31, 0xc9,                   /* xor ecx, ecx */
	0x0f, 0xa2,                   /* cpuid */
} };

static void open_box(struct guest_box *b, unsigned frequency)
{
	const struct td_config config = { .xfam = 3, .max_vcpus = 1, .tsc_frequency = (uint16_t)frequency };
	char tsc[64];

	/* No call and no read takes time: only the test does. */
	snprintf(tsc, sizeof(tsc), "tsc start %llu event 0 read 0", START);
	box_open_at(b, tsc, &config, code, 1);
}

static uint64_t td_field(struct guest_box *b, uint64_t field)
{
	struct seamless_regs regs = { 0 };

	regs.gpr[GPR_RAX] = LEAF_MNG_RD;
	regs.gpr[GPR_RCX] = b->td.tdr;
	regs.gpr[GPR_RDX] = field;
	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_HOST);
	assert_int_equal(regs.gpr[GPR_RAX], TDX_SUCCESS);
	return regs.gpr[GPR_R8];
}

static uint64_t joined(const struct guest_box *b, unsigned high, unsigned low)
{
	return b->regs.gpr[high] << 32 | (b->regs.gpr[low] & 0xffffffff);
}

static void run_at(struct guest_box *b, uint64_t offset)
{
	seamless_set_guest_field(VMCS_GUEST_RIP, BOX_GPA + offset);
	seamless_set_guest_field(VMCS_ENTRY_INTR_INFO, 0); /* the #VE of the last run */
	box_run(b);
	assert_int_equal(b->where, SEAMLESS_TO_GUEST);
}

static uint64_t host_tsc(struct guest_box *b)
{
	return platform_rdtsc(b->machine->platform);
}

static uint64_t scaled(uint64_t host, unsigned frequency)
{
	uint64_t multiplier = (uint64_t)(((unsigned __int128)(frequency * UNIT_HZ) << 48) / HOST_HZ);

	return (uint64_t)((unsigned __int128)host * multiplier >> 48);
}

/* The three ways to read it, which agree. */
static uint64_t guest_tsc(struct guest_box *b)
{
	uint64_t value;

	run_at(b, 0);
	value = joined(b, GPR_RDI, GPR_RSI);
	assert_true(joined(b, GPR_RBP, GPR_RBX) == value);
	assert_true(joined(b, GPR_RDX, GPR_RAX) == value);
	assert_int_equal(b->regs.gpr[GPR_RCX], 0); /* TSC_AUX */
	return value;
}

static void follows_the_frequency(unsigned frequency)
{
	static const uint64_t steps[] = { 1, 2, 7, 999, 1000003, 1ull << 40, 0x123456789abcdull };
	struct guest_box b;
	uint64_t begin = scaled(START, frequency);

	open_box(&b, frequency);
	box_enter(&b);
	assert_int_equal(guest_tsc(&b), 0);
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		seamless_advance_tsc(b.machine, steps[i]);
		assert_true(guest_tsc(&b) == scaled(host_tsc(&b), frequency) - begin);
	}
	run_at(&b, 0x100);
	assert_int_equal(b.regs.gpr[GPR_RAX], 1);
	assert_int_equal(b.regs.gpr[GPR_RBX], frequency);
	assert_int_equal(b.regs.gpr[GPR_RCX], UNIT_HZ);
	box_close(&b);
}

static void every_frequency(void **state)
{
	static const unsigned frequencies[] = { 4, 7, 40, 80, 83, 100, 399, 400 };

	(void)state;
	for (unsigned i = 0; i < sizeof(frequencies) / sizeof(frequencies[0]); i++)
		follows_the_frequency(frequencies[i]);
}

/* What the host reads of it: the guest's time is the machine's by these two numbers. */
static void multiplier_and_offset(void **state)
{
	struct guest_box b;
	uint64_t multiplier, offset, host;

	(void)state;
	open_box(&b, 83);
	assert_int_equal(td_field(&b, TDX_MD_TD_TSC_FREQUENCY), 83);
	multiplier = td_field(&b, TDX_MD_TD_TSC_MULTIPLIER);
	offset = td_field(&b, TDX_MD_TD_TSC_OFFSET);
	assert_true(multiplier == (uint64_t)(((unsigned __int128)(83 * UNIT_HZ) << 48) / HOST_HZ));
	box_enter(&b);
	seamless_advance_tsc(b.machine, 987654321);
	host = host_tsc(&b);
	assert_true(guest_tsc(&b) == (uint64_t)((unsigned __int128)host * multiplier >> 48) + offset);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frequency),
		cmocka_unit_test(multiplier_and_offset),
	};

	return cmocka_run_group_tests_name("module-tsc", tests, NULL, NULL);
}
