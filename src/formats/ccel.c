// SPDX-License-Identifier: MIT
/*
 * Reads the ACPI CCEL table.
 */
#include <string.h>

#include "formats/bytes.h"
#include "formats/eventlog.h"

enum { LENGTH = 4, CHECKSUM = 9, CC_TYPE = 36, CC_SUBTYPE = 37, LOG_SIZE = 40, LOG_GPA = 48 };

int ccel_parse(struct ccel *ccel, const void *bytes, size_t size, struct format_error *err)
{
	const uint8_t *p = bytes;
	uint8_t sum = 0;

	if (size < CCEL_SIZE)
		return format_fail(err, 0, "file size", size, "expected 0x38 for a CCEL table");
	if (memcmp(p, "CCEL", 4))
		return format_fail(err, 0, "Signature", get_le32(p), "expected \"CCEL\"");
	if (get_le32(p + LENGTH) != CCEL_SIZE)
		return format_fail(err, LENGTH, "Length", get_le32(p + LENGTH), "expected 0x38");
	for (size_t i = 0; i < CCEL_SIZE; i++)
		sum = (uint8_t)(sum + p[i]);
	if (sum)
		return format_fail(err, CHECKSUM, "Checksum", p[CHECKSUM],
				   "the table's bytes add up to 0x%x, expected 0", sum);
	ccel->cc_type = p[CC_TYPE];
	ccel->cc_subtype = p[CC_SUBTYPE];
	ccel->log_size = get_le64(p + LOG_SIZE);
	ccel->log_gpa = get_le64(p + LOG_GPA);
	if (ccel->cc_type != 2)
		return format_fail(err, CC_TYPE, "CC type", ccel->cc_type, "expected 2, TDX");
	return 0;
}
