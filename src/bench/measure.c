// SPDX-License-Identifier: MIT
/*
 * Measuring a firmware image against hashing alone: from the bytes of its file to its MRTD.
 */
#include <stdlib.h>
#include <string.h>

#include "attest/mrtd.h"
#include "bench/bench.h"
#include "bench/internal.h"
#include "formats/bytes.h"

#define PAGES	   1024u
#define IMAGE_SIZE (PAGES * (uint32_t)VMM_4K)

/* The descriptor with one section, and the pointer to it 0x20 bytes before the end. */
static void put_metadata(uint8_t *image)
{
	uint8_t *descriptor = image + IMAGE_SIZE - 0x100, *section = descriptor + 16;

	memcpy(descriptor, "TDVF", 4);
	put_le32(descriptor + 4, 16 + 32);
	put_le32(descriptor + 8, 1);
	put_le32(descriptor + 12, 1);
	put_le32(section, 0);
	put_le32(section + 4, IMAGE_SIZE);
	put_le64(section + 8, VMM_4G - IMAGE_SIZE);
	put_le64(section + 16, IMAGE_SIZE);
	put_le32(section + 24, TDVF_BFV);
	put_le32(section + 28, TDVF_ATTR_MR_EXTEND);
	put_le32(image + IMAGE_SIZE - 0x20, IMAGE_SIZE - 0x100);
}

/* All of it is one measured section. */
static uint8_t *make_image(void)
{
	uint8_t *image = malloc(IMAGE_SIZE);

	for (uint32_t i = 0; image && i < IMAGE_SIZE; i++)
		image[i] = (uint8_t)(i * 2654435761u >> 24);
	if (image)
		put_metadata(image);
	return image;
}

static int time_measure(const uint8_t *bytes, double *best, struct vmm_error *err)
{
	double start = bench_now();
	uint8_t mrtd[MRTD_SIZE];
	struct vmm_image image;
	bool good;

	if (image_from_tdvf(&image, bytes, IMAGE_SIZE, 0, err))
		return -1;
	good = mrtd_predict(&image, MRTD_SINGLE, mrtd);
	bench_keep_best(best, bench_now() - start);
	image_free(&image);
	return good ? 0 : vmm_fail(err, "libcrypto has no SHA-384");
}

int bench_measure(struct bench_measure *out, struct vmm_error *err)
{
	uint8_t *image = make_image();
	int result = image ? 0 : vmm_fail(err, "out of memory");

	*out = (struct bench_measure){ .image = IMAGE_SIZE, .hashed = PAGES * BENCH_PAGE_HASHED };
	for (unsigned i = 0; i < BENCH_ROUNDS && !result; i++)
		result = time_measure(image, &out->measure, err) ||
					 bench_hash_pages(PAGES, &out->hash, err)
				 ? -1
				 : 0;
	free(image);
	return result;
}
