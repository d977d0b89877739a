// SPDX-License-Identifier: MIT
/*
 * The known MRTDs of tests/data/images/known_mrtd.json, reproduced by the reference from the
 * sections that the TDVF parser gives. Images are found by their SHA-256: the synthetic ones must
 * all be there, a firmware that a distribution installs is compared when it is the known build.
 */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../formats/test_data.h"
#include "attest/digest.h"
#include "mrtd_reference.h"

static json_t *known;

static int load(void **state)
{
	(void)state;
	known = json_load_file(TEST_IMAGES "/known_mrtd.json", 0, NULL);
	return json_is_array(json_object_get(known, "images")) ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	json_decref(known);
	return 0;
}

static const json_t *find(const uint8_t *image, size_t size)
{
	const json_t *images = json_object_get(known, "images");
	uint8_t hash[32];
	char hex[65];

	assert_true(digest_sha256(image, size, hash));
	hex_of(hash, sizeof(hash), hex);
	for (size_t i = 0; i < json_array_size(images); i++) {
		const json_t *entry = json_array_get(images, i);

		if (!strcmp(json_string_value(json_object_get(entry, "sha256")), hex))
			return entry;
	}
	return NULL;
}

static void compare(const uint8_t *image, size_t size, const json_t *entry)
{
	struct format_error err;
	uint8_t mrtd[48];
	struct tdvf tdvf;
	char hex[97];

	if (tdvf_parse(&tdvf, image, size, &err))
		fail_msg("%s", err.text);
	assert_true(mrtd_reference(&tdvf, false, mrtd));
	assert_string_equal(hex_of(mrtd, 48, hex),
			    json_string_value(json_object_get(entry, "single")));
	assert_true(mrtd_reference(&tdvf, true, mrtd));
	assert_string_equal(hex_of(mrtd, 48, hex),
			    json_string_value(json_object_get(entry, "two-pass")));
}

static void synthetic_images(void **state)
{
	static const char *const names[] = { "synth_bfv1.fd", "synth_bfv4.fd", "synth_bfv_cfv.fd",
					     "synth_full.fd", "synth_two_ext.fd" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t size;
		uint8_t *image = read_in(TEST_IMAGES, names[i], &size);
		const json_t *entry;

		assert_non_null(image);
		entry = find(image, size);
		if (!entry)
			fail_msg("%s is not a known image", names[i]);
		compare(image, size, entry);
		free(image);
	}
}

static void installed_firmware(void **state)
{
	size_t size;
	uint8_t *image = read_whole("/usr/share/ovmf/OVMF.fd", &size);
	const json_t *entry = image ? find(image, size) : NULL;

	(void)state;
	if (!entry) {
		print_message("OVMF.fd: %s: skipped\n", image ? "another build" : "not there");
		free(image);
		skip();
	}
	compare(image, size, entry);
	free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(synthetic_images),
		cmocka_unit_test(installed_firmware),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
