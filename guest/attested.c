// SPDX-License-Identifier: MIT
/*
 * In the place of a kernel: attests itself as guest/linux does, for a nonce on its command line. A
 * word "lie=..." there makes it cheat, in each of the ways that the host must notice.
 */
#include "formats/shim_info.h"
#include "guest/guest.h"
#include "tdx/tdx.h"

#define LOG_SIZE   1024
#define LOG_DIGEST 80 /* the first byte of a digest in the log: the second event's */
#define PER_LINE   32
#define REPORT_MAC 224 /* byte offset of the MAC in TDREPORT_STRUCT */

static uint8_t stack[0x4000] __attribute__((aligned(16), used));
static uint8_t report[TDX_TDREPORT_SIZE] __attribute__((aligned(1024)));
static uint8_t nonce[64] __attribute__((aligned(64)));
static uint8_t log[LOG_SIZE];

__asm__(".globl _start\n"
	"_start:\n"
	"	leaq stack + 0x4000(%rip), %rsp\n"
	"	movq %rsi, %rdi\n"
	"	call kernel_main\n"
	"	ud2\n");

void kernel_main(const uint8_t *zero_page);

/* Where a text goes on after a word in it; NULL. */
static const char *after(const char *text, const char *word)
{
	size_t size = strlen(word);

	for (; *text; text++) {
		if (strlen(text) >= size && !memcmp(text, word, size))
			return text + size;
	}
	return NULL;
}

static void read_nonce(const char *cmdline)
{
	const char *hex = after(cmdline, "seamless.nonce=");

	if (!hex || strlen(hex) < 2 * sizeof(nonce))
		guest_fail("no nonce on the command line");
	for (size_t i = 0; i < 2 * sizeof(nonce); i++) {
		int digit = hex[i] >= 'a' ? hex[i] - 'a' + 10 : hex[i] - '0';

		nonce[i / 2] = (uint8_t)(nonce[i / 2] << 4 | digit);
	}
}

static void print(const char *name, const uint8_t *bytes, size_t size)
{
	put("BEGIN ");
	put(name);
	put("\n");
	for (size_t at = 0; at < size; at += PER_LINE) {
		put_bytes(bytes + at, size - at < PER_LINE ? size - at : PER_LINE);
		put("\n");
	}
	put("END ");
	put(name);
	put("\n");
}

/* The register is extended by what the log does not have. */
static void extend(void)
{
	static const uint8_t extra[48] __attribute__((aligned(64))) = { 1 };

	if (!tdx_status_ok(tdg_mr_rtmr_extend(tdx_gpa((uint64_t)extra), 2)))
		guest_fail("TDG.MR.RTMR.EXTEND");
}

void kernel_main(const uint8_t *zero_page)
{
	const char *cmdline;
	uint32_t at;

	memcpy(&at, zero_page + 0x228, sizeof(at));
	cmdline = (const char *)(uint64_t)at;
	read_nonce(cmdline);
	if (after(cmdline, "lie=nonce"))
		nonce[63] ^= 1;
	if (after(cmdline, "lie=rtmr"))
		extend();
	if (!tdx_status_ok(
		    tdg_mr_report(tdx_gpa((uint64_t)report), tdx_report_data((uint64_t)nonce), 0)))
		guest_fail("TDG.MR.REPORT");
	if (after(cmdline, "lie=mac"))
		report[REPORT_MAC] ^= 1;
	if (after(cmdline, "lie=report"))
		report[TDX_TDREPORT_TDINFO_OFFSET + 16] ^= 1;
	memcpy(log, (const void *)SHIM_LOG, LOG_SIZE);
	if (after(cmdline, "lie=log"))
		log[LOG_DIGEST] ^= 1;
	if (!after(cmdline, "lie=silence"))
		print("TDREPORT", report, sizeof(report));
	if (!after(cmdline, "lie=secrecy"))
		print("EVENT LOG", log, sizeof(log));
	guest_halt();
}
