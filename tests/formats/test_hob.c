// SPDX-License-Identifier: MIT
/*
 * The TD HOB list, byte by byte, and its limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "formats/bytes.h"
#include "formats/hob.h"

static void whole_list(void **state)
{
	uint8_t buf[256];
	struct hob_list list;

	(void)state;
	memset(buf, 0xaa, sizeof(buf));
	assert_int_equal(hob_begin(&list, buf, sizeof(buf), 0x809000), 0);
	assert_int_equal(hob_add(&list, HOB_SYSTEM_MEMORY, 0x809000, 0x2000), 0);
	assert_int_equal(hob_add(&list, HOB_UNACCEPTED_MEMORY, 0x900000, 0x100000), 0);
	assert_int_equal(hob_add(&list, HOB_MMIO, 0xfec00000, 0x1000), 0);
	assert_int_equal(hob_end(&list), 56 + 3 * 48 + 8);

	assert_int_equal(get_le16(buf), 1);
	assert_int_equal(get_le16(buf + 2), 56);
	assert_int_equal(get_le32(buf + 8), 9);
	assert_int_equal(get_le64(buf + 48), 0x809000 + 56 + 3 * 48 + 8);
	assert_int_equal(get_le32(buf + 56), 0x300003);
	assert_int_equal(get_le32(buf + 56 + 4), 0);
	assert_int_equal(get_le64(buf + 56 + 8), 0);
	assert_int_equal(get_le64(buf + 56 + 16), 0);
	assert_int_equal(get_le32(buf + 56 + 24), 0);
	assert_int_equal(get_le32(buf + 56 + 28), 7);
	assert_int_equal(get_le64(buf + 56 + 32), 0x809000);
	assert_int_equal(get_le64(buf + 56 + 40), 0x2000);
	assert_int_equal(get_le32(buf + 104 + 24), 7);
	assert_int_equal(get_le32(buf + 152 + 24), 1);
	assert_int_equal(get_le32(buf + 152 + 28), 0x403);
	assert_int_equal(get_le32(buf + 200), 0x8ffff);
	assert_int_equal(get_le32(buf + 204), 0);
	assert_int_equal(buf[208], 0xaa);
}

static void limits(void **state)
{
	uint8_t buf[56 + 48 + 8 + 1] = { 0 };
	struct hob_list list;

	(void)state;
	assert_int_equal(hob_begin(&list, buf, 63, 0), -1);
	assert_int_equal(hob_begin(&list, buf, sizeof(buf), 0), 0);
	assert_int_equal(hob_add(&list, HOB_SYSTEM_MEMORY, 0, 0), -1);
	assert_int_equal(hob_add(&list, HOB_SYSTEM_MEMORY, UINT64_MAX, 2), -1);
	assert_int_equal(hob_add(&list, HOB_SYSTEM_MEMORY, 0, 0x1000), 0);
	assert_int_equal(hob_add(&list, HOB_SYSTEM_MEMORY, 0x1000, 0x1000), -1);
	assert_int_equal(hob_end(&list), sizeof(buf) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_list),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
