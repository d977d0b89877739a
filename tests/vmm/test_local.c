// SPDX-License-Identifier: MIT
/*
 * Local attestation between two TDs of one machine: what one reports, the other verifies by
 * TDG.MR.VERIFYREPORT; not what was changed on the way, nor what another machine's module made.
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
#include "local.h"
#include "tdx/status.h"
#include "vmm/vm.h"

#define MIB 0x100000ull

struct box {
	struct seamless_machine *machine;
	struct vmm_host host;
};

struct td {
	uint8_t *file;
	size_t size;
	char console[2048];
	size_t printed;
	uint8_t report_mac[LOCAL_SIZE];
	struct vmm_image image;
	struct vmm_vm vm;
};

/* The default platform with another seed for its random numbers, its keys among them. */
static void open_box(struct box *box, char seed)
{
	struct seamless_config config = { .name = "test", .guest = SEAMLESS_GUEST_INTERPRETED };
	const char *built_in = seamless_platform_text("default", &config.len);
	char *text = malloc(config.len + 1), *line;
	struct vmm_error err;
	char why[256];

	assert_non_null(text);
	memcpy(text, built_in, config.len);
	text[config.len] = 0;
	line = strstr(text, "\nseed 1\n");
	assert_non_null(line);
	line[6] = seed;
	config.text = text;
	box->machine = seamless_create(&config, why, sizeof(why));
	if (!box->machine || host_open(&box->host, box->machine, &err))
		fail_msg("no machine: %s", why);
	free(text);
}

static void close_box(struct box *box)
{
	host_close(&box->host);
	seamless_destroy(box->machine);
}

static void collect(void *opaque, uint8_t byte)
{
	struct td *td = opaque;

	if (td->printed < sizeof(td->console) - 1)
		td->console[td->printed++] = (char)byte;
}

/* Puts a report where the guest looks for one. */
static void hand(struct td *td, const uint8_t report_mac[LOCAL_SIZE])
{
	uint8_t *mark = memmem(td->file, td->size, LOCAL_MARK, sizeof(LOCAL_MARK));

	assert_non_null(mark);
	memcpy(mark + sizeof(LOCAL_MARK), report_mac, LOCAL_SIZE);
}

static void take_report(struct td *td)
{
	const char *hex = strstr(td->console, "REPORT ");

	assert_non_null(hex);
	for (size_t i = 0; i < LOCAL_SIZE; i++) {
		unsigned byte;

		assert_int_equal(sscanf(hex + 7 + 2 * i, "%2x", &byte), 1);
		td->report_mac[i] = (uint8_t)byte;
	}
}

/* Builds and runs a TD, which stays built. */
static struct td *run(struct box *box, const uint8_t *report_mac)
{
	struct td *td = calloc(1, sizeof(*td));
	const struct vm_config config = { .vcpus = 1, .console = collect, .console_opaque = td };
	struct vmm_error err;

	assert_non_null(td);
	td->file = read_whole(TEST_GUEST, &td->size);
	assert_non_null(td->file);
	if (report_mac)
		hand(td, report_mac);
	assert_int_equal(image_from_elf(&td->image, td->file, td->size, 64 * MIB, &err), 0);
	vm_init(&td->vm, &box->host, &td->image, &config);
	assert_int_equal(host_enter_lp(&box->host, 0, &err), 0);
	assert_int_equal(vm_build(&td->vm, &err), 0);
	host_leave_lp(&box->host);
	assert_int_equal(vm_run(&td->vm), VM_HALTED);
	assert_non_null(strstr(td->console, "END"));
	take_report(td);
	return td;
}

static void end(struct td *td)
{
	struct vmm_error err;
	uint64_t freed;

	assert_int_equal(vm_destroy(&td->vm, &freed, &err), 0);
	image_free(&td->image);
	free(td->file);
	free(td);
}

/* What a second TD of this machine finds. */
static uint64_t verdict(struct box *box, const uint8_t report_mac[LOCAL_SIZE])
{
	struct td *td = run(box, report_mac);
	const char *said = strstr(td->console, "VERIFYREPORT ");
	uint64_t status;

	assert_non_null(said);
	status = strtoull(said + strlen("VERIFYREPORT "), NULL, 16);
	end(td);
	return status;
}

static void between_two_tds(void **state)
{
	struct box box;
	struct td *first;

	(void)state;
	open_box(&box, '1');
	first = run(&box, NULL);
	assert_null(strstr(first->console, "VERIFYREPORT"));
	assert_int_equal(verdict(&box, first->report_mac), TDX_SUCCESS);
	end(first);
	close_box(&box);
}

/* Every part that the MAC covers, and the MAC. */
static void a_forged_report(void **state)
{
	static const size_t places[] = { 0, 16, 32, 80, 128, 200, 224, 255 };
	struct box box;
	struct td *first;

	(void)state;
	open_box(&box, '1');
	first = run(&box, NULL);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint64_t status;

		first->report_mac[places[i]] ^= 4;
		status = verdict(&box, first->report_mac);
		if (status != TDX_INVALID_REPORTMACSTRUCT && status != TDX_INVALID_CPUSVN)
			fail_msg("byte %zu changed: 0x%llx", places[i], (unsigned long long)status);
		first->report_mac[places[i]] ^= 4;
	}
	assert_int_equal(verdict(&box, first->report_mac), TDX_SUCCESS);
	end(first);
	close_box(&box);
}

static void a_report_from_another_machine(void **state)
{
	struct box here, there;
	struct td *first;

	(void)state;
	open_box(&here, '1');
	open_box(&there, '2');
	first = run(&there, NULL);
	assert_int_equal(verdict(&here, first->report_mac), TDX_INVALID_REPORTMACSTRUCT);
	end(first);
	close_box(&there);
	close_box(&here);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(between_two_tds),
		cmocka_unit_test(a_forged_report),
		cmocka_unit_test(a_report_from_another_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
