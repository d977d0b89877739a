// SPDX-License-Identifier: MIT
/*
 * MRTD as it is predicted, against that of TDs built leaf by leaf in the software module: on images
 * made here with sections of every type, in both page orders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attest/mrtd.h"
#include "formats/bytes.h"
#include "tdx/structures.h"
#include "vmm/load.h"

#define IMAGE_SIZE 0x10000u
#define DESCRIPTOR 0x100u
#define PAGE	   0x1000u

static uint8_t image[IMAGE_SIZE];
static struct vmm_image tdvf;

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

/* The machine on which TDs are built. */
static struct seamless_machine *machine;
static struct vmm_host host;

static void need(int result, const struct vmm_error *err)
{
	if (result)
		fail_msg("%s", err->text);
}

static void add_all(struct vmm_td *td, const struct image_section *s, struct vmm_error *err)
{
	uint8_t room[VMM_4K];

	for (uint64_t gpa = s->range.base; gpa < range_end(s->range); gpa += PAGE)
		need(td_add_page(td, gpa, s->page(&tdvf, gpa, room), err), err);
}

/* As a VMM does that adds all pages of a section first. */
static void load_two_pass(struct vmm_td *td, struct vmm_error *err)
{
	for (size_t i = 0; i < tdvf.count; i++) {
		const struct image_section *s = &tdvf.section[i];

		add_all(td, s, err);
		for (uint64_t at = 0; s->extend && at < s->range.size; at += PAGE)
			need(td_extend_page(td, s->range.base + at, err), err);
	}
}

static void load(struct vmm_td *td, enum mrtd_order order, struct vmm_error *err)
{
	_Atomic int stop = 0;
	uint64_t pages;

	if (order == MRTD_SINGLE)
		need(load_image(td, &tdvf, &stop, &pages, err), err);
	else
		load_two_pass(td, err);
}

/* The MRTD of a TD with this image; TDH.MR.FINALIZE wants a vCPU. */
static void build(enum mrtd_order order, uint8_t mrtd[TD_MRTD_SIZE])
{
	const struct td_config config = { .attributes = TDX_TD_ATTRIBUTES_SEPT_VE_DISABLE_MASK,
					  .xfam = TDX_XFAM_X87_MASK | TDX_XFAM_SSE_MASK,
					  .max_vcpus = 1 };
	struct vmm_error err;
	struct vmm_td td;
	uint64_t freed;

	need(host_enter_lp(&host, 0, &err), &err);
	need(td_create(&td, &host, &config, &err), &err);
	load(&td, order, &err);
	need(td_add_vcpu(&td, 0, &err), &err);
	need(td_finalize(&td, mrtd, &err), &err);
	host_leave_lp(&host);
	need(td_destroy(&td, &freed, &err), &err);
}

static void compare(void)
{
	static const bool both[MRTD_ORDERS] = { true, true };
	uint8_t want[TD_MRTD_SIZE], alone[MRTD_SIZE], got[MRTD_ORDERS][MRTD_SIZE];
	struct vmm_error err;

	need(image_from_tdvf(&tdvf, image, sizeof(image), 0, &err), &err);
	assert_true(mrtd_predict_orders(&tdvf, both, got));
	for (enum mrtd_order order = MRTD_SINGLE; order < MRTD_ORDERS; order++) {
		build(order, want);
		assert_memory_equal(got[order], want, sizeof(want));
		assert_true(mrtd_predict(&tdvf, order, alone));
		assert_memory_equal(alone, want, sizeof(want));
	}
	image_free(&tdvf);
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
	for (int round = 0; round < 12; round++) {
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

static int open_machine(void **state)
{
	struct vmm_error err;
	char why[256];

	(void)state;
	machine = seamless_create(NULL, why, sizeof(why));
	if (!machine)
		fail_msg("%s", why);
	need(host_open(&host, machine, &err), &err);
	return 0;
}

static int close_machine(void **state)
{
	(void)state;
	host_close(&host);
	seamless_destroy(machine);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_of_section),
		cmocka_unit_test(zero_payload_and_measured_variables),
		cmocka_unit_test(random_layouts),
	};

	return cmocka_run_group_tests(tests, open_machine, close_machine);
}
