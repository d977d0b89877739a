// SPDX-License-Identifier: MIT
/*
 * Logical processors, random numbers, time, keys and reports of the emulated machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "platform/platform.h"

static int setup(void **state)
{
	static const char text[] =
		"lps 4\npackages 2\nkeyids mktme 31 tdx 32\nseamrr 0x40000000 32M\n"
		"cpuid 7 0 = 1 2 3 4\ncpuid 1 - = 5 6 7 8\ncpuid 0x1f 0 = 1 2 0x100 0\n"
		"msr 0x3b 7\nmsr 0x98 4\ntsc start 100 event 50 read 2\nloader handoff_pages 1\n";
	static struct platform_config config;
	char err[100];

	if (!platform_config_parse(&config, "t", text, strlen(text), err, sizeof(err)))
		return -1;
	*state = platform_create(&config, err, sizeof(err));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	platform_destroy(*state);
	return 0;
}

static void key_ids(void **state)
{
	struct platform *p = *state;

	assert_int_equal(p->hkid_shift, 46);
	assert_int_equal(platform_hkid(p, 33ull << 46 | 0x1000), 33);
	assert_int_equal(platform_pa(p, 33ull << 46 | 0x1000), 0x1000);
	assert_false(platform_hkid_private(p, 31));
	assert_true(platform_hkid_private(p, 32));
	assert_true(platform_hkid_private(p, 63));
	assert_false(platform_hkid_private(p, 64));
	assert_int_equal(platform_rdmsr(p, 0, 0x87), 0x200000001full);
	assert_int_equal(platform_rdmsr(p, 0, 0x982) >> 32 & 0xf, 6);
}

static void apic_ids_and_cpuid(void **state)
{
	const struct cpuid_entry mine = { 7, 0, { 9, 9, 9, 9 } };
	struct platform *p = *state;
	struct cpuid_regs r;

	assert_int_equal(platform_lp_apic_id(p, 3), 0x81);
	assert_int_equal(platform_lp_package(p, 3), 1);
	platform_cpuid(p, 3, 0x1f, 0, &r);
	assert_int_equal(r.edx, 0x81);
	platform_cpuid(p, 0, 1, 0, &r);
	assert_int_equal(r.eax, 5);
	platform_cpuid(p, 0, 0x1234, 0, &r);
	assert_int_equal(r.eax | r.ebx | r.ecx | r.edx, 0);
	assert_true(platform_set_cpuid(p, 1, &mine));
	platform_cpuid(p, 0, 7, 0, &r);
	assert_int_equal(r.eax, 1);
	platform_cpuid(p, 1, 7, 0, &r);
	assert_int_equal(r.eax, 9);
	platform_clear_cpuid(p);
	platform_cpuid(p, 1, 7, 0, &r);
	assert_int_equal(r.eax, 1);
}

static void msrs(void **state)
{
	struct platform *p = *state;
	unsigned i = 0;

	assert_int_equal(platform_rdmsr(p, 2, 0x3b), 7);
	assert_true(platform_wrmsr(p, 2, 0x3b, 8));
	assert_int_equal(platform_rdmsr(p, 2, 0x3b), 8);
	assert_int_equal(platform_rdmsr(p, 1, 0x3b), 7);
	assert_true(platform_wrmsr(p, 0, 0x98, 0));
	assert_int_equal(platform_rdmsr(p, 0, 0x98), 4);
	assert_int_equal(platform_rdmsr(p, 0, 0xffffffff), 0);
	assert_int_equal(platform_rdmsr(p, 0, 0x1400), 0x40000008);
	assert_int_equal(platform_rdmsr(p, 0, 0x1401), 0xffffffe000c00);
	while (platform_wrmsr(p, 0, 0x10000 + i, i))
		i++;
	assert_true(i > 900 && i < LP_MSR_SLOTS);
	for (unsigned j = 0; j < i; j++)
		assert_int_equal(platform_rdmsr(p, 0, 0x10000 + j), j);
	platform_reset(p);
	assert_int_equal(platform_rdmsr(p, 0, 0x10001), 0);
	assert_int_equal(platform_rdmsr(p, 2, 0x3b), 7);
}

static void interrupts(void **state)
{
	struct platform *p = *state;

	assert_false(platform_interrupt_pending(p, 1));
	platform_lp_kick(p, 1);
	assert_true(platform_interrupt_pending(p, 1));
	assert_int_equal(platform_rdmsr(p, 1, MSR_INTR_PENDING), 1);
	assert_false(platform_interrupt_pending(p, 0));
	platform_lp_ack(p, 1);
	assert_false(platform_interrupt_pending(p, 1));
	platform_set_interrupt(p, true);
	platform_lp_ack(p, 1);
	assert_true(platform_interrupt_pending(p, 1));
}

static void random_numbers_repeat(void **state)
{
	struct platform *p = *state;
	uint64_t first, second, again;

	assert_true(platform_rdrand(p, 0, &first));
	assert_true(platform_rdseed(p, 0, &second));
	assert_int_not_equal(first, second);
	platform_set_entropy(p, false);
	assert_false(platform_rdrand(p, 0, &again));
	assert_false(platform_rdseed(p, 0, &again));
	platform_reset(p);
	assert_true(platform_rdrand(p, 0, &again));
	assert_int_equal(first, again);
}

static void key_programming(void **state)
{
	struct platform *p = *state;

	assert_int_equal(platform_pconfig(p, 0, 33), PCONFIG_DONE);
	assert_int_equal(platform_pconfig(p, 0, 64), PCONFIG_INVALID_PROGRAM);
	platform_inject_pconfig(p, PCONFIG_DEVICE_BUSY);
	assert_int_equal(platform_pconfig(p, 0, 33), PCONFIG_DEVICE_BUSY);
	assert_int_equal(platform_pconfig(p, 0, 33), PCONFIG_DONE);
}

static void counted_time(void **state)
{
	struct platform *p = *state;

	assert_int_equal(platform_rdtsc(p), 102);
	platform_tsc_advance(p, 1000);
	assert_int_equal(platform_rdmsr(p, 0, MSR_TSC), 1104);
}

static void reports(void **state)
{
	const uint8_t type[4] = { 0x81 };
	struct platform *p = *state;
	uint8_t data[64] = { 1, 2 }, hash[48] = { 3 };
	struct report_mac mac;
	struct tcb_info tcb;

	assert_int_equal(platform_seamreport(p, type, data, hash, &mac, &tcb), SEAMOPS_DONE);
	assert_memory_equal(mac.report_data, data, 64);
	assert_int_equal(mac.type[0], 0x81);
	assert_int_equal(platform_seamverify(p, &mac), SEAMOPS_DONE);
	mac.report_data[5] ^= 1;
	assert_int_equal(platform_seamverify(p, &mac), SEAMOPS_INVALID_REPORTMACSTRUCT);
	mac.cpusvn[0] ^= 1;
	assert_int_equal(platform_seamverify(p, &mac), SEAMOPS_INVALID_REPORTMACSTRUCT);
	p->config.tcb.cpusvn[0] = 8;
	assert_int_equal(platform_seamverify(p, &mac), SEAMOPS_INVALID_CPUSVN);
}

#define WITH_PLATFORM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLATFORM(key_ids),
		WITH_PLATFORM(apic_ids_and_cpuid),
		WITH_PLATFORM(msrs),
		WITH_PLATFORM(interrupts),
		WITH_PLATFORM(random_numbers_repeat),
		WITH_PLATFORM(key_programming),
		WITH_PLATFORM(counted_time),
		WITH_PLATFORM(reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
