// SPDX-License-Identifier: MIT
/*
 * The life of TDs on one machine: built, run, ended; ended at whatever point building fails; two at
 * a time. After each the host owns all of its memory again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../test_file.h"
#include "vmm/vm.h"

#define MIB 0x100000ull

struct fixture {
	struct seamless_machine *machine;
	struct vmm_host host;
	struct vmm_image image;
	uint8_t *file;
	size_t size;
	uint64_t free_frames;
	char console[8192];
	size_t printed;
	struct vmm_vm vm;
};

static void collect(void *opaque, uint8_t byte)
{
	struct fixture *f = opaque;

	if (f->printed < sizeof(f->console) - 1)
		f->console[f->printed++] = (char)byte;
	f->console[f->printed] = 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct vmm_error err;
	char why[256];

	*state = f;
	if (!f)
		return -1;
	f->file = read_whole(TEST_GUEST, &f->size);
	f->machine = seamless_create(NULL, why, sizeof(why));
	if (!f->file || !f->machine || host_open(&f->host, f->machine, &err) ||
	    image_from_elf(&f->image, f->file, f->size, 64 * MIB, &err))
		return -1;
	f->free_frames = vmm_frames_count(&f->host.frames, FRAME_FREE);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	image_free(&f->image);
	host_close(&f->host);
	seamless_destroy(f->machine);
	free(f->file);
	free(f);
	return 0;
}

static void init(struct fixture *f, struct vmm_vm *vm, unsigned vcpus)
{
	const struct vm_config config = { .vcpus = vcpus, .console = collect, .console_opaque = f };

	f->printed = 0;
	vm_init(vm, &f->host, &f->image, &config);
}

static int build(struct fixture *f, struct vmm_vm *vm, struct vmm_error *err)
{
	int result;

	assert_int_equal(host_enter_lp(&f->host, 0, err), 0);
	result = vm_build(vm, err);
	host_leave_lp(&f->host);
	return result;
}

static void end(struct fixture *f, struct vmm_vm *vm)
{
	struct vmm_error err;
	uint64_t freed;

	if (vm_destroy(vm, &freed, &err))
		fail_msg("%s", err.text);
	(void)f;
}

static void all_memory_is_back(struct fixture *f)
{
	f->host.frames.fail_after = UINT64_MAX;
	assert_int_equal(vmm_frames_count(&f->host.frames, FRAME_HOST), 0);
	assert_int_equal(vmm_frames_count(&f->host.frames, FRAME_FREE), f->free_frames);
	for (unsigned i = 1; i < f->host.hkids; i++)
		assert_false(f->host.hkid_used[i]);
}

static void lives_and_ends(void **state)
{
	struct fixture *f = *state;
	struct vmm_error err;

	init(f, &f->vm, 2);
	if (build(f, &f->vm, &err))
		fail_msg("%s", err.text);
	assert_int_equal(vm_run(&f->vm), VM_HALTED);
	assert_non_null(strstr(f->console, "PASS"));
	end(f, &f->vm);
	all_memory_is_back(f);
}

/* Building fails at the first allocation, the second, and so on until it succeeds. */
static void ends_wherever_building_fails(void **state)
{
	struct fixture *f = *state;
	uint64_t allocations = 0;
	int result;

	do {
		struct vmm_error err = { 0 };

		f->host.frames.fail_after = allocations++;
		init(f, &f->vm, 2);
		result = build(f, &f->vm, &err);
		if (result && !strstr(err.text, "no host page"))
			fail_msg("%s", err.text);
		end(f, &f->vm);
		all_memory_is_back(f);
	} while (result);
	assert_in_range(allocations, 40, 100);
}

/* The same while the guest runs and wants memory. */
static void ends_wherever_running_fails(void **state)
{
	struct fixture *f = *state;
	uint64_t allocations = 0;
	enum vm_end how;

	do {
		struct vmm_error err;

		init(f, &f->vm, 1);
		assert_int_equal(build(f, &f->vm, &err), 0);
		f->host.frames.fail_after = allocations++;
		how = vm_run(&f->vm);
		if (how != VM_HALTED)
			assert_true(how == VM_FAILED || how == VM_FATAL_ERROR);
		end(f, &f->vm);
		all_memory_is_back(f);
	} while (how != VM_HALTED);
	assert_in_range(allocations, 5, 30);
}

static void two_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct vmm_vm *other = calloc(1, sizeof(*other));
	struct vmm_error err;

	assert_non_null(other);
	init(f, other, 1);
	init(f, &f->vm, 1);
	assert_int_equal(build(f, other, &err), 0);
	assert_int_equal(build(f, &f->vm, &err), 0);
	assert_int_not_equal(other->td.hkid, f->vm.td.hkid);
	assert_memory_equal(other->mrtd, f->vm.mrtd, sizeof(other->mrtd));
	end(f, other);
	assert_int_equal(vm_run(&f->vm), VM_HALTED);
	assert_non_null(strstr(f->console, "PASS"));
	end(f, &f->vm);
	all_memory_is_back(f);
	free(other);
}

static void stopped_before_it_runs(void **state)
{
	struct fixture *f = *state;
	struct vmm_error err;

	init(f, &f->vm, 1);
	vm_stop(&f->vm, "enough");
	assert_int_equal(build(f, &f->vm, &err), -1);
	end(f, &f->vm);
	init(f, &f->vm, 1);
	assert_int_equal(build(f, &f->vm, &err), 0);
	vm_stop(&f->vm, "enough");
	assert_int_equal(vm_run(&f->vm), VM_STOPPED);
	assert_string_equal(f->vm.reason.text, "enough");
	end(f, &f->vm);
	all_memory_is_back(f);
}

static void more_vcpus_than_processors(void **state)
{
	struct fixture *f = *state;
	struct vmm_error err;

	init(f, &f->vm, f->host.lps + 1);
	assert_int_equal(build(f, &f->vm, &err), -1);
	assert_non_null(strstr(err.text, "logical processors"));
	end(f, &f->vm);
	all_memory_is_back(f);
}

/* A call that the module refuses: the error has the status, and the module's sentence about it. */
static void a_refusal_is_told_with_its_reason(void **state)
{
	struct fixture *f = *state;
	static const uint8_t page[VMM_4K];
	struct vmm_error err;

	init(f, &f->vm, 1);
	assert_int_equal(build(f, &f->vm, &err), 0);
	assert_int_equal(host_enter_lp(&f->host, 0, &err), 0);
	assert_int_equal(td_add_page(&f->vm.td, 0x100000, page, &err), -1);
	host_leave_lp(&f->host);
	assert_non_null(strstr(err.text, "TDH.MEM.PAGE.ADD"));
	assert_non_null(strstr(err.text, "OP_STATE_INCORRECT"));
	assert_true(err.status >> 32 == 0xc0000608);
	end(f, &f->vm);
	all_memory_is_back(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lives_and_ends),
		cmocka_unit_test(ends_wherever_building_fails),
		cmocka_unit_test(ends_wherever_running_fails),
		cmocka_unit_test(two_at_a_time),
		cmocka_unit_test(stopped_before_it_runs),
		cmocka_unit_test(more_vcpus_than_processors),
		cmocka_unit_test(a_refusal_is_told_with_its_reason),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
