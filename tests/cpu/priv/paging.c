// SPDX-License-Identifier: MIT
/*
 * Page faults: every combination of entry bits, kinds of access and control bits against the rules
 * as the manual states them; large pages, reserved bits, invalidation, PCIDs.
 */
#include "priv.h"

#define P  1u
#define W  2u
#define U  4u
#define A  0x20u
#define D  0x40u
#define NX (1ull << 63)

#define CR0_WP	      (1ull << 16)
#define CR4_PGE	      (1ull << 7)
#define CR4_PCIDE     (1ull << 17)
#define CR4_SMEP      (1ull << 20)
#define CR4_SMAP      (1ull << 21)
#define RFLAGS_AC     (1ull << 18)
#define CPUID_PCID    (1u << 17)
#define CPUID_INVPCID (1u << 10)

enum { READ, WRITE, EXECUTE };

struct access {
	uint64_t address;
	int kind;
	bool user, ac;
};

static volatile uint64_t *const pt = (volatile uint64_t *)PT_TEST;
static volatile uint64_t *const pd = (volatile uint64_t *)PD_TEST;

/* User code: kind in RSI, address in RDI; the kernel has its own. */
extern const uint8_t user_read[], user_write[], user_call[];
__asm__(".text\n"
	"user_read: movq (%rdi), %rax\n int $0x81\n"
	"user_write: movq $5, (%rdi)\n int $0x81\n"
	"user_call: call *%rdi\n int $0x81\n");

static void kernel_access(void *argument)
{
	const struct access *a = argument;

	if (a->ac)
		__asm__ __volatile__("pushfq\n\torq $0x40000, (%%rsp)\n\tpopfq"
				     :
				     :
				     : "cc", "memory");
	switch (a->kind) {
	case READ: (void)*(volatile uint64_t *)a->address; break;
	case WRITE: *(volatile uint64_t *)a->address = 5; break;
	default: __asm__ __volatile__("call *%0" : : "r"(a->address) : "memory", "cc");
	}
	__asm__ __volatile__("pushq $2\n\tpopfq" : : : "cc", "memory");
}

static void try_access(struct access *a)
{
	static const uint8_t *const user[] = { user_read, user_write, user_call };

	invlpg(a->address);
	trap.vector = -1;
	trap.frame.error = 0;
	if (a->user)
		run_user(user[a->kind], USER_CODE64, a->ac ? RFLAGS_AC : 0, a->address, 0);
	else
		attempt(kernel_access, a);
	if (trap.vector == 0x81)
		trap.vector = -1;
}

/* The error code that the access gives, -1 for none (SDM volume 3, sections 4.6 and 4.7). */
static int expected(uint64_t entry, const struct access *a)
{
	bool wp = read_cr0() & CR0_WP, smep = read_cr4() & CR4_SMEP, smap = read_cr4() & CR4_SMAP;
	int code = (a->kind == WRITE ? 2 : 0) | (a->user ? 4 : 0) | (a->kind == EXECUTE ? 16 : 0);
	bool user_page = entry & U, bad;

	if (!(entry & P))
		return code;
	bad = a->user && !user_page;
	if (a->kind == EXECUTE)
		bad |= (entry & NX) || (!a->user && user_page && smep);
	else
		bad |= !a->user && user_page && smap && !a->ac;
	if (a->kind == WRITE)
		bad |= !(entry & W) && (a->user || wp);
	return bad ? code | 1 : -1;
}

static bool one(uint64_t entry, struct access *a, uint64_t *sum)
{
	int want = expected(entry, a), got;
	uint64_t marks = want < 0 ? A | (a->kind == WRITE ? D : 0) : 0;

	pt[3] = entry;
	try_access(a);
	got = trap.vector == 14 ? (int)trap.frame.error : trap.vector < 0 ? -1 : -2;
	*sum = digest(digest(*sum, (uint64_t)(unsigned)got), pt[3]);
	if (got != want || (want >= 0 && trap.cr2 != a->address) || (pt[3] & (A | D)) != marks) {
		report("entry", entry);
		report("kind, user, AC", (uint64_t)a->kind << 8 | a->user << 4 | a->ac);
		report("CR0, CR4", read_cr0() << 32 | read_cr4());
		report("got", (uint64_t)(unsigned)got);
		report("want", (uint64_t)(unsigned)want);
		report("entry after", pt[3]);
		return false;
	}
	return true;
}

/* All entries by all accesses, under the control bits as they are. */
static unsigned matrix(uint64_t *sum)
{
	unsigned bad = 0;

	for (unsigned e = 0; e < 16; e++)
		for (unsigned k = 0; k < 12; k++) {
			int kind = (int)(k % 3);
			struct access a = { TEST_REGION + 3 * 4096 + (kind == EXECUTE ? 8 : 24),
					    kind, k / 3 & 1, k / 6 };

			bad += !one((TEST_PAGES + 3 * 4096) | (e & 7) | (e & 8 ? NX : 0), &a, sum);
		}
	return bad;
}

static void test_matrix(void)
{
	uint64_t sum = 0, cr0 = read_cr0(), cr4 = read_cr4();
	unsigned bad = 0;

	*(volatile uint32_t *)(TEST_PAGES + 3 * 4096 + 8) = 0xc3c3c3c3; /* RET, for the calls */
	for (unsigned i = 0; i < 8; i++) {
		write_cr0(i & 1 ? cr0 | CR0_WP : cr0 & ~CR0_WP);
		write_cr4(cr4 | (i & 2 ? CR4_SMEP : 0) | (i & 4 ? CR4_SMAP : 0));
		bad += matrix(&sum);
	}
	write_cr0(cr0);
	write_cr4(cr4);
	check("page faults: 1536 combinations", bad, 0);
	report("their digest", sum);
}

static void touch(void *address)
{
	(void)*(volatile uint8_t *)address;
}

static void put(void *address)
{
	*(volatile uint8_t *)address = 1;
}

static void attempt_at(void (*function)(void *), uint64_t address)
{
	trap.vector = -1;
	attempt(function, (void *)(uintptr_t)address);
}

/* QEMU 7.2 leaves the P bit out of this error code, which the manual says is set. */
static void check_reserved(const char *name, uint64_t error)
{
	trap.frame.error &= ~1ull;
	check_trap(name, 14, error);
}

/* Permissions are those of all levels together; a large page's leaf is a level higher. */
static void test_levels(void)
{
	pt[4] = (TEST_PAGES + 4 * 4096) | 7;
	pd[0] = PT_TEST | 5;
	invlpg(TEST_REGION + 4 * 4096);
	attempt_at(put, TEST_REGION + 4 * 4096);
	check_trap("a directory without W", 14, 3);
	pd[0] = PT_TEST | 7;
	pd[1] = TEST_PAGES & ~0x1fffffull;
	attempt_at(touch, TEST_REGION + 0x200000);
	check_trap("a large page that is not present", 14, 0);
	pd[1] = (TEST_PAGES & ~0x1fffffull) | 0x87;
	*(volatile uint8_t *)TEST_PAGES = 0x77;
	attempt_at(put, TEST_REGION + 0x200000 + (TEST_PAGES & 0x1fffff) + 1);
	check("a large page is read where it says",
	      *(volatile uint8_t *)(TEST_REGION + 0x200000 + (TEST_PAGES & 0x1fffff)), 0x77);
	check("it is dirty", pd[1] & (A | D), A | D);
	pd[1] = (TEST_PAGES & ~0x1fffffull) | 0x87 | 1ull << 13;
	invlpg(TEST_REGION + 0x200000);
	attempt_at(touch, TEST_REGION + 0x200000);
	check_reserved("a reserved bit of a large page", 8);
	pt[4] = 0x0008000000000000 | 7;
	invlpg(TEST_REGION + 4 * 4096);
	attempt_at(put, TEST_REGION + 4 * 4096);
	check_reserved("an address wider than physical ones", 10);
}

static void push_at(void *address)
{
	__asm__ __volatile__("mov %%rsp, %%rbx\n\tmov %0, %%rsp\n\tpush %%rax\n\tmov %%rbx, %%rsp"
			     :
			     : "r"(address)
			     : "rbx", "memory");
}

static void test_canonical(void)
{
	attempt_at(touch, 0x0000800000000000);
	check_trap("a non-canonical address", 13, 0);
	if (in_qemu()) {
		skip("a non-canonical stack", "QEMU raises #GP where the manual says #SS");
		return;
	}
	tss.ist[0] = tss.rsp[0];
	set_gate(12, 0, 1, 14, KERNEL_CODE);
	attempt_at(push_at, 0x0000800000000008);
	check_trap("a non-canonical stack", 12, 0);
	set_gate(12, 0, 0, 14, KERNEL_CODE);
}

/* A page that moves: the old place may be seen until it is invalidated, never after. */
static void test_invalidation(void)
{
	volatile uint32_t *page = (volatile uint32_t *)(TEST_REGION + 5 * 4096);

	*(volatile uint32_t *)(TEST_PAGES + 5 * 4096) = 0x55;
	*(volatile uint32_t *)(TEST_PAGES + 6 * 4096) = 0x66;
	pt[5] = (TEST_PAGES + 5 * 4096) | 7;
	check("a page", *page, 0x55);
	pt[5] = (TEST_PAGES + 6 * 4096) | 7;
	invlpg((uint64_t)(uintptr_t)page);
	check("after INVLPG", *page, 0x66);
	pt[5] = (TEST_PAGES + 5 * 4096) | 7;
	write_cr3(read_cr3());
	check("after MOV to CR3", *page, 0x55);
	write_cr4(read_cr4() | CR4_PGE);
	pt[5] = (TEST_PAGES + 6 * 4096) | 0x107;
	invlpg((uint64_t)(uintptr_t)page);
	check("a global page", *page, 0x66);
	pt[5] = (TEST_PAGES + 5 * 4096) | 0x107;
	write_cr4(read_cr4() & ~CR4_PGE);
	check("after clearing CR4.PGE", *page, 0x55);
	pt[5] = (TEST_PAGES + 6 * 4096) | 3;
	write_cr0(read_cr0() & ~CR0_WP);
	write_cr0(read_cr0() | CR0_WP);
	invlpg((uint64_t)(uintptr_t)page);
	check("supervisor page", *page, 0x66);
}

static void set_cr3(void *value)
{
	write_cr3((uint64_t)(uintptr_t)value);
}

static void set_cr4(void *value)
{
	write_cr4((uint64_t)(uintptr_t)value);
}

struct invpcid {
	uint64_t type, descriptor[2];
};

static void invpcid(void *argument)
{
	const struct invpcid *i = argument;

	__asm__ __volatile__("invpcid %0, %1" : : "m"(i->descriptor), "r"(i->type) : "memory");
}

static void try_invpcid(const char *name, uint64_t type, uint64_t pcid, uint64_t address,
			int vector)
{
	struct invpcid i = { type, { pcid, address } };

	trap.vector = -1;
	trap.frame.error = 0;
	attempt(invpcid, &i);
	check(name, (uint64_t)(unsigned)trap.vector, (uint64_t)(unsigned)vector);
}

/* Each PCID has its own translations; what one invalidates stays right for the others. */
static void test_pcid(void)
{
	volatile uint32_t *page = (volatile uint32_t *)(TEST_REGION + 5 * 4096);
	bool has_invpcid = cpuid(7, 1) & CPUID_INVPCID;

	if (!(cpuid(1, 2) & CPUID_PCID)) {
		skip("PCIDs", "CPUID denies them");
		return;
	}
	trap.vector = -1;
	attempt(set_cr3, (void *)(PML4 | 1ull << 63));
	check_trap("bit 63 of CR3 without PCIDs", 13, 0);
	write_cr3(PML4 | 8);
	trap.vector = -1;
	attempt(set_cr4, (void *)(uintptr_t)(read_cr4() | CR4_PCIDE));
	check_trap("CR4.PCIDE with a PCID in CR3", 13, 0);
	write_cr3(PML4);
	write_cr4(read_cr4() | CR4_PCIDE | CR4_PGE);
	pt[5] = (TEST_PAGES + 5 * 4096) | 7;
	write_cr3(PML4 | 1);
	check("PCID 1", *page, 0x55);
	write_cr3(PML4 | 2);
	pt[5] = (TEST_PAGES + 6 * 4096) | 7;
	check("PCID 2 sees its own tables", *page, 0x66);
	write_cr3(PML4 | 1);
	check("PCID 1 without bit 63: flushed", *page, 0x66);
	check("bit 63 is not kept", (write_cr3(PML4 | 2 | 1ull << 63), read_cr3()), PML4 | 2);
	pt[5] = (TEST_PAGES + 5 * 4096) | 7;
	invlpg((uint64_t)(uintptr_t)page);
	check("INVLPG for PCID 2", *page, 0x55);
	if (has_invpcid) {
		try_invpcid("INVPCID of one address", 0, 1, (uint64_t)(uintptr_t)page, -1);
		write_cr3(PML4 | 1 | 1ull << 63);
		check("PCID 1 after it", *page, 0x55);
		pt[5] = (TEST_PAGES + 6 * 4096) | 7;
		try_invpcid("INVPCID of one PCID", 1, 1, 0, -1);
		check("PCID 1 after that", *page, 0x66);
		write_cr3(PML4 | 2 | 1ull << 63);
		pt[5] = (TEST_PAGES + 5 * 4096) | 0x107;
		try_invpcid("INVPCID of all", 2, 0, 0, -1);
		check("PCID 2 after it, and global now", *page, 0x55);
		pt[5] = (TEST_PAGES + 6 * 4096) | 7;
		try_invpcid("INVPCID of all with globals", 2, 0, 0, -1);
		write_cr3(PML4 | 1 | 1ull << 63);
		check("PCID 1: the global one is gone", *page, 0x66);
		try_invpcid("INVPCID of all but globals", 3, 0, 0, -1);
		try_invpcid("INVPCID type 4", 4, 0, 0, 13);
		try_invpcid("INVPCID of PCID 4096", 1, 4096, 0, 13);
		try_invpcid("INVPCID of a non-canonical address", 0, 1, 1ull << 47, 13);
	} else {
		skip("INVPCID", "CPUID denies it");
	}
	write_cr3(PML4);
	write_cr4(read_cr4() & ~(CR4_PCIDE | CR4_PGE));
}

void test_paging(void)
{
	test_matrix();
	test_levels();
	test_canonical();
	test_invalidation();
	test_pcid();
}
