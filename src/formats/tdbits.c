// SPDX-License-Identifier: MIT
/*
 * Names of TD attributes and XFAM bits.
 */
#include <stdio.h>
#include <string.h>

#include "formats/tdreport.h"

static const char *const attribute_name[64] = {
	[0] = "DEBUG",
	[4] = "HGS_PLUS_PROF",
	[5] = "PERF_PROF",
	[6] = "PMT_PROF",
	[16] = "ICSSD",
	[27] = "LASS",
	[28] = "SEPT_VE_DISABLE",
	[29] = "MIGRATABLE",
	[30] = "PKS",
	[31] = "KL",
	[62] = "TPA",
	[63] = "PERFMON",
};

static const char *const xfam_name[64] = {
	[0] = "X87",
	[1] = "SSE",
	[2] = "AVX",
	[3] = "BNDREGS",
	[4] = "BNDCSR",
	[5] = "AVX512_K",
	[6] = "AVX512_ZMM_HI256",
	[7] = "AVX512_HI16_ZMM",
	[8] = "PT",
	[9] = "PKRU",
	[10] = "PASID",
	[11] = "CET_U",
	[12] = "CET_S",
	[13] = "HDC",
	[14] = "UINTR",
	[15] = "LBR",
	[16] = "HWP",
	[17] = "AMX_TILECFG",
	[18] = "AMX_TILEDATA",
};

static char *names(const char *const table[64], uint64_t bits, char *text, size_t size)
{
	size_t used = 0;

	if (!size)
		return text;
	snprintf(text, size, "%s", bits ? "" : "none");
	for (int i = 0; i < 64; i++) {
		char bit[8];

		if (!(bits >> i & 1))
			continue;
		snprintf(bit, sizeof(bit), "bit %d", i);
		if (used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 table[i] ? table[i] : bit);
	}
	return text;
}

char *tdx_attributes_names(uint64_t attributes, char *text, size_t size)
{
	return names(attribute_name, attributes, text, size);
}

char *tdx_xfam_names(uint64_t xfam, char *text, size_t size)
{
	return names(xfam_name, xfam, text, size);
}

const char *tdx_xfam_wrong(uint64_t xfam)
{
	static const struct {
		uint64_t bits;
		const char *what;
	} together[] = {
		{ 0xe0, "AVX512 bits 7:5 differ" },
		{ 0x1800, "CET bits 12:11 differ" },
		{ 0x60000, "AMX bits 18:17 differ" },
	};

	if ((xfam & 3) != 3)
		return "X87 and SSE (bits 1:0) must be set";
	for (size_t i = 0; i < sizeof(together) / sizeof(together[0]); i++) {
		uint64_t bits = xfam & together[i].bits;

		if (bits && bits != together[i].bits)
			return together[i].what;
	}
	return NULL;
}
