// SPDX-License-Identifier: MIT
/*
 * The self-checking program's frame: descriptor tables, traps, output.
 */
#include "priv.h"

struct trap trap;
bool (*trap_hook)(struct trap_frame *frame);
uint64_t gdt[GDT_ENTRIES] __attribute__((aligned(16))) = {
	[KERNEL_CODE / 8] = 0x00af9b000000ffff,
	[KERNEL_DATA / 8] = 0x00cf93000000ffff,
	[USER_CODE32 / 8] = 0x00cffb000000ffff,
	[USER_DATA / 8] = 0x00cff3000000ffff,
	[USER_CODE64 / 8] = 0x00affb000000ffff,
	[KERNEL_CODE32 / 8] = 0x00cf9b000000ffff,
	/* a conforming one, expand-down data, read-only data, execute-only, not present, call gate,
	 * 16-bit data of 256 bytes, L and D both set */
	[ODD_FIRST / 8] = 0x00af9e000000ffff,
	0x00cf97000000ffff & ~0ull,
	0x00cff1000000ffff,
	0x00aff9000000ffff,
	0x00cf73000000ffff,
	0x00008c0000080000,
	0x0000f300000000ff,
	0x00effb000000ffff,
};
uint64_t idt[512] __attribute__((aligned(16)));
uint64_t ldt[4] __attribute__((aligned(16)));
struct tss tss;
static unsigned failures;
static uint8_t stack0[8192] __attribute__((aligned(16)));
static uint8_t stack3[8192] __attribute__((aligned(16)));

extern const uint8_t stubs[];

/* Compilers call these for structures. */
void *memcpy(void *to, const void *from, size_t n);
void *memcpy(void *to, const void *from, size_t n)
{
	void *at = to;

	__asm__ __volatile__("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
	return to;
}

void *memset(void *to, int value, size_t n);
void *memset(void *to, int value, size_t n)
{
	void *at = to;

	__asm__ __volatile__("rep stosb" : "+D"(at), "+c"(n) : "a"(value) : "memory");
	return to;
}

static void out8(uint16_t port, uint8_t v)
{
	__asm__ __volatile__("outb %0, %1" : : "a"(v), "Nd"(port));
}

void print(const char *text)
{
	while (*text)
		out8(DEBUG_PORT, (uint8_t)*text++);
}

void print_hex(uint64_t value)
{
	unsigned shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	for (;; shift -= 4) {
		out8(DEBUG_PORT, (uint8_t) "0123456789abcdef"[value >> shift & 15]);
		if (!shift)
			return;
	}
}

void check(const char *name, uint64_t got, uint64_t want)
{
	print(got == want ? "ok " : "FAIL ");
	print(name);
	if (got != want) {
		failures++;
		print(": got ");
		print_hex(got);
		print(", want ");
		print_hex(want);
	}
	print("\n");
}

void check_trap(const char *name, int vector, uint64_t error)
{
	check(name, (uint64_t)(unsigned)trap.vector << 32 | trap.frame.error,
	      (uint64_t)(unsigned)vector << 32 | error);
}

void report(const char *name, uint64_t value)
{
	print("is ");
	print(name);
	print(": ");
	print_hex(value);
	print("\n");
}

uint64_t digest(uint64_t sum, uint64_t value)
{
	return ((sum ^ value) * 0x9e3779b97f4a7c15ull) ^ (sum >> 29);
}

void skip(const char *name, const char *reason)
{
	print("skip ");
	print(name);
	print(": ");
	print(reason);
	print("\n");
}

bool trap_entered(struct trap_frame *frame);
bool trap_entered(struct trap_frame *frame)
{
	trap.frame = *frame;
	trap.vector = (int)frame->vector;
	trap.stack = (uint64_t)(uintptr_t)(frame + 1);
	__asm__ __volatile__("mov %%cr2, %0" : "=r"(trap.cr2));
	__asm__ __volatile__("mov %%dr6, %0" : "=r"(trap.dr6));
	return trap_hook && trap_hook(frame);
}

void set_gate(unsigned vector, unsigned dpl, unsigned ist, unsigned type, uint16_t selector)
{
	uint64_t handler = (uint64_t)(uintptr_t)stubs + 16 * vector;

	idt[2 * vector] = (handler & 0xffff) | (uint64_t)selector << 16 | (uint64_t)ist << 32 |
			  (uint64_t)(type | 0x80 | dpl << 5) << 40 | (handler >> 16 & 0xffff) << 48;
	idt[2 * vector + 1] = handler >> 32;
}

static uint64_t system_descriptor(uint64_t base, unsigned limit, unsigned type)
{
	return limit | (base & 0xffffff) << 16 | (uint64_t)(0x80 | type) << 40 |
	       (base >> 24 & 0xff) << 56;
}

static void make_tables(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uintptr_t)idt };

	gdt[TSS_SELECTOR / 8] = system_descriptor((uintptr_t)&tss, sizeof(tss) - 1, 9);
	gdt[LDT_SELECTOR / 8] = system_descriptor((uintptr_t)ldt, sizeof(ldt) - 1, 2);
	ldt[0] = 0x00cff3000000ffff; /* user data */
	ldt[1] = 0x4040f39000000fff; /* user data of 4 KiB at the test pages, as user mode sees them
				      */
	tss.rsp[0] = (uintptr_t)stack0 + sizeof(stack0);
	tss.io_map = sizeof(tss);
	for (unsigned i = 0; i < 256; i++)
		set_gate(i, i == 0x81 ? 3 : 0, 0, 14, KERNEL_CODE);
	__asm__ __volatile__("lidt %0" : : "m"(idtr));
	__asm__ __volatile__("ltr %w0" : : "r"(TSS_SELECTOR));
	__asm__ __volatile__("lldt %w0" : : "r"(LDT_SELECTOR));
}

static void enter(void *entry)
{
	enter_at(entry);
}

void run_user(const void *code, uint16_t cs, uint64_t rflags, uint64_t rdi, uint64_t rsi)
{
	struct entry e = { USER(code),	  cs | 3u, rflags | 2, USER(stack3) + sizeof(stack3),
			   USER_DATA | 3, rdi,	   rsi };

	trap.vector = -1;
	attempt(enter, &e);
}

int main(void);
int main(void)
{
	make_tables();
	test_paging();
	test_events();
	test_segments();
	test_modes();
	test_registers();
	test_debug();
	print(failures ? "FAILED\n" : "PASSED\n");
	out8(EXIT_PORT, failures ? 1 : 0);
	for (;;)
		__asm__ __volatile__("hlt");
}
