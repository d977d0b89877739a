// SPDX-License-Identifier: MIT
/*
 * A migration session between two TDs of one machine. The keys are put where a migration TD would
 * have written them.
 */
#include "migration.h"

#include <string.h>

#include "gen/leaves.h"
#include "lib/machine_impl.h"
#include "module/state.h"

#define TDCS_PAGES 6u
#define STREAMS	   2u
#define LIST_PAGES 6u
#define MBMD_ROOM  (48ull << 52)
#define LAST(n)	   ((uint64_t)(n) << 55)

static uint64_t page(unsigned n)
{
	return PAGES_BASE + n * 4096ull;
}

static void create_target(void)
{
	bring_up_call(LEAF_TDH_MNG_CREATE, TARGET_TDR, FIRST_HKID + 2, 0, 0);
	bring_up_call(LEAF_TDH_MNG_KEY_CONFIG, TARGET_TDR, 0, 0, 0);
	for (unsigned i = 0; i < TDCS_PAGES; i++)
		bring_up_call(LEAF_TDH_MNG_ADDCX, page(41 + i), TARGET_TDR, 0, 0);
}

static void create_streams(void)
{
	for (unsigned i = 0; i < STREAMS; i++) {
		bring_up_call(LEAF_TDH_MIG_STREAM_CREATE, page(32 + i), TDR, 0, 0);
		bring_up_call(LEAF_TDH_MIG_STREAM_CREATE, page(48 + i), TARGET_TDR, 0, 0);
	}
}

static void exchange_keys(struct seamless_machine *m)
{
	struct td source, target;

	td_load(m->module, TDR, &source);
	td_load(m->module, TARGET_TDR, &target);
	memset(source.tdcs->mig_enc_key, 1, sizeof(source.tdcs->mig_enc_key));
	memset(target.tdcs->mig_enc_key, 2, sizeof(target.tdcs->mig_enc_key));
	memcpy(target.tdcs->mig_dec_key, source.tdcs->mig_enc_key,
	       sizeof(target.tdcs->mig_dec_key));
	memcpy(source.tdcs->mig_dec_key, target.tdcs->mig_enc_key,
	       sizeof(source.tdcs->mig_dec_key));
	source.tdcs->mig_dec_key_set = 1;
	target.tdcs->mig_dec_key_set = 1;
}

static void write_lists(struct seamless_machine *m)
{
	uint64_t pages[LIST_PAGES], gpas[4], buffers[4], fresh[4];

	for (unsigned i = 0; i < LIST_PAGES; i++)
		pages[i] = SHARED_BASE + (18 + i) * 4096ull;
	for (unsigned i = 0; i < 4; i++) {
		gpas[i] = (GPA_PAGE + i * 4096) | 1ull << 52;
		buffers[i] = SHARED_BASE + (28 + i) * 4096ull;
		fresh[i] = page(56 + i);
	}
	seamless_write(m, MIG_PAGES, pages, sizeof(pages));
	seamless_write(m, MIG_GPAS, gpas, sizeof(gpas));
	seamless_write(m, MIG_BUFFERS, buffers, sizeof(buffers));
	seamless_write(m, MIG_NEW, fresh, sizeof(fresh));
}

void migration_begin(struct seamless_machine *m)
{
	create_target();
	create_streams();
	exchange_keys(m);
	write_lists(m);
	bring_up_call(LEAF_TDH_EXPORT_STATE_IMMUTABLE, TDR, 0, MIG_MBMD | MBMD_ROOM,
		      MIG_PAGES | LAST(LIST_PAGES - 1));
	bring_up_call(LEAF_TDH_IMPORT_STATE_IMMUTABLE, TARGET_TDR, 0, MIG_MBMD | MBMD_ROOM,
		      MIG_PAGES | LAST(1));
	for (unsigned level = 3; level > 0; level--)
		bring_up_call(LEAF_TDH_MEM_SEPT_ADD, level, TARGET_TDR, page(50 + level), 0);
}
