// SPDX-License-Identifier: MIT
/*
 * MRTD from first principles: SHA-384 over a record for each page added and, where a section is
 * measured, over a record and the bytes of each 256 bytes of it.
 */
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "attest/mrtd.h"
#include "formats/bytes.h"

#define RECORD	   128u
#define RECORD_GPA 16u
#define CHUNK	   256u

/* Of a page: its TDH.MEM.PAGE.ADD and all its TDH.MR.EXTEND. */
#define PAGE_TEXT (RECORD + VMM_4K / CHUNK * (RECORD + CHUNK))

/* What is measured waits until there is a page of it: SHA-384 is faster over many blocks in a row.
 */
struct mrtd {
	const struct vmm_image *image;
	enum mrtd_order order;
	EVP_MD_CTX *hash;
	size_t waiting; /* bytes */
	uint8_t text[PAGE_TEXT];
	bool good;
};

static void hash_waiting(struct mrtd *m)
{
	m->good = m->good && EVP_DigestUpdate(m->hash, m->text, m->waiting) == 1;
	m->waiting = 0;
}

/* Room for `size` bytes more. */
static uint8_t *room(struct mrtd *m, size_t size)
{
	uint8_t *at;

	if (m->waiting + size > sizeof(m->text))
		hash_waiting(m);
	at = m->text + m->waiting;
	m->waiting += size;
	return at;
}

/* The record that stands for a call: its name at 0, the GPA at 16. */
static void put_record(uint8_t *record, const char *name, uint64_t gpa)
{
	memset(record, 0, RECORD);
	memcpy(record, name, strlen(name));
	put_le64(record + RECORD_GPA, gpa);
}

static void add_page(struct mrtd *m, uint64_t gpa)
{
	put_record(room(m, RECORD), "MEM.PAGE.ADD", gpa);
}

static void extend_page(struct mrtd *m, const struct image_section *s, uint64_t gpa)
{
	uint8_t room_for_page[VMM_4K], *text;
	const uint8_t *page = s->page(m->image, gpa, room_for_page);

	for (unsigned i = 0; i < VMM_4K; i += CHUNK) {
		text = room(m, RECORD + CHUNK);
		put_record(text, "MR.EXTEND", gpa + i);
		memcpy(text + RECORD, page + i, CHUNK);
	}
}

static void measure_section(struct mrtd *m, const struct image_section *s)
{
	bool at_once = s->extend && m->order == MRTD_SINGLE;
	bool after = s->extend && m->order == MRTD_TWO_PASS;

	for (uint64_t gpa = s->range.base; gpa < range_end(s->range); gpa += VMM_4K) {
		add_page(m, gpa);
		if (at_once)
			extend_page(m, s, gpa);
	}
	for (uint64_t gpa = s->range.base; after && gpa < range_end(s->range); gpa += VMM_4K)
		extend_page(m, s, gpa);
}

bool mrtd_predict(const struct vmm_image *image, enum mrtd_order order, uint8_t mrtd[MRTD_SIZE])
{
	struct mrtd m = { .image = image, .order = order, .hash = EVP_MD_CTX_new() };

	m.good = m.hash && EVP_DigestInit_ex(m.hash, EVP_sha384(), NULL) == 1;
	for (size_t i = 0; i < image->count && m.good; i++)
		measure_section(&m, &image->section[i]);
	hash_waiting(&m);
	m.good = m.good && EVP_DigestFinal_ex(m.hash, mrtd, NULL) == 1;
	EVP_MD_CTX_free(m.hash);
	return m.good;
}

/* An order on a thread of its own. */
struct prediction {
	const struct vmm_image *image;
	enum mrtd_order order;
	uint8_t *mrtd;
	bool good, started;
	pthread_t thread;
};

static void *predict(void *opaque)
{
	struct prediction *p = opaque;

	p->good = mrtd_predict(p->image, p->order, p->mrtd);
	return NULL;
}

/* A thread that could not be made is no failure: the caller does its work. */
static bool finish(struct prediction *p)
{
	if (p->started)
		pthread_join(p->thread, NULL);
	else
		predict(p);
	return p->good;
}

bool mrtd_predict_orders(const struct vmm_image *image, const bool wanted[MRTD_ORDERS],
			 uint8_t mrtd[MRTD_ORDERS][MRTD_SIZE])
{
	struct prediction all[MRTD_ORDERS];
	size_t count = 0;
	bool good = true;

	for (int i = 0; i < MRTD_ORDERS; i++) {
		if (wanted[i])
			all[count++] = (struct prediction){ .image = image,
							    .order = (enum mrtd_order)i,
							    .mrtd = mrtd[i] };
	}
	for (size_t i = 1; i < count; i++)
		all[i].started = !pthread_create(&all[i].thread, NULL, predict, &all[i]);
	for (size_t i = 0; i < count; i++)
		good &= finish(&all[i]);
	return good;
}
