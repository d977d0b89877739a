// SPDX-License-Identifier: MIT
/*
 * The shared EPT: what is mapped can be read and written across pages, what is not can't, MMIO is
 * neither, and all memory comes back. With both GPA widths.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vmm/shared.h"

struct fixture {
	struct seamless_machine *machine;
	struct vmm_host host;
	struct vmm_shared shared;
	uint64_t free_frames;
};

static int setup(void **state, unsigned gpaw)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct vmm_range memory = { 0x1000000, 0x1000000 };
	struct vmm_error err;

	*state = f;
	if (!f)
		return -1;
	f->machine = seamless_create(NULL, NULL, 0);
	f->host.machine = f->machine;
	if (!f->machine || !vmm_frames_init(&f->host.frames, &memory, 1))
		return -1;
	f->free_frames = vmm_frames_count(&f->host.frames, FRAME_FREE);
	return shared_init(&f->shared, &f->host, gpaw, &err);
}

static int setup_48(void **state)
{
	return setup(state, 48);
}

static int setup_52(void **state)
{
	return setup(state, 52);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	shared_free(&f->shared);
	assert_int_equal(vmm_frames_count(&f->host.frames, FRAME_FREE), f->free_frames);
	vmm_frames_free_all(&f->host.frames);
	seamless_destroy(f->machine);
	free(f);
	return 0;
}

static void mapped_pages_hold_data(void **state)
{
	struct fixture *f = *state;
	const uint64_t gpa = f->shared.bit | 0x40000ffc;
	uint8_t data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, back[8];

	assert_int_equal(shared_write(&f->shared, gpa, data, 8), -1);
	assert_int_equal(shared_map(&f->shared, gpa & ~0xfffull, NULL), 0);
	assert_int_equal(shared_write(&f->shared, gpa, data, 8), -1);
	assert_int_equal(shared_map(&f->shared, (gpa & ~0xfffull) + VMM_4K, NULL), 0);
	assert_int_equal(shared_read(&f->shared, gpa, back, 8), 0);
	assert_int_equal(shared_write(&f->shared, gpa, data, 8), 0);
	assert_int_equal(shared_map(&f->shared, gpa & ~0xfffull, NULL), 0); /* keeps the page */
	assert_int_equal(shared_read(&f->shared, gpa, back, 8), 0);
	assert_memory_equal(data, back, 8);
}

static void unmapped_pages_come_back_zeroed(void **state)
{
	struct fixture *f = *state;
	uint32_t value = 0x12345678;

	assert_int_equal(shared_map(&f->shared, f->shared.bit, NULL), 0);
	assert_int_equal(shared_write(&f->shared, f->shared.bit, &value, 4), 0);
	shared_unmap(&f->shared, f->shared.bit);
	shared_unmap(&f->shared, f->shared.bit);
	shared_unmap(&f->shared, f->shared.bit | 0x7f0000000000);
	assert_int_equal(shared_read(&f->shared, f->shared.bit, &value, 4), -1);
	assert_int_equal(shared_map(&f->shared, f->shared.bit, NULL), 0);
	assert_int_equal(shared_read(&f->shared, f->shared.bit, &value, 4), 0);
	assert_int_equal(value, 0);
}

static void mmio_is_not_memory(void **state)
{
	struct fixture *f = *state;
	uint32_t value;

	assert_int_equal(shared_map_mmio(&f->shared, f->shared.bit | 0xfed00000, NULL), 0);
	assert_int_equal(shared_read(&f->shared, f->shared.bit | 0xfed00000, &value, 4), -1);
}

static void without_memory_nothing_is_lost(void **state)
{
	struct fixture *f = *state;
	struct vmm_error err;

	for (uint64_t n = 0; n < f->shared.levels; n++) {
		f->host.frames.fail_after = n;
		assert_int_equal(
			shared_map(&f->shared, f->shared.bit + n * (f->shared.bit / 8), &err), -1);
		assert_non_null(strstr(err.text, "no host page"));
	}
	f->host.frames.fail_after = UINT64_MAX;
	assert_int_equal(shared_map(&f->shared, f->shared.bit + f->shared.bit / 2, &err), 0);
}

#define WITH_BOTH(test)                                                                            \
	cmocka_unit_test_setup_teardown(test, setup_48, teardown),                                 \
		cmocka_unit_test_setup_teardown(test, setup_52, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOTH(mapped_pages_hold_data),
		WITH_BOTH(unmapped_pages_come_back_zeroed),
		WITH_BOTH(mmio_is_not_memory),
		WITH_BOTH(without_memory_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
