// SPDX-License-Identifier: MIT
/*
 * MRTD as the software module measures it, leaf by leaf, against the reference from first
 * principles: on images made here with sections of every type, in both page orders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/bytes.h"
#include "mrtd_reference.h"
#include "vmm/measure.h"

#define IMAGE_SIZE 0x10000u
#define DESCRIPTOR 0x100u
#define PAGE	   0x1000u

/* The MRTDs of the bytes of a firmware image, in both orders. */
static int measure(const void *image, size_t size, uint8_t mrtd[VMM_ORDERS][VMM_MRTD_SIZE],
		   struct vmm_error *err)
{
	static const bool both[VMM_ORDERS] = { true, true };
	struct vmm_image tdvf;
	int result;

	result = image_from_tdvf(&tdvf, image, size, 0, err);
	if (!result)
		result = vmm_measure_orders(&tdvf, both, mrtd, err);
	image_free(&tdvf);
	return result;
}

static uint8_t image[IMAGE_SIZE];

/* A deterministic sequence, so that a failure can be found again. */
static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

static void put_section(uint32_t n, const struct tdvf_section *s)
{
	uint8_t *p = image + DESCRIPTOR + 16 + 32 * n;

	put_le32(p, s->data_offset);
	put_le32(p + 4, s->raw_size);
	put_le64(p + 8, s->gpa);
	put_le64(p + 16, s->size);
	put_le32(p + 24, s->type);
	put_le32(p + 28, s->attributes);
}

/* An image with these sections, found through the pointer near its end. */
static void make_image(const struct tdvf_section *s, uint32_t count, uint64_t seed)
{
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)next(&seed);
	memcpy(image + DESCRIPTOR, "TDVF", 4);
	put_le32(image + DESCRIPTOR + 4, 16 + 32 * count);
	put_le32(image + DESCRIPTOR + 8, 1);
	put_le32(image + DESCRIPTOR + 12, count);
	for (uint32_t i = 0; i < count; i++)
		put_section(i, &s[i]);
	put_le32(image + IMAGE_SIZE - 0x20, DESCRIPTOR);
}

static void compare(void)
{
	uint8_t want[48], got[VMM_ORDERS][VMM_MRTD_SIZE];
	struct format_error wrong;
	struct vmm_error err;
	struct tdvf tdvf;

	if (tdvf_parse(&tdvf, image, sizeof(image), &wrong))
		fail_msg("%s", wrong.text);
	if (measure(image, sizeof(image), got, &err))
		fail_msg("%s", err.text);
	for (int order = VMM_ORDER_SINGLE; order <= VMM_ORDER_TWO_PASS; order++) {
		assert_true(mrtd_reference(&tdvf, order == VMM_ORDER_TWO_PASS, want));
		assert_memory_equal(got[order], want, sizeof(want));
	}
}

/* As td-shim lays them out: payload with less data than memory, parameters, memory to be augmented,
 * TdInfo. */
static void every_type_of_section(void **state)
{
	static const struct tdvf_section sections[] = {
		{ 0x8000, 0x8000, 0xffff8000, 0x8000, TDVF_BFV, TDVF_ATTR_MR_EXTEND },
		{ 0x4000, 0x2000, 0xffff6000, 0x2000, TDVF_CFV, 0 },
		{ 0, 0, 0x801000, 0x2000, TDVF_TD_HOB, 0 },
		{ 0, 0, 0x803000, 0x3000, TDVF_TEMP_MEM, 0 },
		{ 0, 0, 0x1000000, 0x200000, TDVF_PERM_MEM, TDVF_ATTR_PAGE_AUG },
		{ 0x1000, 0x2a34, 0x900000, 0x5000, TDVF_PAYLOAD, TDVF_ATTR_MR_EXTEND },
		{ 0, 0, 0x910000, 0x1000, TDVF_PAYLOAD_PARAM, 0 },
		{ 0x9000, 0x100, 0, 0, TDVF_TD_INFO, 0 },
		{ 0x9100, 0x400, 0, 0, TDVF_TD_PARAMS, 0 },
	};

	(void)state;
	make_image(sections, sizeof(sections) / sizeof(sections[0]), 1);
	compare();
}

/* Measured memory without data is zero; what is measured at all is the section's attribute. */
static void zero_payload_and_measured_variables(void **state)
{
	static const struct tdvf_section sections[] = {
		{ 0, 0, 0x900000, 0x3000, TDVF_PAYLOAD, TDVF_ATTR_MR_EXTEND },
		{ 0x4000, 0x2000, 0xffff6000, 0x2000, TDVF_CFV, TDVF_ATTR_MR_EXTEND },
		{ 0x8000, 0x8000, 0xffff8000, 0x8000, TDVF_BFV, 0 },
	};

	(void)state;
	make_image(sections, 3, 2);
	compare();
}

static void random_layouts(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int round = 0; round < 8; round++) {
		struct tdvf_section s[9];
		uint64_t gpa = 0x100000;

		for (uint32_t i = 0; i < 8; i++) {
			bool data = next(&seed) & 1;
			uint64_t pages = 1 + next(&seed) % 5;

			s[i].data_offset = data ? (uint32_t)(next(&seed) % 0x8000) : 0;
			s[i].raw_size = data ? (uint32_t)(1 + next(&seed) % (pages * PAGE)) : 0;
			s[i].gpa = gpa;
			s[i].size = pages * PAGE;
			s[i].type = data ? TDVF_CFV : TDVF_TEMP_MEM;
			s[i].attributes = data ? next(&seed) & TDVF_ATTR_MR_EXTEND : 0;
			gpa += (pages + next(&seed) % 600) * PAGE;
		}
		s[8] = (struct tdvf_section){ 0xf000, PAGE,	0xfffff000,
					      PAGE,   TDVF_BFV, TDVF_ATTR_MR_EXTEND };
		make_image(s, 9, seed);
		compare();
	}
}

static void refusals(void **state)
{
	static const struct tdvf_section huge[] = {
		{ 0x8000, 0x8000, 0xffff8000, 0x8000, TDVF_BFV, TDVF_ATTR_MR_EXTEND },
		{ 0, 0, 0x40000000, 0xc0000000ull - 0x8000, TDVF_TEMP_MEM, 0 },
	};
	struct vmm_error err = { .text = "" };
	uint8_t mrtd[VMM_ORDERS][VMM_MRTD_SIZE];

	(void)state;
	make_image(huge, 2, 4);
	assert_int_equal(measure(image, sizeof(image), mrtd, &err), -1);
	assert_true(err.text[0]);
	err.text[0] = 0;
	assert_int_equal(measure(image, 10, mrtd, &err), -1);
	assert_true(err.text[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_of_section),
		cmocka_unit_test(zero_payload_and_measured_variables),
		cmocka_unit_test(random_layouts),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
