// SPDX-License-Identifier: MIT
/*
 * The console of a guest: the serial port, by TDVMCALL.
 */
#include "guest/guest.h"
#include "tdx/tdx.h"

#define COM1 0x3f8

void put_char(char c)
{
	tdg_vp_vmcall_instruction_io(tdx_width(1), TDX_WRITE, tdx_port(COM1), (uint8_t)c, NULL);
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

void check(bool right, const char *what)
{
	if (!right)
		guest_fail(what);
	put("  ok: ");
	put(what);
	put("\n");
}
