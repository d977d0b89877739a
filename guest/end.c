// SPDX-License-Identifier: MIT
/*
 * Ways for a guest to end, and the memory functions that compilers call.
 */
#include "guest/guest.h"
#include "tdx/tdx.h"

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
	size_t n = strlen(text);

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

size_t strlen(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}
