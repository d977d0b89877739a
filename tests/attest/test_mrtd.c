// SPDX-License-Identifier: MIT
/*
 * The known MRTDs of tests/data/images/known_mrtd.json, as `seamless measure` computes them. Images
 * are found by their SHA-256: the synthetic ones must all be there, a firmware that a distribution
 * installs is compared when it is the known build.
 */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../test_file.h"
#include "attest/digest.h"
#include "attest/mrtd.h"

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
	static const char *const names[MRTD_ORDERS] = { "single", "two-pass" };
	static const bool both[MRTD_ORDERS] = { true, true };
	uint8_t mrtd[MRTD_ORDERS][MRTD_SIZE];
	struct vmm_image tdvf;
	struct vmm_error err;
	char hex[97];

	if (image_from_tdvf(&tdvf, image, size, 0, &err))
		fail_msg("%s", err.text);
	assert_true(mrtd_predict_orders(&tdvf, both, mrtd));
	for (int i = 0; i < MRTD_ORDERS; i++)
		assert_string_equal(hex_of(mrtd[i], MRTD_SIZE, hex),
				    json_string_value(json_object_get(entry, names[i])));
	image_free(&tdvf);
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
