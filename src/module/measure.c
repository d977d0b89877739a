// SPDX-License-Identifier: MIT
/*
 * MRTD: a SHA-384 over records of 128 bytes and page contents, kept between calls as plain bytes in a page of the TDCS.
 */
#include "module/measure.h"
#include "module/keyid.h"
#include "module/state.h"
#include "platform/crypto.h"

#include <string.h>

#define MRTD_RECORD 128u
#define WAITING_MAX (30 * MRTD_RECORD)

/* What was measured waits until there is enough of it: SHA-384 is faster over many blocks in a row. */
struct mrtd {
	struct sha384 hash;
	uint64_t waiting; /* bytes */
	uint8_t text[WAITING_MAX];
};

_Static_assert(sizeof(struct mrtd) <= PAGE_BYTES, "the measurement fits its page");

static inline struct mrtd *mrtd_of(const struct module *m, const struct td *td)
{
	struct mrtd *t = td_page(m, td, TDCS_PAGE_MRTD);

	if (t->waiting > WAITING_MAX)
		machine_check_at(keyid_strip(m, td->tdr->tdcx_pa[TDCS_PAGE_MRTD]));
	return t;
}

static void hash_waiting(struct mrtd *t)
{
	sha384_add(&t->hash, t->text, t->waiting);
	t->waiting = 0;
}

void mrtd_init(const struct module *m, const struct td *td)
{
	struct mrtd *t = mrtd_of(m, td);

	t->waiting = 0;
	sha384_start(&t->hash);
}

void mrtd_extend(const struct module *m, const struct td *td, const char name[MRTD_NAME], uint64_t gpa,
		 const uint8_t *chunk)
{
	struct mrtd *t = mrtd_of(m, td);
	uint8_t *record;

	if (t->waiting + MRTD_RECORD + MRTD_CHUNK > WAITING_MAX)
		hash_waiting(t);
	record = t->text + t->waiting;
	memcpy(record, name, MRTD_NAME);
	memcpy(record + MRTD_NAME, &gpa, sizeof(gpa));
	/* in pieces that a compiler makes a few moves of */
	memset(record + MRTD_NAME + sizeof(gpa), 0, MEM_LINE - MRTD_NAME - sizeof(gpa));
	memset(record + MEM_LINE, 0, MEM_LINE);
	record += MRTD_RECORD;
	if (chunk) {
#pragma GCC unroll 4
		for (unsigned i = 0; i < MRTD_CHUNK; i += MEM_LINE)
			memcpy(record + i, chunk + i, MEM_LINE);
		record += MRTD_CHUNK;
	}
	t->waiting = record - t->text;
}

void mrtd_final(const struct module *m, const struct td *td)
{
	struct mrtd *t = mrtd_of(m, td);

	hash_waiting(t);
	sha384_value(&t->hash, td->tdcs->mrtd);
}
