// SPDX-License-Identifier: MIT
/*
 * TDREPORT: an accepted report is written again as it was, but for reserved bytes inside what is
 * hashed.
 */
#include <string.h>

#include "formats/tdreport.h"
#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct format_error err = { .text = "" };
	uint8_t bytes[TDREPORT_SIZE];
	struct tdreport report;
	char text[64];

	if (tdreport_parse(&report, data, size, &err)) {
		HOLDS(err.text[0]);
		return 0;
	}
	tdreport_build(&report, bytes);
	HOLDS(!memcmp(bytes, data, 400) && !memcmp(bytes + 512, data + 512, 448));
	tdx_attributes_names(report.td.attributes, text, sizeof(text));
	tdx_xfam_names(report.td.xfam, text, sizeof(text));
	HOLDS(strlen(text) < sizeof(text));
	return 0;
}
