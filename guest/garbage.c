// SPDX-License-Identifier: MIT
/*
 * A guest that passes garbage to every TDCALL and every TDVMCALL. Each must be refused and none
 * must harm: it prints how many calls came back and PASS.
 */
#include "guest/guest.h"
#include "tdx/tdx.h"

#define LEAVES	 32
#define PATTERNS 5

/* With bits that no operand may have: reserved, unaligned, out of range. */
static const uint64_t pattern[PATTERNS] = { ~0ull, 1ull << 63, 0xdeadbeefdeadbeefull,
					    0x8123456789abcde1ull, 0xfff0000000000001ull };

static unsigned calls;

static uint64_t mix(uint64_t x)
{
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	return x ^ x >> 32;
}

static void fill(struct tdx_module_args *args, uint64_t value)
{
	args->rcx = args->rdx = args->r8 = args->r9 = value;
	args->r10 = mix(value + 1) | 1ull << 63;
	args->r11 = mix(value + 2) | 1ull << 63;
	args->r12 = mix(value + 3);
	args->r13 = mix(value + 4);
	args->r14 = mix(value + 5);
	args->r15 = mix(value + 6);
	args->rbx = args->rsi = args->rdi = mix(value + 7);
}

/* These two take no operand: there is nothing to refuse. */
static bool takes_nothing(uint64_t leaf)
{
	return leaf == 1 || leaf == 3;
}

static void garbage_leaf(uint64_t rax, uint64_t value)
{
	struct tdx_module_args args = { 0 };
	tdx_status_t status;

	fill(&args, value);
	status = tdcall_saved_ret(rax, &args);
	calls++;
	if (tdx_status_ok(status) && !takes_nothing(rax)) {
		put("leaf ");
		put_hex(rax);
		put(" took ");
		put_hex(value);
		put("\n");
		guest_fail("garbage was taken");
	}
}

static void garbage_vmcall(uint64_t number, uint64_t value)
{
	struct tdx_module_args args = { 0 };

	fill(&args, value);
	args.rcx = TDX_VMCALL_REGS;
	args.r10 = 0;
	args.r11 = number;
	args.r12 = value;
	if (!tdx_status_ok(tdvmcall(&args)))
		guest_fail("the module refused a TDVMCALL");
	calls++;
}

void guest_main(const struct guest_boot *boot)
{
	/*
	 * All sub-functions but HLT and ReportFatalError, which end the guest; and numbers that do
	 * not exist.
	 */
	static const uint64_t number[] = { 0x10000, 0x10001, 0x10002, 0x10004,	 0x10005, 0x10006,
					   0xa,	    0x1e,    0x1f,    0x20,	 0x30,	  0x36,
					   0x41,    0x7,     0x10007, 1ull << 63 };

	if (boot->vcpu)
		return;
	for (unsigned p = 0; p < PATTERNS; p++) {
		for (uint64_t leaf = 0; leaf < LEAVES; leaf++) {
			garbage_leaf(leaf, pattern[p]);
			garbage_leaf(leaf | 2 << 16, pattern[p]);
			garbage_leaf(leaf | 1ull << 24, pattern[p]);
		}
		garbage_leaf(pattern[p], pattern[p]);
		for (unsigned n = 0; n < sizeof(number) / sizeof(number[0]); n++)
			garbage_vmcall(number[n], pattern[p]);
	}
	put_decimal(calls);
	put(" calls with garbage\nPASS\n");
}
