// SPDX-License-Identifier: MIT
/*
 * What raises #VE in a TD, what another exception and what nothing, each with its #VE information:
 * CPUID, instructions, control registers; guest/ve_msr.c has the MSRs. Last a second #VE before the
 * information of the first was read.
 */
#include "guest/apic.h"
#include "guest/attempt.h"
#include "guest/ve.h"

#define CR0_NW	    (1ull << 29)
#define CR0_CD	    (1ull << 30)
#define CR0_NE	    (1ull << 5)
#define CR0_WP	    (1ull << 16)
#define CR4_MCE	    (1ull << 6)
#define CR4_VMXE    (1ull << 13)
#define CR4_SMXE    (1ull << 14)
#define CR4_OSXSAVE (1ull << 18)
#define CR4_CET	    (1ull << 23)

void ve_expect(bool right, const char *what, uint64_t which)
{
	if (right)
		return;
	put("  wrong: ");
	put(what);
	put(" ");
	put_hex(which);
	put("\n");
	guest_fail(what);
}

/* ---- CPUID ---- */

static const uint8_t cpuid_code[] = { 0x0f, 0xa2 };

static unsigned cpuid(struct attempt *a, uint32_t leaf, uint32_t subleaf)
{
	*a = (struct attempt){ .rax = leaf, .rcx = subleaf };
	return attempt(a, cpuid_code, sizeof(cpuid_code));
}

static const struct {
	uint32_t leaf, subleaf;
} native[] = {
	{ 0, 0 },	 { 1, 0 },	  { 3, 0 },	   { 4, 0 },	{ 4, 4 },	 { 5, 0 },
	{ 7, 0 },	 { 7, 2 },	  { 8, 0 },	   { 0xa, 0 },	{ 0xd, 0 },	 { 0xd, 1 },
	{ 0xd, 0x12 },	 { 0xe, 0 },	  { 0x11, 0 },	   { 0x12, 0 }, { 0x13, 0 },	 { 0x14, 0 },
	{ 0x15, 0 },	 { 0x19, 0 },	  { 0x1c, 0 },	   { 0x21, 0 }, { 0x22, 0 },	 { 0x23, 0 },
	{ 0x24, 0 },	 { 0x12345, 0 },  { 0x80000000, 0 }, { 0x80000001, 0 },
	{ 0x80000007, 0 }, { 0x80000008, 0 }, { 0x80000009, 0 }, { 0xffffffff, 0 },
}, faulting[] = {
	{ 2, 0 },	   { 4, 5 },	      { 6, 0 },		 { 7, 3 },	    { 9, 0 },
	{ 0xb, 0 },	   { 0xc, 0 },	      { 0xd, 0x13 },	 { 0xf, 0 },	    { 0x10, 0 },
	{ 0x16, 0 },	   { 0x17, 0 },	      { 0x18, 0 },	 { 0x1b, 0 },	    { 0x1f, 0 },
	{ 0x40000000, 0 }, { 0x40000001, 0 }, { 0x4fffffff, 0 }, { 0x80000002, 0 }, { 0x80000003, 0 },
	{ 0x80000004, 0 }, { 0x80000005, 0 }, { 0x80000006, 0 },
};

static void cpuid_leaves(void)
{
	struct attempt a, last;

	for (size_t i = 0; i < sizeof(native) / sizeof(native[0]); i++)
		ve_expect(cpuid(&a, native[i].leaf, native[i].subleaf) == NOTHING,
			  "a CPUID leaf of the module's is no #VE", native[i].leaf);
	check(true, "CPUID: the leaves that the module answers");
	for (size_t i = 0; i < sizeof(faulting) / sizeof(faulting[0]); i++) {
		cpuid(&a, faulting[i].leaf, faulting[i].subleaf);
		ve_expect(attempt_is_ve(&a, TDX_EXIT_REASON_CPUID, 0, sizeof(cpuid_code)),
			  "a CPUID leaf of the VMM's is #VE", faulting[i].leaf);
		ve_expect(a.rax == faulting[i].leaf && a.rcx == faulting[i].subleaf,
			  "#VE leaves the registers alone", faulting[i].leaf);
	}
	check(true, "CPUID: those that are #VE, with reason 10 and two bytes");
	cpuid(&last, 0x23, 0);
	cpuid(&a, 0x12345, 0);
	check(a.rax == last.rax && a.rbx == last.rbx && a.rcx == last.rcx && a.rdx == last.rdx,
	      "CPUID: a leaf beyond the range is the last one, 0x23");
}

static void cpuid_values(const struct guest_boot *boot)
{
	struct attempt a;

	cpuid(&a, 1, 0);
	check(a.rbx >> 24 == boot->vcpu, "CPUID 1: the APIC id is the vCPU's index");
	check(a.rcx >> 24 & 1 && !(a.rcx >> 3 & 1),
	      "TSC_DEADLINE as the VMM configured it, MONITOR as it did not");
	check(a.rcx >> 31 & 1 && a.rdx >> 9 & 1, "HYPERVISOR and APIC are fixed");
	check(!(a.rcx >> 28 & 1) && !(a.rcx >> 12 & 1), "AVX and FMA are not: XFAM lacks bit 2");
	cpuid(&a, 7, 0);
	check(!(a.rbx >> 5 & 1) && !(a.rcx >> 7 & 1), "CPUID 7: nor are AVX2 and CET");
	cpuid(&a, 0x80000008, 0);
	check((a.rax & 0xff) == 52, "CPUID 0x80000008: 52 physical address bits");
}

static uint64_t read_cr4(void)
{
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	return cr4;
}

static bool says_osxsave(void)
{
	struct attempt a;

	cpuid(&a, 1, 0);
	return a.rcx >> 27 & 1;
}

static void cpuid_follows_the_vcpu(void)
{
	uint64_t cr4 = read_cr4();

	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 & ~CR4_OSXSAVE));
	check(!says_osxsave(), "CPUID 1: OSXSAVE is clear with CR4.OSXSAVE");
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_OSXSAVE));
	check(says_osxsave(), "and set with it");
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4));
}

/* A guest may want #VE on CPUID: on all of it, or on a leaf. */
static void cpuid_as_the_guest_wants(void)
{
	struct attempt a;
	const tdx_field_t leaf_1 = tdx_field(TDX_MD_VP_CPUID_CONTROL);

	check(tdx_status_ok(tdg_vp_cpuidve_set(1)), "TDG.VP.CPUIDVE.SET for the supervisor");
	cpuid(&a, 0, 0);
	check(attempt_is_ve(&a, TDX_EXIT_REASON_CPUID, 0, 2), "makes CPUID 0 a #VE");
	check(tdx_status_ok(tdg_vp_cpuidve_set(2)), "for the user only");
	check(cpuid(&a, 0, 0) == NOTHING, "it is none here");
	check(tdx_status_ok(tdg_vp_cpuidve_set(0)), "and back");
	check(tdx_status_ok(tdg_vp_wr(TDX_SELF, leaf_1, 1, tdx_mask(3), NULL)),
	      "CPUID_CONTROL of leaf 1");
	cpuid(&a, 1, 0);
	check(attempt_is_ve(&a, TDX_EXIT_REASON_CPUID, 0, 2), "makes that a #VE");
	check(cpuid(&a, 0, 0) == NOTHING, "and leaf 0 none");
	check(tdx_status_ok(tdg_vp_wr(TDX_SELF, leaf_1, 0, tdx_mask(3), NULL)), "and back");
	check(cpuid(&a, 1, 0) == NOTHING, "leaf 1 is the module's again");
}

/* ---- instructions ---- */

#define OTHER(vector)	   .expect = (vector)
#define GIVES_VE(why, how) .expect = VE, .reason = TDX_EXIT_REASON_##why, .qualification = (how)

/* I/O: bytes - 1, 8 in, 16 string, 32 repeated, 64 immediate port, port in 31:16 */
static const struct {
	const char *name;
	uint8_t size, code[6];
	uint64_t rax, rcx, rdx;
	unsigned expect;
	uint64_t reason, qualification;
} instructions[] = {
	{ "hlt", 1, { 0xf4 }, 0, 0, 0, GIVES_VE(HLT, 0) },
	{ "invd", 2, { 0x0f, 0x08 }, 0, 0, 0, GIVES_VE(INVD, 0) },
	{ "wbinvd", 2, { 0x0f, 0x09 }, 0, 0, 0, GIVES_VE(WBINVD, 0) },
	{ "vmcall", 3, { 0x0f, 0x01, 0xc1 }, 0, 0, 0, GIVES_VE(VMCALL, 0) },
	{ "in al, dx", 1, { 0xec }, 0, 0, 0x3fd, GIVES_VE(IO_INSTRUCTION, 0x3fd0008) },
	{ "in ax, dx", 2, { 0x66, 0xed }, 0, 0, 0x3f8, GIVES_VE(IO_INSTRUCTION, 0x3f80009) },
	{ "in eax, 0x42", 2, { 0xe5, 0x42 }, 0, 0, 0, GIVES_VE(IO_INSTRUCTION, 0x42004b) },
	{ "out dx, al", 1, { 0xee }, 0, 0, 0x80, GIVES_VE(IO_INSTRUCTION, 0x800000) },
	{ "out 0x70, al", 2, { 0xe6, 0x70 }, 0, 0, 0, GIVES_VE(IO_INSTRUCTION, 0x700040) },
	{ "out dx, eax", 1, { 0xef }, 0, 0, 0xcf8, GIVES_VE(IO_INSTRUCTION, 0xcf80003) },
	{ "insb", 1, { 0x6c }, 0, 0, 0x60, GIVES_VE(IO_INSTRUCTION, 0x600018) },
	{ "rep outsb", 2, { 0xf3, 0x6e }, 0, 5, 0x60, GIVES_VE(IO_INSTRUCTION, 0x600030) },
	{ "getsec", 2, { 0x0f, 0x37 }, 0, 0, 0, OTHER(UD) },
	{ "rsm", 2, { 0x0f, 0xaa }, 0, 0, 0, OTHER(UD) },
	{ "vmlaunch", 3, { 0x0f, 0x01, 0xc2 }, 0, 0, 0, OTHER(UD) },
	{ "vmresume", 3, { 0x0f, 0x01, 0xc3 }, 0, 0, 0, OTHER(UD) },
	{ "vmxoff", 3, { 0x0f, 0x01, 0xc4 }, 0, 0, 0, OTHER(UD) },
	{ "vmfunc", 3, { 0x0f, 0x01, 0xd4 }, 0, 0, 0, OTHER(UD) },
	{ "vmread rax, rax", 3, { 0x0f, 0x78, 0xc0 }, 0, 0, 0, OTHER(UD) },
	{ "vmwrite rax, rax", 3, { 0x0f, 0x79, 0xc0 }, 0, 0, 0, OTHER(UD) },
	{ "vmptrld [rdi]", 3, { 0x0f, 0xc7, 0x37 }, 0, 0, 0, OTHER(UD) },
	{ "vmptrst [rdi]", 3, { 0x0f, 0xc7, 0x3f }, 0, 0, 0, OTHER(UD) },
	{ "vmclear [rdi]", 4, { 0x66, 0x0f, 0xc7, 0x37 }, 0, 0, 0, OTHER(UD) },
	{ "vmxon [rdi]", 4, { 0xf3, 0x0f, 0xc7, 0x37 }, 0, 0, 0, OTHER(UD) },
	{ "invept rax, [rdi]", 5, { 0x66, 0x0f, 0x38, 0x80, 0x07 }, 0, 0, 0, OTHER(UD) },
	{ "invvpid rax, [rdi]", 5, { 0x66, 0x0f, 0x38, 0x81, 0x07 }, 0, 0, 0, OTHER(UD) },
	{ "encls", 3, { 0x0f, 0x01, 0xcf }, 0, 0, 0, OTHER(UD) },
	{ "enclv", 3, { 0x0f, 0x01, 0xc0 }, 0, 0, 0, OTHER(UD) },
	{ "seamcall", 4, { 0x66, 0x0f, 0x01, 0xcf }, 0, 0, 0, OTHER(UD) },
	{ "seamret", 4, { 0x66, 0x0f, 0x01, 0xcd }, 0, 0, 0, OTHER(UD) },
	{ "seamops", 4, { 0x66, 0x0f, 0x01, 0xce }, 0, 0, 0, OTHER(UD) },
	{ "monitor", 3, { 0x0f, 0x01, 0xc8 }, 0, 0, 0, GIVES_VE(MONITOR, 0) },
	{ "mwait", 3, { 0x0f, 0x01, 0xc9 }, 0, 0, 0, GIVES_VE(MWAIT, 0) },
	{ "rdpmc", 2, { 0x0f, 0x33 }, 0, 0, 0, OTHER(GP) },
	{ "wbnoinvd", 3, { 0xf3, 0x0f, 0x09 }, 0, 0, 0, GIVES_VE(WBINVD, 0) },
	{ "pause", 2, { 0xf3, 0x90 }, 0, 0, 0, OTHER(NOTHING) },
	{ "rdtsc", 2, { 0x0f, 0x31 }, 0, 0, 0, OTHER(NOTHING) },
	{ "clts", 2, { 0x0f, 0x06 }, 0, 0, 0, OTHER(NOTHING) },
	{ "xsetbv with x87 and SSE", 3, { 0x0f, 0x01, 0xd1 }, 3, 0, 0, OTHER(NOTHING) },
	{ "xsetbv with AVX", 3, { 0x0f, 0x01, 0xd1 }, 7, 0, 0, OTHER(GP) },
};

static bool came_out(const struct attempt *a, size_t i)
{
	if (instructions[i].expect == VE)
		return attempt_is_ve(a, instructions[i].reason, instructions[i].qualification,
				     instructions[i].size);
	return a->vector == instructions[i].expect && (a->vector != GP || !a->error);
}

static void try_instructions(void)
{
	static uint8_t memory[64] __attribute__((aligned(64)));
	uint64_t cr4 = read_cr4();

	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_OSXSAVE)); /* for XSETBV */
	for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
		struct attempt a = { .rax = instructions[i].rax,
				     .rcx = instructions[i].rcx,
				     .rdx = instructions[i].rdx,
				     .rdi = (uint64_t)memory };

		attempt(&a, instructions[i].code, instructions[i].size);
		ve_expect(came_out(&a, i), instructions[i].name, a.vector);
	}
	check(true, "instructions that are #VE, #UD and #GP, or work");
}

/* ---- control registers ---- */

/* Exit qualification of MOV to CR: the register's number, in 11:8 that of the source (RAX: 0). */
static void write_cr(uint8_t number, uint64_t value, unsigned expect, const char *what)
{
	const uint8_t code[] = { 0x0f, 0x22, (uint8_t)(0xc0 | number << 3) };
	struct attempt a = { .rax = value };

	attempt(&a, code, sizeof(code));
	check(expect == VE ? attempt_is_ve(&a, TDX_EXIT_REASON_CR_ACCESS, number, sizeof(code))
			   : a.vector == expect,
	      what);
}

static void control_registers(void)
{
	uint64_t cr0, cr4 = read_cr4();

	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	check(cr0 & CR0_NE && !(cr0 & (CR0_CD | CR0_NW)), "CR0 reads with NE, without CD and NW");
	check(cr4 & CR4_MCE && !(cr4 & (CR4_VMXE | CR4_SMXE)),
	      "CR4 with MCE, without VMXE and SMXE");
	write_cr(0, cr0 ^ CR0_WP, NOTHING, "CR0.WP is the guest's");
	write_cr(0, cr0, NOTHING, "and back");
	write_cr(0, cr0 | CR0_CD, VE, "setting CR0.CD is #VE");
	write_cr(0, cr0 | CR0_CD | CR0_NW, VE, "so is NW with it");
	write_cr(0, cr0 & ~CR0_NE, GP, "clearing CR0.NE is #GP");
	write_cr(4, cr4 & ~CR4_MCE, VE, "clearing CR4.MCE is #VE");
	write_cr(4, cr4 | CR4_VMXE, VE, "so is setting VMXE");
	write_cr(4, cr4 | CR4_SMXE, VE, "and SMXE");
	write_cr(4, cr4 | CR4_CET, GP, "CR4.CET is #GP: XFAM lacks it");
	check(read_cr4() == cr4, "all that left CR4 as it was");
}

/* ---- a second #VE ---- */

static struct {
	unsigned faults;
	uint64_t rip, error, reason;
} second;

/* As if the handler of #VE used CPUID before it read the information. */
static void on_first_ve(struct guest_frame *frame)
{
	struct tdg_vp_veinfo_get_out ve;

	__asm__ volatile("cpuid" : : "a"(0x40000000), "c"(0) : "rbx", "rdx", "memory");
	if (!tdx_status_ok(tdg_vp_veinfo_get(&ve)))
		guest_fail("no information of the first #VE");
	second.reason = ve.exit_reason;
	frame->rip += (uint32_t)ve.instr_len_info;
}

static void on_double_fault(struct guest_frame *frame)
{
	second.faults++;
	second.error = frame->error;
	second.rip = frame->rip;
	if (memcmp((const void *)frame->rip, cpuid_code, sizeof(cpuid_code)))
		guest_fail("#DF is not at the second CPUID");
	frame->rip += sizeof(cpuid_code);
}

static void second_ve(void)
{
	guest_on(VE, on_first_ve);
	guest_on(DF, on_double_fault);
	__asm__ volatile("inb $0x80, %%al" : : : "rax");
	check(second.faults == 1 && !second.error, "a second #VE is #DF, with error code 0");
	check(second.reason == TDX_EXIT_REASON_IO_INSTRUCTION,
	      "the information is still that of the first");
	check(tdx_status_is(tdg_vp_veinfo_get(NULL), TDX_NO_VALID_VE_INFO), "which is then gone");
	guest_on(DF, NULL);
}

void guest_main(const struct guest_boot *boot)
{
	if (boot->vcpu)
		return;
	put("#VE guest\n");
	attempt_begin();
	cpuid_leaves();
	cpuid_values(boot);
	cpuid_follows_the_vcpu();
	cpuid_as_the_guest_wants();
	try_instructions();
	control_registers();
	ve_msrs();
	second_ve();
	put("PASS\n");
}
