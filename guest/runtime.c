// SPDX-License-Identifier: MIT
/*
 * Start, console and end of a bare guest.
 */
#include "guest/guest.h"
#include "tdx/tdx.h"

#define COM1	0x3f8
#define VECTORS 32

struct gate {
	uint16_t offset0;
	uint16_t selector;
	uint16_t type; /* 0x8E00: present, interrupt gate */
	uint16_t offset1;
	uint32_t offset2;
	uint32_t zero;
};

static struct gate idt[VECTORS] __attribute__((aligned(16)));
extern const uint8_t guest_stubs[VECTORS][16];

static void set_gates(void)
{
	for (unsigned i = 0; i < VECTORS; i++) {
		uint64_t to = (uint64_t)&guest_stubs[i];

		idt[i] = (struct gate){ (uint16_t)to,	      0x08, 0x8e00, (uint16_t)(to >> 16),
					(uint32_t)(to >> 32), 0 };
	}
}

static void load_idt(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile("lidt %0" : : "m"(idtr) : "memory");
}

void guest_start(unsigned gpaw, unsigned vcpu, uint64_t memory)
{
	const struct guest_boot boot = { gpaw, vcpu, memory };

	set_gates();
	load_idt();
	guest_main(&boot);
	guest_halt();
}

void put_char(char c)
{
	tdg_vp_vmcall_instruction_io(1, 1, COM1, (uint8_t)c, NULL);
}

void put(const char *text)
{
	while (*text)
		put_char(*text++);
}

static void put_digit(unsigned value)
{
	put_char((char)(value < 10 ? '0' + value : 'a' + value - 10));
}

void put_hex(uint64_t value)
{
	int shift = 60;

	put("0x");
	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put_digit(value >> shift & 15);
}

void put_decimal(uint64_t value)
{
	if (value >= 10)
		put_decimal(value / 10);
	put_digit((unsigned)(value % 10));
}

void put_bytes(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		put_digit(bytes[i] >> 4);
		put_digit(bytes[i] & 15);
	}
}

void guest_halt(void)
{
	for (;;)
		tdg_vp_vmcall_instruction_hlt(1);
}

static uint64_t eight(const char *text, size_t length, size_t at)
{
	uint64_t value = 0;

	for (size_t i = 0; i < 8 && at + i < length; i++)
		value |= (uint64_t)(uint8_t)text[at + i] << 8 * i;
	return value;
}

void guest_fail(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	tdg_vp_vmcall_report_fatal_error(
		(struct tdg_vp_vmcall_report_fatal_error_args){ .text0 = eight(text, n, 0),
								.text1 = eight(text, n, 8),
								.text2 = eight(text, n, 16),
								.text3 = eight(text, n, 24),
								.text4 = eight(text, n, 32),
								.text5 = eight(text, n, 40),
								.text6 = eight(text, n, 48),
								.text7 = eight(text, n, 56) });
	guest_halt();
}

void *memcpy(void *to, const void *from, size_t size)
{
	void *start = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return start;
}

void *memset(void *to, int byte, size_t size)
{
	void *start = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < size; i++) {
		if (x[i] != y[i])
			return x[i] - y[i];
	}
	return 0;
}
