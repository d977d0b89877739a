// SPDX-License-Identifier: MIT
/*
 * The host's view of memory: plaintext where shared, ciphertext where private, destroying writes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "platform/memory.h"

#define SIZE (1ull << 30)
#define PAGE 0x3000u

static int setup(void **state)
{
	static struct memory m;

	*state = &m;
	return mem_init(&m, SIZE, true, false, 42) ? 0 : -1;
}

static int teardown(void **state)
{
	mem_fini(*state);
	return 0;
}

static void make_private(struct memory *m)
{
	memset(mem_ptr(m, PAGE, MEM_PAGE), 0x11, MEM_PAGE);
	mem_key_set(m, PAGE, MEM_PAGE, 33);
}

static void ranges_are_checked(void **state)
{
	struct memory *m = *state;
	uint8_t byte = 1;

	assert_non_null(mem_ptr(m, SIZE - 1, 1));
	assert_null(mem_ptr(m, SIZE - 1, 2));
	assert_null(mem_ptr(m, SIZE, 1));
	assert_null(mem_ptr(m, UINT64_MAX, 2));
	assert_null(mem_ptr(m, 1, UINT64_MAX));
	assert_false(mem_host_read(m, SIZE, &byte, 1));
	assert_false(mem_host_write(m, 0, UINT64_MAX, &byte, 1));
	assert_false(mem_host_fill(m, 0, 0, SIZE + 1, 1));
	assert_null(mem_shared_ptr(m, 0, SIZE - 1, 2));
	assert_int_equal(*(uint8_t *)mem_ptr(m, 0, 1), 0);
}

/* Zeros over much memory: what was written before is gone, what was never touched stays unmade. */
static void large_zeros(void **state)
{
	const uint64_t large = 2ull << 20;
	struct memory *m = *state;
	uint8_t byte = 7;

	assert_true(mem_host_write(m, 0, 3 * large + 0x1234, &byte, 1));
	assert_true(mem_host_write(m, 0, 4 * large - 1, &byte, 1));
	assert_true(mem_host_write(m, 0, 4 * large + 0x1000, &byte, 1));
	assert_true(mem_host_fill(m, 0, large, 3 * large + 1, 0));
	for (uint64_t pa = large; pa < 4 * large + 1; pa += 0x1000)
		assert_int_equal(*(uint8_t *)mem_ptr(m, pa, 1), 0);
	assert_int_equal(*(uint8_t *)mem_ptr(m, 3 * large + 0x1234, 1), 0);
	assert_int_equal(*(uint8_t *)mem_ptr(m, 4 * large - 1, 1), 0);
	assert_int_equal(*(uint8_t *)mem_ptr(m, 4 * large + 0x1000, 1), 7);
}

static void lines_are_zeroed(void **state)
{
	uint8_t *at = mem_ptr(*state, PAGE, 2 * MEM_PAGE), zero[MEM_PAGE] = { 0 };

	memset(at, 0x11, 2 * MEM_PAGE);
	mem_zero_lines(at + MEM_LINE, MEM_PAGE);
	mem_zeroed_lines();
	assert_memory_equal(at + MEM_LINE, zero, MEM_PAGE);
	assert_true(at[MEM_LINE - 1] == 0x11 && at[MEM_LINE + MEM_PAGE] == 0x11);
}

static void shared_memory_is_plain(void **state)
{
	struct memory *m = *state;
	char back[6];
	uint64_t hash;

	assert_true(mem_host_write(m, 0, 0xffe, "hello", 6));
	assert_true(mem_host_read(m, 0xffe, back, 6));
	assert_string_equal(back, "hello");
	assert_true(mem_host_hash(m, 0xffe, 5, &hash));
	assert_int_equal(hash, 0xa430d84680aabd0bull); /* FNV-1a of "hello" */
	assert_ptr_equal(mem_shared_in(m, 0xffe, 6, back), mem_ptr(m, 0xffe, 6));
}

static void private_reads_are_ciphertext(void **state)
{
	struct memory *m = *state;
	uint8_t all[MEM_PAGE], part[16];
	unsigned same = 0;

	make_private(m);
	assert_true(mem_host_read(m, PAGE, all, MEM_PAGE));
	for (unsigned i = 0; i < MEM_PAGE; i++)
		same += all[i] == 0x11;
	assert_true(same < MEM_PAGE / 64);
	assert_true(mem_host_read(m, PAGE + 5, part, sizeof(part)));
	assert_memory_equal(part, all + 5, sizeof(part));
	assert_memory_not_equal(all, all + 16, 16);
	assert_ptr_equal(mem_shared_in(m, PAGE + 5, 16, part), part);
	assert_int_equal(mem_key(m, PAGE), 33);
}

static void ciphertext_depends_on_the_key(void **state)
{
	struct memory *m = *state;
	uint8_t one[32], other[32];

	make_private(m);
	mem_host_read(m, PAGE, one, sizeof(one));
	mem_key_set(m, PAGE, 1, 34);
	mem_host_read(m, PAGE, other, sizeof(other));
	assert_memory_not_equal(one, other, sizeof(one));
}

static uint64_t a_clock(const void *time)
{
	return *(const uint64_t *)time;
}

static void a_host_write_destroys(void **state)
{
	const uint64_t time = 1000;
	struct memory *m = *state;
	uint8_t before[MEM_PAGE], after[MEM_PAGE];
	struct mem_event event;

	make_private(m);
	m->now = a_clock;
	m->clock = &time;
	mem_host_read(m, PAGE, before, MEM_PAGE);
	assert_false(mem_last_destroyed(m, PAGE, &event));
	assert_true(mem_key_check(m, PAGE, 33));
	assert_true(mem_host_write(m, 2, PAGE + 8, "x", 1));
	assert_false(mem_key_check(m, PAGE, 33));
	assert_true(mem_last_destroyed(m, PAGE + 100, &event));
	assert_int_equal(event.lp, 2);
	assert_int_equal(event.when, 1000);
	assert_int_equal(event.pa, PAGE + 8);
	assert_int_equal(event.hkid, 33);
	mem_host_read(m, PAGE, after, MEM_PAGE);
	before[8] = 'x';
	assert_memory_equal(before, after, MEM_PAGE);
	assert_memory_equal(mem_ptr(m, PAGE, MEM_PAGE), after, MEM_PAGE);
}

static void a_range_destroys_each_page_once(void **state)
{
	struct memory *m = *state;

	mem_key_set(m, PAGE, 3 * MEM_PAGE, 40);
	assert_true(mem_host_fill(m, 0, PAGE + 1, 2 * MEM_PAGE, 0));
	assert_int_equal(m->destroyed, 3);
	assert_true(mem_host_fill(m, 0, PAGE, 3 * MEM_PAGE, 0));
	assert_int_equal(m->destroyed, 3);
}

static bool is_first_page(const void *first, uint64_t pa)
{
	return pa / MEM_PAGE * MEM_PAGE == *(const uint64_t *)first;
}

/* Whose content nobody will miss: it is shared from now on, and that is all. */
static void a_page_that_nobody_owns_is_not_missed(void **state)
{
	const uint64_t first = PAGE;
	struct memory *m = *state;
	struct mem_event event;

	mem_key_set(m, PAGE, 2 * MEM_PAGE, 40);
	m->owned = is_first_page;
	m->owner = &first;
	assert_true(mem_host_fill(m, 0, PAGE, 2 * MEM_PAGE, 0));
	assert_int_equal(m->destroyed, 1);
	assert_true(mem_last_destroyed(m, PAGE, &event));
	assert_false(mem_last_destroyed(m, PAGE + MEM_PAGE, &event));
	assert_int_equal(mem_key(m, PAGE + MEM_PAGE), 0);
	assert_true(mem_is_destroyed(m, PAGE + MEM_PAGE));
}

static void reset_forgets(void **state)
{
	struct memory *m = *state;
	uint8_t byte;

	make_private(m);
	mem_reset(m);
	assert_int_equal(mem_key(m, PAGE), 0);
	assert_true(mem_host_read(m, PAGE, &byte, 1));
	assert_int_equal(byte, 0);
}

static void without_encryption_all_is_plain(void **state)
{
	struct memory m;
	uint8_t byte = 0;

	(void)state;
	assert_true(mem_init(&m, SIZE, false, false, 1));
	make_private(&m);
	assert_true(mem_host_read(&m, PAGE, &byte, 1));
	assert_int_equal(byte, 0x11);
	assert_true(mem_host_write(&m, 0, PAGE, "y", 1));
	assert_true(mem_key_check(&m, PAGE, 33));
	assert_int_equal(m.destroyed, 0);
	mem_fini(&m);
}

static void bad_sizes_are_refused(void **state)
{
	struct memory m;

	(void)state;
	assert_false(mem_init(&m, 0, true, false, 1));
	assert_false(mem_init(&m, 4097, true, false, 1));
	assert_false(mem_init(&m, 1ull << 60, true, false, 1));
}

#define WITH_MEMORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MEMORY(ranges_are_checked),
		WITH_MEMORY(large_zeros),
		WITH_MEMORY(lines_are_zeroed),
		WITH_MEMORY(shared_memory_is_plain),
		WITH_MEMORY(private_reads_are_ciphertext),
		WITH_MEMORY(ciphertext_depends_on_the_key),
		WITH_MEMORY(a_host_write_destroys),
		WITH_MEMORY(a_range_destroys_each_page_once),
		WITH_MEMORY(a_page_that_nobody_owns_is_not_missed),
		WITH_MEMORY(reset_forgets),
		cmocka_unit_test(without_encryption_all_is_plain),
		cmocka_unit_test(bad_sizes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
